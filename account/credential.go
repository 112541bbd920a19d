package account

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// Enroll gives a user a credential, replacing one of the same method and Lookup. It fills
// in the ID. A Lookup that is somebody else's is identity.ErrConflict.
func (s *Store) Enroll(ctx context.Context, c *identity.Credential) error {
	now := s.Now()
	c.ID, c.CreatedAt = identity.NewID[identity.CredentialID]("crd", now), now
	var owner identity.UserID
	_, err := s.DB.Change(ctx, []any{&c.ID, &owner}, `INSERT INTO credentials (id, user_id, method, lookup, data, label, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (method, lookup) DO UPDATE SET data = excluded.data, label = excluded.label, created_at = excluded.created_at
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

// Credentials returns the user's credentials of a method, or of all methods if it is "".
func (s *Store) Credentials(ctx context.Context, user identity.UserID, method identity.MethodID) ([]identity.Credential, error) {
	return sqldb.All(ctx, s.DB, func(row func(...any) error) (c identity.Credential, err error) {
		var created, used int64
		err = row(&c.ID, &c.UserID, &c.Method, &c.Lookup, &c.Data, &c.Label, &created, &used)
		c.CreatedAt = time.UnixMicro(created).UTC()
		if used != 0 {
			c.UsedAt = time.UnixMicro(used).UTC()
		}
		return
	}, `SELECT id, user_id, method, lookup, data, label, created_at, used_at FROM credentials
		WHERE user_id = $1 AND ($2 = '' OR method = $2) ORDER BY id`, string(user), string(method))
}
