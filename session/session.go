// Package session keeps signed-in browsers and devices: opaque tokens, sliding and
// absolute expiry, a list of devices, instant revocation.
//
// It owns the tables sessions and places. It does not know how somebody signed in, what is odd
// about where, nor that there are cookies. The rules are those of NIST SP 800-63B section 5 and the OWASP session
// management cheat sheet.
//
// A session of mode "cookie" has a secret, of which the hash is stored. The sessions of
// the token modes have none: access tokens name them by ID, and their refresh family
// decides when they have been idle for too long.
package session

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// A Store is the only code that writes the table of sessions. All fields are required.
type Store struct {
	DB  *sqldb.DB
	Log *audit.Log
	Now func() time.Time
}

// Create starts a session for v.UserID and returns the secret of its cookie, "" for the
// token modes. It fills in ID, CreatedAt, SeenAt and where it comes from.
func (s *Store) Create(ctx context.Context, v *identity.Session) (token string, err error) {
	now, origin := s.Now(), identity.OriginOf(ctx)
	v.ID, v.CreatedAt, v.SeenAt = identity.NewID[identity.SessionID]("ses", now), now, now
	v.IP, v.UserAgent = origin.IP, origin.UserAgent
	v.ExpiresAt = v.ExpiresAt.UTC().Truncate(time.Microsecond) // as it is read back
	var hash []byte                                            // NULL: nothing opens it
	if v.Mode == identity.ModeCookie {
		token = secret.New()
		hash = secret.Hash(token)
	}
	proofs, err := json.Marshal(v.Proofs)
	if err != nil {
		return "", err
	}
	return token, s.DB.Tx(ctx, func(ctx context.Context) error {
		_, err := s.DB.Exec(ctx, `INSERT INTO sessions (id, user_id, hash, mode, persistent, generation, proofs, user_agent, ip, created_at, seen_at, idle, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12)`,
			string(v.ID), string(v.UserID), hash, string(v.Mode), v.Persistent, v.Generation, string(proofs), v.UserAgent, v.IP,
			now.UnixMicro(), v.Idle.Microseconds(), v.ExpiresAt.UnixMicro())
		if err != nil {
			return err
		}
		return s.Log.Record(ctx, identity.Event{
			Type: identity.EventSessionCreated, Actor: string(v.UserID), Subject: v.UserID,
			Data: map[string]string{"session": string(v.ID), "mode": string(v.Mode)},
		})
	})
}

// live is when a session may be used: its own ends, and the user's state. Generation is
// how everything of a user is ended at once.
const live = ` s.expires_at > $2 AND (s.idle = 0 OR s.seen_at + s.idle > $2)
	AND u.state = 'active' AND NOT u.must_reset AND u.generation = s.generation`

// Lookup finds the live session of a cookie's secret, with the roles of its user, and
// slides its idle expiry. One that is unknown, over or revoked is
// identity.ErrNoCredentials.
//
// It runs on every request: one statement by unique key, and a write at most once in a
// tenth of the idle time.
func (s *Store) Lookup(ctx context.Context, token string) (v *identity.Session, roles []string, err error) {
	return s.use(ctx, ` s.hash = $1`, secret.Hash(token))
}

// Use is Lookup for whoever knows by other means that a request belongs to a session. One whose
// refresh family has been idle for too long is over.
func (s *Store) Use(ctx context.Context, id identity.SessionID) (v *identity.Session, roles []string, err error) {
	return s.use(ctx, ` s.id = $1 AND (s.mode = 'cookie' OR EXISTS
		(SELECT 1 FROM grants g WHERE g.session_id = s.id AND g.revoked_at = 0 AND g.idle_at > $2))`, string(id))
}

func (s *Store) use(ctx context.Context, where string, key any) (v *identity.Session, roles []string, err error) {
	now := s.Now()
	var held string
	rows, err := sqldb.All(ctx, s.DB, func(scan func(...any) error) (identity.Session, error) { return scanSession(scan, &held) },
		`SELECT `+columns+`, COALESCE((SELECT string_agg(r.role, ' ') FROM user_roles r WHERE r.user_id = s.user_id), '')
		FROM sessions s JOIN users u ON u.id = s.user_id WHERE`+where+` AND`+live, key, now.UnixMicro())
	if err != nil {
		return nil, nil, err
	}
	if len(rows) == 0 {
		return nil, nil, identity.ErrNoCredentials
	}
	roles = slices.Sorted(slices.Values(strings.Fields(held)))
	v = &rows[0]
	if now.Sub(v.SeenAt) > v.Idle/10 {
		// A session that could not be slid ends sooner, which is safe; the request goes on.
		if s.slide(ctx, v.ID, v.SeenAt, now) == nil {
			v.SeenAt = now
		}
	}
	return v, roles, nil
}

func (s *Store) slide(ctx context.Context, id identity.SessionID, seen, now time.Time) error {
	_, err := s.DB.Exec(ctx, `UPDATE sessions SET seen_at = $1 WHERE id = $2 AND seen_at = $3`, now.UnixMicro(), string(id), seen.UnixMicro())
	return err
}

// Touch says that the session was used, from where. It is for the token modes, whose
// refreshes are the only use that the house sees.
func (s *Store) Touch(ctx context.Context, id identity.SessionID) error {
	origin := identity.OriginOf(ctx)
	_, err := s.DB.Exec(ctx, `UPDATE sessions SET seen_at = $1, ip = $2, user_agent = $3 WHERE id = $4`,
		s.Now().UnixMicro(), origin.IP, origin.UserAgent, string(id))
	return err
}

const columns = `s.id, s.user_id, s.mode, s.persistent, s.generation, s.proofs, s.user_agent, s.ip, s.created_at, s.seen_at, s.idle, s.expires_at`

func scanSession(scan func(...any) error, more ...any) (v identity.Session, err error) {
	var proofs []byte
	var created, seen, idle, expires int64
	into := append([]any{&v.ID, &v.UserID, &v.Mode, &v.Persistent, &v.Generation, &proofs, &v.UserAgent, &v.IP, &created, &seen, &idle, &expires}, more...)
	if err = scan(into...); err != nil {
		return v, err
	}
	v.CreatedAt, v.SeenAt, v.ExpiresAt = time.UnixMicro(created).UTC(), time.UnixMicro(seen).UTC(), time.UnixMicro(expires).UTC()
	v.Idle = time.Duration(idle) * time.Microsecond
	return v, json.Unmarshal(proofs, &v.Proofs)
}

// Get finds a live session by its ID. One that is not there is identity.ErrNotFound.
func (s *Store) Get(ctx context.Context, id identity.SessionID) (*identity.Session, error) {
	rows, err := sqldb.All(ctx, s.DB, plain, `SELECT `+columns+` FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.id = $1 AND`+live, string(id), s.Now().UnixMicro())
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, identity.ErrNotFound
	}
	return &rows[0], nil
}

// List returns the live sessions of a user, the latest seen first.
func (s *Store) List(ctx context.Context, user identity.UserID) ([]identity.Session, error) {
	return sqldb.All(ctx, s.DB, plain, `SELECT `+columns+` FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.user_id = $1 AND`+live+` AND (s.idle > 0 OR EXISTS
			(SELECT 1 FROM grants g WHERE g.session_id = s.id AND g.revoked_at = 0 AND g.idle_at > $2)) ORDER BY s.seen_at DESC, s.id`, string(user), s.Now().UnixMicro())
}

func plain(scan func(...any) error) (identity.Session, error) { return scanSession(scan) }
