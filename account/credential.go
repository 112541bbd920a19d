package account

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// Enroll gives a user a credential, replacing one of the same method and Lookup, whose
// failures are forgotten. It fills in the ID. A Lookup that is somebody else's is
// identity.ErrConflict.
func (s *Store) Enroll(ctx context.Context, c *identity.Credential) error {
	now := s.Now()
	c.ID, c.CreatedAt = identity.NewID[identity.CredentialID]("crd", now), now.UTC().Truncate(time.Microsecond) // as it is read back
	var owner identity.UserID
	_, err := s.DB.Change(ctx, []any{&c.ID, &owner}, `INSERT INTO credentials (id, user_id, method, lookup, data, label, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (method, lookup) DO UPDATE SET data = excluded.data, label = excluded.label, created_at = excluded.created_at, failures = 0
		WHERE credentials.user_id = excluded.user_id RETURNING id, user_id`,
		string(c.ID), string(c.UserID), string(c.Method), c.Lookup, filled(c.Data), c.Label, now.UnixMicro())
	if err == nil && owner != c.UserID {
		return identity.ErrConflict
	}
	return err
}

// Replace puts data into the credential if it still holds old, and reports whether it did:
// of two who replace it at once, one does. It is how a hash is strengthened at sign-in
// without undoing a password change that came in between.
func (s *Store) Replace(ctx context.Context, id identity.CredentialID, old, data []byte) (bool, error) {
	n, err := s.DB.Exec(ctx, `UPDATE credentials SET data = $1 WHERE id = $2 AND data = $3`, filled(data), string(id), filled(old))
	return n == 1, err
}

// Use is Replace for a credential that was just proved: it is the one statement by which
// what can be used once is used once, and it notes the time.
func (s *Store) Use(ctx context.Context, id identity.CredentialID, old, data []byte) (bool, error) {
	n, err := s.DB.Exec(ctx, `UPDATE credentials SET data = $1, used_at = $2 WHERE id = $3 AND data = $4`,
		filled(data), s.Now().UnixMicro(), string(id), filled(old))
	return n == 1, err
}

// Take removes a credential that is good once, and reports whether it was there: of all who
// come with it one gets it.
func (s *Store) Take(ctx context.Context, user identity.UserID, id identity.CredentialID) (bool, error) {
	n, err := s.DB.Exec(ctx, `DELETE FROM credentials WHERE id = $1 AND user_id = $2`, string(id), string(user))
	return n == 1, err
}

// TakeAll removes a user's credentials of a method and returns how many there were.
func (s *Store) TakeAll(ctx context.Context, user identity.UserID, method identity.MethodID) (int64, error) {
	return s.DB.Exec(ctx, `DELETE FROM credentials WHERE user_id = $1 AND method = $2`, string(user), string(method))
}

// Relabel changes the user's own name for a credential of theirs. One that is not theirs is
// identity.ErrNotFound.
func (s *Store) Relabel(ctx context.Context, user identity.UserID, id identity.CredentialID, label string) error {
	n, err := s.DB.Exec(ctx, `UPDATE credentials SET label = $1 WHERE id = $2 AND user_id = $3`, label, string(id), string(user))
	if err == nil && n == 0 {
		err = identity.ErrNotFound
	}
	return err
}

// Attempted counts one more failure of a user's credentials of a method, before the answer
// is judged, and reports whether so many are allowed in a row. A user who has none may
// try: there is nothing to guess.
func (s *Store) Attempted(ctx context.Context, user identity.UserID, method identity.MethodID, most int) (allowed bool, err error) {
	n, err := s.DB.Exec(ctx, `UPDATE credentials SET failures = failures + 1 WHERE user_id = $1 AND method = $2 AND failures < $3`,
		string(user), string(method), most)
	if n > 0 || err != nil {
		return n > 0, err
	}
	has, err := s.Credentials(ctx, user, method)
	return len(has) == 0, err
}

// Succeeded forgets the failures of a user's credentials of a method.
func (s *Store) Succeeded(ctx context.Context, user identity.UserID, method identity.MethodID) error {
	_, err := s.DB.Exec(ctx, `UPDATE credentials SET failures = 0 WHERE user_id = $1 AND method = $2`, string(user), string(method))
	return err
}

const credentialColumns = `SELECT id, user_id, method, lookup, data, label, created_at, used_at FROM credentials `

func scanCredential(row func(...any) error) (c identity.Credential, err error) {
	var created, used int64
	err = row(&c.ID, &c.UserID, &c.Method, &c.Lookup, &c.Data, &c.Label, &created, &used)
	c.CreatedAt = time.UnixMicro(created).UTC()
	if used != 0 {
		c.UsedAt = time.UnixMicro(used).UTC()
	}
	return c, err
}

// Credentials returns the user's credentials of a method, or of all methods if it is "".
func (s *Store) Credentials(ctx context.Context, user identity.UserID, method identity.MethodID) ([]identity.Credential, error) {
	return sqldb.All(ctx, s.DB, scanCredential, credentialColumns+`WHERE user_id = $1 AND ($2 = '' OR method = $2) ORDER BY id`, string(user), string(method))
}

// Found finds the credential of a method by its Lookup, or returns identity.ErrNotFound.
func (s *Store) Found(ctx context.Context, method identity.MethodID, lookup string) (*identity.Credential, error) {
	rows, err := sqldb.All(ctx, s.DB, scanCredential, credentialColumns+`WHERE method = $1 AND lookup = $2`, string(method), lookup)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, identity.ErrNotFound
	}
	return &rows[0], nil
}
