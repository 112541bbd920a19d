package client

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// Prefix begins every secret of a client, so that scanners find one that leaked.
const Prefix = "gcs_"

// MaxOverlap is the longest that an old secret may outlive its rotation.
const MaxOverlap = 30 * 24 * time.Hour

// usedEvery is how often the last use of a client is written down.
const usedEvery = time.Minute

// WellFormed reports whether a text could be a secret of a client: a tagged token (package secret).
// It says nothing of whether it is one.
func WellFormed(text string) bool { return secret.IsTagged(Prefix, text) }

// Authenticate returns the client of an ID and a secret, and notes that it was used. It returns
// identity.ErrRejected where the ID is unknown, the secret is not its own, is over, or the client
// is disabled: from outside all look the same.
//
// Both are compared (BUG-34), in one statement: the secret by its hash, the ID with the one that
// the hash belongs to. How long the look-up takes depends on the hash, of which nobody can choose
// a prefix, and on no secret; an unknown ID and a wrong secret both find no row.
func (s *Store) Authenticate(ctx context.Context, id identity.ClientID, text string) (*identity.Client, error) {
	c, err := s.one(ctx, `JOIN client_secrets k ON k.client_id = c.id
		WHERE k.hash = $1 AND c.id = $2 AND c.state = 'active' AND (k.expires_at = 0 OR k.expires_at > $3)`,
		secret.Hash(text), string(id), s.Now().UnixMicro())
	if err != nil {
		if identity.KindOf(err) == identity.NotFound {
			err = identity.ErrRejected.Because(err)
		}
		return nil, err
	}
	return c, s.Used(ctx, c)
}

// Used notes that the client was used just now, at most once a minute: a busy service must not
// cost a write for each request.
func (s *Store) Used(ctx context.Context, c *identity.Client) error {
	now := s.Now()
	if now.Sub(c.UsedAt) < usedEvery {
		return nil
	}
	_, err := s.DB.Exec(ctx, `UPDATE clients SET used_at = $1 WHERE id = $2 AND used_at <= $3`,
		now.UnixMicro(), string(c.ID), now.Add(-usedEvery).UnixMicro())
	return err
}

// Rotate gives a client another secret, which is kept nowhere and cannot be shown again. Those
// before end after the overlap. Without one they end at once, and the tokens that were got by
// them too: somebody else may have them. It returns identity.ErrInvalid for an overlap that is
// negative or longer than MaxOverlap, identity.ErrNotFound for an unknown client.
func (s *Store) Rotate(ctx context.Context, id identity.ClientID, overlap time.Duration) (string, error) {
	if overlap < 0 || overlap > MaxOverlap {
		return "", identity.ErrInvalid.With("overlap", "must be between 0 and "+MaxOverlap.String())
	}
	text, raise := secret.Tagged(Prefix), 0
	if overlap == 0 {
		raise = 1
	}
	err := s.DB.Tx(ctx, func(ctx context.Context) error {
		// The row before the secrets, so that two callers come one after the other and one secret
		// is left that does not end.
		if err := s.touch(ctx, id, `UPDATE clients SET version = version + $2 WHERE id = $1`, raise); err != nil {
			return err
		}
		until := s.Now().Add(overlap).UnixMicro()
		if _, err := s.DB.Exec(ctx, `UPDATE client_secrets SET expires_at = $1 WHERE client_id = $2
			AND (expires_at = 0 OR expires_at > $1)`, until, string(id)); err != nil {
			return err
		}
		if err := s.keep(ctx, id, text); err != nil {
			return err
		}
		return s.record(ctx, identity.EventClientRotated, id, "overlap", overlap.String())
	})
	if err != nil {
		return "", err
	}
	return text, nil
}

// keep stores what the database may know of a secret.
func (s *Store) keep(ctx context.Context, id identity.ClientID, text string) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO client_secrets (hash, client_id, created_at) VALUES ($1, $2, $3)`,
		secret.Hash(text), string(id), s.Now().UnixMicro())
	return err
}

// Sweep removes secrets that are over.
func (s *Store) Sweep(ctx context.Context) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM client_secrets WHERE expires_at <> 0 AND expires_at <= $1`, s.Now().UnixMicro())
	return err
}
