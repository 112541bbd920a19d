package account

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// Challenge hands out c: it stores c and returns the secret that must come back. The hash of
// that is what is kept.
func (s *Store) Challenge(ctx context.Context, c identity.Challenge) (token string, err error) {
	token = secret.New()
	_, err = s.insert(ctx, c, token)
	return token, err
}

// Keep is Challenge for what was handed out sealed before anything was stored. One that is
// kept already stays as it is: of two who bring it at once either may come first, and meet
// the other's ID as well as its hash.
func (s *Store) Keep(ctx context.Context, c identity.Challenge, token string) error {
	_, err := s.insert(ctx, c, token)
	return err
}

func (s *Store) insert(ctx context.Context, c identity.Challenge, token string) (int64, error) {
	now := s.Now()
	s.crowd()
	if c.ID == "" {
		c.ID = identity.NewID[identity.ChallengeID]("chl", now)
	}
	return s.DB.Exec(ctx, `INSERT INTO challenges (id, purpose, subject, user_id, hash, visit, data, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
		string(c.ID), c.Purpose, c.Subject, string(c.UserID), secret.Hash(token), filled(c.Visit), filled(c.Data),
		now.UnixMicro(), c.ExpiresAt.UnixMicro())
}

// Claim spends what was handed out without being stored and proves itself, such as the answer to
// a CAPTCHA. Of all who come with the same token, on any machine, the first passes and the others
// get identity.ErrLinkExpired, until the given time: by then the token must prove nothing any more.
func (s *Store) Claim(ctx context.Context, purpose, token string, until time.Time) error {
	n, err := s.insert(ctx, identity.Challenge{Purpose: purpose, ExpiresAt: until}, purpose+" "+token)
	if err == nil && n == 0 {
		err = identity.ErrLinkExpired
	}
	return err
}

// Sole is Challenge for what is about a user and of which only the newest may work: the ones
// before it die (RST-03). Two that are made at once come one after the other. What is about
// nobody costs the same.
func (s *Store) Sole(ctx context.Context, c identity.Challenge) (token string, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context) error {
		if err := s.Hold(ctx, c.UserID); err != nil && (c.UserID != "" || !errors.Is(err, identity.ErrNotFound)) {
			return err
		}
		if err := s.Withdraw(ctx, c.Purpose, c.Subject); err != nil {
			return err
		}
		token, err = s.Challenge(ctx, c)
		return err
	})
	return token, err
}

// filled keeps nil from becoming NULL.
func filled(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

const challengeColumns = `id, purpose, subject, user_id, visit, data, attempts, created_at, expires_at`

func challengeInto(c *identity.Challenge, created, expires *int64) []any {
	return []any{&c.ID, &c.Purpose, &c.Subject, &c.UserID, &c.Visit, &c.Data, &c.Attempts, created, expires}
}

// Outstanding finds a live challenge by what was handed out, without spending it. One that
// is over, used or was never made is identity.ErrLinkExpired.
func (s *Store) Outstanding(ctx context.Context, purpose, token string) (*identity.Challenge, error) {
	return s.challenge(func(into []any) (bool, error) {
		return s.DB.Row(ctx, into, `SELECT `+challengeColumns+` FROM challenges WHERE hash = $1 AND purpose = $2 AND expires_at > $3`,
			secret.Hash(token), purpose, s.Now().UnixMicro())
	})
}

// Spend takes a live challenge out of the world. Of all who come with the same token one
// gets it; the others get identity.ErrLinkExpired.
func (s *Store) Spend(ctx context.Context, purpose, token string) (*identity.Challenge, error) {
	return s.challenge(func(into []any) (bool, error) {
		return s.DB.Change(ctx, into, `DELETE FROM challenges WHERE hash = $1 AND purpose = $2 AND expires_at > $3 RETURNING `+challengeColumns,
			secret.Hash(token), purpose, s.Now().UnixMicro())
	})
}

// Exhaust is Spend for a challenge of which a sealed copy is abroad: were its row removed,
// the copy would be good again.
func (s *Store) Exhaust(ctx context.Context, id identity.ChallengeID) error {
	n, err := s.DB.Exec(ctx, `UPDATE challenges SET attempts = $1 WHERE id = $2 AND attempts < $1 AND expires_at > $3`,
		exhausted, string(id), s.Now().UnixMicro())
	if err == nil && n == 0 {
		err = identity.ErrLinkExpired
	}
	return err
}

const exhausted = 1 << 20

// SpendAll takes a live challenge out of the world, and with it all others about its
// subject: the newest link used makes the older ones worthless. One statement, because two
// who spend different ones would wait for each other's rows.
func (s *Store) SpendAll(ctx context.Context, purpose, token string) error {
	n, err := s.DB.Exec(ctx, `DELETE FROM challenges WHERE purpose = $1 AND subject =
		(SELECT subject FROM challenges WHERE hash = $2 AND purpose = $1 AND expires_at > $3)`,
		purpose, secret.Hash(token), s.Now().UnixMicro())
	if err == nil && n == 0 {
		err = identity.ErrLinkExpired
	}
	return err
}

// Try counts one more answer to a live challenge, of which it allows most. It decides
// before the answer is judged, so that parallel guesses are counted too.
func (s *Store) Try(ctx context.Context, purpose, token string, most int) (*identity.Challenge, error) {
	return s.challenge(func(into []any) (bool, error) {
		return s.DB.Change(ctx, into, `UPDATE challenges SET attempts = attempts + 1
			WHERE hash = $1 AND purpose = $2 AND expires_at > $3 AND attempts < $4 RETURNING `+challengeColumns,
			secret.Hash(token), purpose, s.Now().UnixMicro(), most)
	})
}

// TryNewest is Try for the newest live challenge about a subject, for whoever answers
// without what was handed out: somebody signed in, who is setting something up.
func (s *Store) TryNewest(ctx context.Context, purpose, subject string, most int) (*identity.Challenge, error) {
	return s.challenge(func(into []any) (bool, error) {
		return s.DB.Change(ctx, into, `UPDATE challenges SET attempts = attempts + 1 WHERE id =
			(SELECT id FROM challenges WHERE purpose = $1 AND subject = $2 AND expires_at > $3 ORDER BY created_at DESC, id DESC LIMIT 1)
			AND attempts < $4 RETURNING `+challengeColumns, purpose, subject, s.Now().UnixMicro(), most)
	})
}

// SpendID is Spend for a challenge that was found already.
func (s *Store) SpendID(ctx context.Context, id identity.ChallengeID) error {
	n, err := s.DB.Exec(ctx, `DELETE FROM challenges WHERE id = $1 AND expires_at > $2`, string(id), s.Now().UnixMicro())
	if err == nil && n == 0 {
		err = identity.ErrLinkExpired
	}
	return err
}

// Newest finds the newest live challenge about a subject, identity.ErrLinkExpired if there
// is none.
func (s *Store) Newest(ctx context.Context, purpose, subject string) (*identity.Challenge, error) {
	return s.challenge(func(into []any) (bool, error) {
		return s.DB.Row(ctx, into, `SELECT `+challengeColumns+` FROM challenges
			WHERE purpose = $1 AND subject = $2 AND expires_at > $3 ORDER BY created_at DESC, id DESC LIMIT 1`,
			purpose, subject, s.Now().UnixMicro())
	})
}

// All finds every live challenge about a subject, oldest first.
func (s *Store) All(ctx context.Context, purpose, subject string) ([]identity.Challenge, error) {
	return sqldb.All(ctx, s.DB, func(row func(...any) error) (c identity.Challenge, err error) {
		var created, expires int64
		err = row(challengeInto(&c, &created, &expires)...)
		c.CreatedAt, c.ExpiresAt = time.UnixMicro(created).UTC(), time.UnixMicro(expires).UTC()
		return c, err
	}, `SELECT `+challengeColumns+` FROM challenges WHERE purpose = $1 AND subject = $2 AND expires_at > $3 ORDER BY created_at, id`,
		purpose, subject, s.Now().UnixMicro())
}

// OfVisit finds the newest live challenge about a subject that was handed to the browser,
// identity.ErrLinkExpired if there is none.
func (s *Store) OfVisit(ctx context.Context, purpose, subject string, visit []byte) (*identity.Challenge, error) {
	return s.challenge(func(into []any) (bool, error) {
		return s.DB.Row(ctx, into, `SELECT `+challengeColumns+` FROM challenges
			WHERE purpose = $1 AND subject = $2 AND visit = $3 AND expires_at > $4 ORDER BY created_at DESC, id DESC LIMIT 1`,
			purpose, subject, visit, s.Now().UnixMicro())
	})
}

func (s *Store) challenge(find func(into []any) (bool, error)) (*identity.Challenge, error) {
	c := &identity.Challenge{}
	var created, expires int64
	found, err := find(challengeInto(c, &created, &expires))
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, identity.ErrLinkExpired
	}
	c.CreatedAt, c.ExpiresAt = time.UnixMicro(created).UTC(), time.UnixMicro(expires).UTC()
	return c, nil
}

// Renew gives a challenge a new secret and a new expiry: what was handed out before is dead.
// A challenge that is gone meanwhile is identity.ErrLinkExpired.
func (s *Store) Renew(ctx context.Context, id identity.ChallengeID, expires time.Time) (token string, err error) {
	token = secret.New()
	n, err := s.DB.Exec(ctx, `UPDATE challenges SET hash = $1, expires_at = $2, attempts = 0 WHERE id = $3`,
		secret.Hash(token), expires.UnixMicro(), string(id))
	if err == nil && n == 0 {
		err = identity.ErrLinkExpired
	}
	return token, err
}

// Update replaces the private data of a challenge and the user it is about.
func (s *Store) Update(ctx context.Context, id identity.ChallengeID, user identity.UserID, data []byte) error {
	n, err := s.DB.Exec(ctx, `UPDATE challenges SET data = $1, user_id = $2 WHERE id = $3`, filled(data), string(user), string(id))
	if err == nil && n == 0 {
		err = identity.ErrLinkExpired
	}
	return err
}

// Withdraw ends every challenge about a subject.
func (s *Store) Withdraw(ctx context.Context, purpose, subject string) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM challenges WHERE purpose = $1 AND subject = $2`, purpose, subject)
	return err
}

// WithdrawAll ends every challenge of a user, but those of the purposes that are spared.
func (s *Store) WithdrawAll(ctx context.Context, user identity.UserID, spared ...string) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM challenges WHERE user_id = $1 AND ',' || $2 || ',' NOT LIKE '%,' || purpose || ',%'`,
		string(user), strings.Join(spared, ","))
	return err
}

// crowdedAt is how many challenges are made until it pays to look which of them are over.
const crowdedAt = 10_000

// crowd counts a challenge, and rings when there are many.
func (s *Store) crowd() {
	if s.made.Add(1)%crowdedAt == 0 {
		select {
		case s.bell() <- struct{}{}:
		default: // it rings already
		}
	}
}

// Crowded is ready when this process has made so many challenges since it was last read that a Sweep
// pays: strangers make most of them, and the table must not grow for as long as they like.
func (s *Store) Crowded() <-chan struct{} { return s.bell() }

func (s *Store) bell() chan struct{} {
	s.once.Do(func() { s.crowded = make(chan struct{}, 1) })
	return s.crowded
}

// Sweep removes the challenges that are over.
func (s *Store) Sweep(ctx context.Context) error {
	return s.DB.Sweep(ctx, `DELETE FROM challenges WHERE id IN (SELECT id FROM challenges WHERE expires_at <= $1 LIMIT $2)`, s.Now().UnixMicro())
}
