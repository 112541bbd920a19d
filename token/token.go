// Package token makes and checks access tokens, and keeps the refresh families behind
// them.
//
// It owns the tables grants and revoked_tokens, the claims of an access token (RFC 9068)
// and the rotation rule of refresh tokens (family.go). It does not know how somebody signed
// in, nor in which header or cookie a token travels.
package token

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/jose"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// A Signer has the keys that tokens rest on. Package keyring implements it.
type Signer interface {
	AccessSigner() *jose.Key
	AccessVerifier(kid string) *jose.Key
	RefreshSecret() (id string, key []byte)
	RefreshSecretByID(id string) []byte
}

// A Store makes and checks tokens. DB, Log, Now, Keys and Issuer are required.
type Store struct {
	DB       *sqldb.DB
	Log      *audit.Log
	Now      func() time.Time
	Keys     Signer
	Issuer   string        // the public URL; also the audience
	Lifetime time.Duration // of an access token; 0 means 15 minutes (JWT-06)

	seen   seen
	issued atomic.Int64
}

// Type is the "typ" of an access token (RFC 9068 section 2.1).
const Type = "at+jwt"

// skew is how far the clocks of two machines may differ.
const skew = time.Minute

// Claims are what an access token says (RFC 9068 section 2.2). It holds no address and no
// name: a token is encoded, not encrypted (JWT-09, JWT-10).
type Claims struct {
	Issuer    string             `json:"iss"`
	Audience  string             `json:"aud"`
	Expires   int64              `json:"exp"` // seconds, as are all its times
	IssuedAt  int64              `json:"iat"`
	ID        string             `json:"jti"`
	Subject   identity.UserID    `json:"sub"`
	ClientID  identity.ClientID  `json:"client_id"`
	SessionID identity.SessionID `json:"sid,omitempty"`
	GrantID   identity.GrantID   `json:"gid,omitempty"`
	Scope     string             `json:"scope,omitempty"`
	AuthTime  int64              `json:"auth_time,omitempty"` // survives refreshes unchanged (BUG-09)
	AMR       []string           `json:"amr,omitempty"`
	ACR       string             `json:"acr,omitempty"`
	Roles     []string           `json:"roles,omitempty"`
	Version   int64              `json:"ver"`
}

// Life returns how long an access token lives.
func (s *Store) Life() time.Duration {
	if s.Lifetime == 0 {
		return 15 * time.Minute
	}
	return s.Lifetime
}

// Issued returns how many access tokens this process has signed.
func (s *Store) Issued() int64 { return s.issued.Load() }

// Issue signs an access token for a session of user; grant is "" where there is none.
func (s *Store) Issue(user *identity.User, session *identity.Session, grant identity.GrantID) (string, error) {
	now := s.Now()
	c := Claims{
		Issuer: s.Issuer, Audience: s.Issuer, IssuedAt: now.Unix(), Expires: now.Add(s.Life()).Unix(),
		ID:      base64.RawURLEncoding.EncodeToString(secret.Bytes(12)),
		Subject: user.ID, ClientID: identity.FirstParty, SessionID: session.ID, GrantID: grant,
		AMR: identity.AMR(session.Proofs), ACR: identity.ACR(session.Proofs),
		Roles: user.Roles, Version: user.Version,
	}
	if at := session.AuthTime(); !at.IsZero() {
		c.AuthTime = at.Unix()
	}
	s.issued.Add(1)
	return jose.Sign(s.Keys.AccessSigner(), Type, c)
}

// Verify checks what a token says by itself: signature, type, issuer, audience and times
// (JWT-05). It returns identity.ErrInvalidToken or identity.ErrTokenExpired. What it cannot
// know, whether the token was ended before its time, is Check's.
func (s *Store) Verify(token string) (*Claims, error) {
	c, err := s.authentic(token)
	if err != nil {
		return nil, identity.ErrInvalidToken.Because(err)
	}
	now := s.Now()
	switch {
	case c.Issuer != s.Issuer, c.Audience != s.Issuer, c.Subject == "", c.ID == "", c.SessionID == "":
		return nil, identity.ErrInvalidToken
	case time.Unix(c.IssuedAt, 0).After(now.Add(skew)):
		return nil, identity.ErrInvalidToken
	case !now.Before(time.Unix(c.Expires, 0)):
		return nil, identity.ErrTokenExpired
	}
	return c, nil
}

// authentic returns the claims of a token that we signed. A signature that was found good
// stays good while its key is kept, so it is checked once; everything else is checked each
// time.
func (s *Store) authentic(token string) (*Claims, error) {
	id := secret.Hash(token)
	if known, ok := s.seen.get(id); ok && s.Keys.AccessVerifier(known.key) != nil {
		return known.claims, nil
	}
	text, key, err := jose.Verify(token, jose.Expect{Types: []string{Type}, Key: s.Keys.AccessVerifier})
	if err != nil {
		return nil, err
	}
	c := &Claims{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, err
	}
	s.seen.put(id, seenToken{c, key.ID})
	return c, nil
}

// Check asks, in one statement by primary keys, whether the token still stands: the user
// as it claims (ver), the session alive and of the user's generation, the grant not
// revoked, the token itself not revoked (jti). It returns identity.ErrTokenRevoked or
// identity.ErrTokenOutdated.
func (s *Store) Check(ctx context.Context, c *Claims) error {
	var version int64
	standing, err := s.DB.Row(ctx, []any{&version}, `SELECT u.version FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.id = $1 AND s.user_id = $2 AND s.expires_at > $3 AND s.generation = u.generation
		AND (s.idle = 0 OR s.seen_at + s.idle > $3) AND u.state = 'active' AND NOT u.must_reset
		AND ($4 = '' OR EXISTS (SELECT 1 FROM grants g WHERE g.id = $4 AND g.session_id = s.id AND g.revoked_at = 0))
		AND NOT EXISTS (SELECT 1 FROM revoked_tokens t WHERE t.jti = $5)`,
		string(c.SessionID), string(c.Subject), s.Now().UnixMicro(), string(c.GrantID), c.ID)
	switch {
	case err != nil:
		return err
	case !standing:
		return identity.ErrTokenRevoked
	case version != c.Version:
		return identity.ErrTokenOutdated
	}
	return nil
}

// Revoke refuses one access token from now on; the record is kept until the token would
// have ended by itself. A token without an ID cannot be revoked alone (BUG-08).
func (s *Store) Revoke(ctx context.Context, c *Claims) error {
	if c.ID == "" {
		return identity.ErrInvalidToken
	}
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `INSERT INTO revoked_tokens (jti, expires_at) VALUES ($1, $2) ON CONFLICT (jti) DO NOTHING`,
			c.ID, time.Unix(c.Expires, 0).UnixMicro())
		if err != nil || n == 0 {
			return err
		}
		return s.Log.Record(ctx, identity.Event{Type: identity.EventTokenRevoked, Subject: c.Subject})
	})
}
