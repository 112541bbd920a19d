package apikey

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// A Change says what shall be different about a key; what is nil stays.
type Change struct {
	Name      *string         // not empty, as account.DisplayName returned it
	Scopes    []string        // not empty
	Networks  *[]netip.Prefix // as Networks returned it
	ExpiresAt *time.Time      // the zero time: never
}

// Change changes a key of a user, from its next use on. It returns identity.ErrInvalid, naming the
// member, for what no key can have; a key that is revoked, or somebody else's, is
// identity.ErrNotFound.
func (s *Store) Change(ctx context.Context, user identity.UserID, id identity.KeyID, c Change) error {
	var expires time.Time
	if c.ExpiresAt != nil {
		expires = *c.ExpiresAt
	}
	scopes, err := s.check(c.Name, c.Scopes, expires)
	if err != nil {
		return err
	}
	var name, list, networks, end any // NULL: as it is
	data := map[string]string{"key": string(id)}
	if c.Name != nil {
		name, data["name"] = *c.Name, "changed"
	}
	if scopes != nil {
		list, data["scopes"] = strings.Join(scopes, " "), strings.Join(scopes, " ")
	}
	if c.Networks != nil {
		networks, data["networks"] = joined(*c.Networks), joined(*c.Networks)
	}
	if c.ExpiresAt != nil {
		end, data["expires"] = micros(expires), expires.UTC().Format(time.RFC3339)
	}
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE api_keys SET name = COALESCE($1, name), scopes = COALESCE($2, scopes), networks = COALESCE($3, networks),
			expires_at = COALESCE($4, expires_at), warned_at = 0 WHERE id = $5 AND user_id = $6 AND revoked_at = 0`, name, list, networks, end, string(id), string(user))
		if err == nil && n == 0 {
			err = identity.ErrNotFound
		}
		if err != nil {
			return err
		}
		return s.record(ctx, identity.EventAPIKeyChanged, user, data)
	})
}

// How long the old secret of a key that is rotated stays good, so that a program can be given the
// new one without an outage (KEY-07).
const (
	DefaultOverlap = 24 * time.Hour
	MaxOverlap     = 7 * 24 * time.Hour
)

// Rotate gives a key another secret in the place of the one with a prefix, and returns it: good at
// once, while the one before is good for the overlap. The key stays what it is. With an overlap of
// 0 every older secret is dead when Rotate returns.
//
// A key has two secrets at most, so while one is running out it can only be rotated with an
// overlap of 0; else, and where the newest secret is another one by now, it is ErrRotated: of two
// who rotate a key at once one does. An overlap that is negative or longer than MaxOverlap is
// identity.ErrInvalid, a key that has expired identity.ErrConflict, one that is revoked, or
// somebody else's, identity.ErrNotFound.
func (s *Store) Rotate(ctx context.Context, user identity.UserID, id identity.KeyID, prefix string, overlap time.Duration) (k *Key, text string, err error) {
	if overlap < 0 || overlap > MaxOverlap {
		return nil, "", identity.ErrInvalid.With("overlap", "must be from 0s to 168h")
	}
	text = secret.Tagged(s.kind())
	err = s.DB.Tx(ctx, func(ctx context.Context) error {
		if k, err = s.Get(ctx, user, id); err != nil {
			return err
		}
		if k.Expired(s.Now()) {
			return identity.ErrConflict.Because(reason("the API key has expired"))
		}
		if err := s.replace(ctx, id, prefix, overlap); err != nil {
			return err
		}
		if err := s.keep(ctx, id, text); err != nil {
			return err
		}
		if k, err = s.Get(ctx, user, id); err != nil {
			return err
		}
		return s.record(ctx, identity.EventAPIKeyRotated, user, map[string]string{"key": string(id), "overlap": overlap.String()})
	})
	return k, text, err
}

// replace lets a secret run out if it is still the newest: of two who rotate a key at once, one
// does. Secrets that are over go.
func (s *Store) replace(ctx context.Context, id identity.KeyID, prefix string, overlap time.Duration) error {
	now := s.Now()
	n, err := s.DB.Exec(ctx, `UPDATE api_key_secrets SET expires_at = $1 WHERE key_id = $2 AND prefix = $3 AND expires_at = 0
		AND ($4 OR NOT EXISTS (SELECT 1 FROM api_key_secrets o WHERE o.key_id = $2 AND o.expires_at > $5))`,
		now.Add(overlap).UnixMicro(), string(id), prefix, overlap == 0, now.UnixMicro())
	if err == nil && n == 0 {
		err = ErrRotated
	}
	if err != nil {
		return err
	}
	_, err = s.DB.Exec(ctx, `DELETE FROM api_key_secrets WHERE key_id = $1 AND ($2 OR expires_at BETWEEN 1 AND $3)`,
		string(id), overlap == 0, now.UnixMicro())
	return err
}

// Revoke ends a key of a user: the next request that uses it is refused (KEY-08). One that is
// revoked already, or somebody else's, is identity.ErrNotFound.
func (s *Store) Revoke(ctx context.Context, user identity.UserID, id identity.KeyID) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND user_id = $3 AND revoked_at = 0`, s.Now().UnixMicro(), string(id), string(user))
		if err == nil && n == 0 {
			err = identity.ErrNotFound
		}
		if err != nil {
			return err
		}
		return s.record(ctx, identity.EventAPIKeyRevoked, user, map[string]string{"key": string(id)})
	})
}

// RevokeAll ends every key of a user and returns how many.
func (s *Store) RevokeAll(ctx context.Context, user identity.UserID) (n int64, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err = s.DB.Exec(ctx, `UPDATE api_keys SET revoked_at = $1 WHERE user_id = $2 AND revoked_at = 0`, s.Now().UnixMicro(), string(user))
		if err != nil || n == 0 {
			return err
		}
		return s.record(ctx, identity.EventAPIKeyRevoked, user, map[string]string{"count": strconv.FormatInt(n, 10)})
	})
	return n, err
}

const (
	// warning is how long before a key expires its owner is told.
	warning = 7 * 24 * time.Hour
	// shortLived keys expire so soon that their owner knows.
	shortLived = 2 * warning
)

// Expiring returns keys in use that expire soon and of which nobody was told yet.
func (s *Store) Expiring(ctx context.Context) ([]Key, error) {
	now := s.Now()
	return sqldb.All(ctx, s.DB, scanKey, selectKeys+`AND k.warned_at = 0 AND k.used_at > 0 AND k.expires_at BETWEEN $1 AND $2 AND k.expires_at - k.created_at > $3
		ORDER BY k.expires_at LIMIT 100`, now.UnixMicro(), now.Add(warning).UnixMicro(), shortLived.Microseconds())
}

// Warned notes that the owner of a key is told that it expires, and reports whether that is news:
// of all who would tell them one does.
func (s *Store) Warned(ctx context.Context, id identity.KeyID) (bool, error) {
	n, err := s.DB.Exec(ctx, `UPDATE api_keys SET warned_at = $1 WHERE id = $2 AND warned_at = 0 AND revoked_at = 0`, s.Now().UnixMicro(), string(id))
	return n == 1, err
}

// remembered is how long a key that is revoked or expired is kept: whoever finds a leaked one can
// still be told by its prefix whose it was.
const remembered = 90 * 24 * time.Hour

// Sweep removes secrets that have run out, and keys that were revoked or expired long ago.
func (s *Store) Sweep(ctx context.Context) error {
	now := s.Now()
	if _, err := s.DB.Exec(ctx, `DELETE FROM api_key_secrets WHERE expires_at BETWEEN 1 AND $1`, now.UnixMicro()); err != nil {
		return err
	}
	_, err := s.DB.Exec(ctx, `DELETE FROM api_keys WHERE revoked_at BETWEEN 1 AND $1 OR expires_at BETWEEN 1 AND $1`, now.Add(-remembered).UnixMicro())
	return err
}
