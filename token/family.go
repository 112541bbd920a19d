package token

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// A refresh token is "family.counter.key.mac", where mac authenticates family, counter and
// the family's salt under a key that lives outside the database. Only counters are stored,
// and the same successor can be given twice without being kept. All tokens of one sign-in
// are one family (a Grant), of which the row says which number is current and which is its
// parent.

// Grace is how long after a rotation the parent gets the same successor again: two tabs, a
// retried request, a browser that sends twice.
const Grace = 30 * time.Second

// The errors of a refresh, besides identity.ErrInvalidToken and ErrTokenRevoked.
var (
	// ErrNoRefresh is a refresh without a refresh token.
	ErrNoRefresh = &identity.Error{Kind: identity.Unauthenticated, Code: "NO_REFRESH_TOKEN", Message: "Please sign in."}
	// ErrRefreshExpired is a family that ran out, by idleness or at its absolute end.
	ErrRefreshExpired = &identity.Error{Kind: identity.Unauthenticated, Code: "REFRESH_EXPIRED", Message: "Your session has ended. Please sign in again."}
	// ErrReused is a refresh token that was used before, or its family after that.
	ErrReused = &identity.Error{Kind: identity.Unauthenticated, Code: "TOKEN_REUSED", Message: "Token reuse detected. Please sign in again."}
)

// ReasonReuse is why a family was revoked when one of its tokens came back.
const ReasonReuse = "reuse"

// A Family is a Grant with the numbers of its tokens.
type Family struct {
	identity.Grant
	Mode identity.Mode

	idle            time.Duration
	keyID           string
	salt, agent     []byte
	current, parent int64
	rotatedAt       time.Time
}

// A NewFamily says which family to begin.
type NewFamily struct {
	Session  *identity.Session
	Idle     time.Duration // it ends when not refreshed for so long
	Lifetime time.Duration // and at the latest after this
}

// Begin starts a family for a session and returns it with its first refresh token.
func (s *Store) Begin(ctx context.Context, n NewFamily) (*Family, string, error) {
	now, v := s.Now(), n.Session
	keyID, _ := s.Keys.RefreshSecret()
	f := &Family{
		Grant: identity.Grant{
			ID: identity.NewID[identity.GrantID]("gra", now), UserID: v.UserID, ClientID: identity.FirstParty, SessionID: v.ID,
			Generation: v.Generation, CreatedAt: now, IdleAt: now.Add(n.Idle), ExpiresAt: now.Add(n.Lifetime),
		},
		Mode: v.Mode, idle: n.Idle,
		keyID: keyID, salt: secret.Bytes(secret.Size), agent: agentOf(ctx), current: 1, rotatedAt: now,
	}
	_, err := s.DB.Exec(ctx, `INSERT INTO grants (id, user_id, client_id, session_id, mode, generation, key_id, salt,
			current, parent, agent, rotated_at, created_at, idle, idle_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 0, $9, $10, $10, $11, $12, $13)`,
		string(f.ID), string(f.UserID), string(f.ClientID), string(f.SessionID), string(f.Mode), f.Generation, f.keyID, f.salt,
		f.agent, now.UnixMicro(), f.idle.Microseconds(), f.IdleAt.UnixMicro(), f.ExpiresAt.UnixMicro())
	if err != nil {
		return nil, "", err
	}
	refresh, err := s.refreshToken(f, f.current)
	return f, refresh, err
}

// Served reports whether the family rotated last for the browser, in its version, of ctx.
func (f *Family) Served(ctx context.Context) bool { return bytes.Equal(f.agent, agentOf(ctx)) }

// agentOf is how a family remembers the browser it last rotated for.
func agentOf(ctx context.Context) []byte { return secret.Hash(identity.OriginOf(ctx).UserAgent)[:16] }

func (s *Store) refreshToken(f *Family, number int64) (string, error) {
	key := s.Keys.RefreshSecretByID(f.keyID)
	if key == nil {
		return "", identity.ErrInvalidToken
	}
	mac := base64.RawURLEncoding.EncodeToString(f.mac(key, number))
	return string(f.ID) + "." + strconv.FormatInt(number, 10) + "." + f.keyID + "." + mac, nil
}

func (f *Family) mac(key []byte, number int64) []byte {
	return secret.MAC(key, []byte(f.ID), binary.BigEndian.AppendUint64(nil, uint64(number)), f.salt) //nolint:gosec // bits, not a quantity
}

// A presented token is one that came in, taken apart.
type presented struct {
	grant  identity.GrantID
	number int64
	keyID  string
	mac    []byte
}

func parse(refresh string) (p presented, ok bool) {
	// PostgreSQL fails on what is not text, and base64 overlooks line breaks.
	if len(refresh) > 256 || strings.ContainsFunc(refresh, unprintable) {
		return p, false
	}
	parts := strings.Split(refresh, ".")
	if len(parts) != 4 {
		return p, false
	}
	number, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || number < 1 || strconv.FormatInt(number, 10) != parts[1] {
		return p, false
	}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(parts[3])
	return presented{identity.GrantID(parts[0]), number, parts[2], mac}, err == nil
}

func unprintable(r rune) bool { return r <= ' ' || r > '~' }

// Present finds the family of a refresh token and the number it has there. A token that we
// did not make, or whose key was dropped, is identity.ErrInvalidToken; "" is ErrNoRefresh.
// It changes nothing: Rotate decides.
func (s *Store) Present(ctx context.Context, refresh string) (*Family, int64, error) {
	if refresh == "" {
		return nil, 0, ErrNoRefresh
	}
	p, ok := parse(refresh)
	if !ok {
		return nil, 0, identity.ErrInvalidToken
	}
	f, err := s.family(ctx, p.grant)
	if err != nil {
		return nil, 0, err
	}
	key := s.Keys.RefreshSecretByID(p.keyID)
	if f == nil || f.keyID != p.keyID || key == nil || !secret.Equal(f.mac(key, p.number), p.mac) {
		return nil, 0, identity.ErrInvalidToken
	}
	return f, p.number, nil
}

// family reads a family, nil if there is none.
func (s *Store) family(ctx context.Context, id identity.GrantID) (*Family, error) {
	f := &Family{}
	var rotated, created, idle, idleAt, expires, revoked int64
	found, err := s.DB.Row(ctx, []any{
		&f.ID, &f.UserID, &f.ClientID, &f.SessionID, &f.Mode, &f.Generation, &f.keyID, &f.salt,
		&f.current, &f.parent, &f.agent, &rotated, &created, &idle, &idleAt, &expires, &revoked, &f.Reason,
	}, `SELECT id, user_id, client_id, session_id, mode, generation, key_id, salt,
			current, parent, agent, rotated_at, created_at, idle, idle_at, expires_at, revoked_at, reason
		FROM grants WHERE id = $1`, string(id))
	if err != nil || !found {
		return nil, err
	}
	f.rotatedAt, f.CreatedAt = time.UnixMicro(rotated), time.UnixMicro(created)
	f.idle = time.Duration(idle) * time.Microsecond
	f.IdleAt, f.ExpiresAt = time.UnixMicro(idleAt), time.UnixMicro(expires)
	if revoked != 0 {
		f.RevokedAt = time.UnixMicro(revoked)
	}
	return f, nil
}
