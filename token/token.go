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
	// Permissions says what tokens tell of what their roles may do, for services that ask
	// nobody; nil: nothing.
	Permissions func(roles, orgRoles []string) []string

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
	Perms     []string           `json:"perms,omitempty"` // for who asks nobody (AUZ-11)
	Org       identity.TenantID  `json:"org,omitempty"`
	OrgRoles  []string           `json:"org_roles,omitempty"` // in Org (AUZ-21)
	Version   int64              `json:"ver"`
}

// Own reports whether the token is a client's own: nobody's session is behind it.
func (c *Claims) Own() bool { return c.SessionID == "" && c.Subject == identity.UserID(c.ClientID) }

// A Purpose narrows a token to what it is for. The zero Purpose narrows nothing.
type Purpose struct {
	Scope    string            // what it may name, separated by spaces; "": it is not limited
	Org      identity.TenantID // the organization that it is bound to
	OrgRoles []string          // the roles there
}

// purposeLife is the most that a token with a scope lives: it is made for one thing, now
// (ZTR-03).
const purposeLife = 5 * time.Minute

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
func (s *Store) Issue(user *identity.User, session *identity.Session, grant identity.GrantID, to Purpose) (string, error) {
	c := s.claims(to)
	c.Subject, c.ClientID, c.SessionID, c.GrantID = user.ID, identity.FirstParty, session.ID, grant
	c.AMR, c.ACR = identity.AMR(session.Proofs), identity.ACR(session.Proofs)
	c.Roles, c.Version = user.Roles, user.Version
	if at := session.AuthTime(); !at.IsZero() {
		c.AuthTime = at.Unix()
	}
	return s.sign(c)
}

// IssueClient signs an access token that a client acts for itself with (RFC 6749 section 4.4).
// The scope must be one that the client may name; to be sure of that is the caller's part.
func (s *Store) IssueClient(client *identity.Client, to Purpose) (string, error) {
	c := s.claims(to)
	c.Subject, c.ClientID = identity.UserID(client.ID), client.ID
	c.Roles, c.Version = client.Roles, client.Version
	return s.sign(c)
}

// LifeOf returns how long an access token of a purpose lives.
func (s *Store) LifeOf(to Purpose) time.Duration {
	if to.Scope != "" {
		return min(s.Life(), purposeLife)
	}
	return s.Life()
}

func (s *Store) claims(to Purpose) Claims {
	now := s.Now()
	return Claims{
		Issuer: s.Issuer, Audience: s.Issuer, IssuedAt: now.Unix(), Expires: now.Add(s.LifeOf(to)).Unix(),
		ID:    base64.RawURLEncoding.EncodeToString(secret.Bytes(12)),
		Scope: to.Scope, Org: to.Org, OrgRoles: to.OrgRoles,
	}
}

func (s *Store) sign(c Claims) (string, error) {
	// A token that is limited to scopes tells none: whoever reads only them would take it for more.
	if s.Permissions != nil && c.Scope == "" && !c.Own() {
		c.Perms = s.Permissions(c.Roles, c.OrgRoles)
	}
	s.issued.Add(1)
	return jose.Sign(s.Keys.AccessSigner(), Type, c)
}

// Size returns how many bytes the access token of whoever has these roles takes, with an
// organization where there are roles in one (GEN-07).
func (s *Store) Size(roles, orgRoles []string) (int, error) {
	user := &identity.User{ID: identity.NewID[identity.UserID]("usr", s.Now()), Roles: roles, Version: 1}
	session := &identity.Session{
		ID: identity.NewID[identity.SessionID]("ses", s.Now()), Proofs: []identity.Proof{{Method: "password", At: s.Now()}, {Method: "totp", At: s.Now()}},
	}
	to := Purpose{OrgRoles: orgRoles}
	if orgRoles != nil {
		to.Org = identity.NewID[identity.TenantID]("org", s.Now())
	}
	text, err := s.Issue(user, session, identity.NewID[identity.GrantID]("gra", s.Now()), to)
	s.issued.Add(-1) // it goes to nobody
	return len(text), err
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
	case c.Issuer != s.Issuer, c.Audience != s.Issuer, c.Subject == "", c.ID == "", c.SessionID == "" && !c.Own():
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
	if c.Own() {
		return s.checkClient(ctx, c)
	}
	var version int64
	standing, err := s.DB.Row(ctx, []any{&version}, `SELECT u.version FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.id = $1 AND s.user_id = $2 AND s.expires_at > $3 AND s.generation = u.generation
		AND (s.idle = 0 OR s.seen_at + s.idle > $3) AND u.state = 'active' AND NOT u.must_reset
		AND ($4 = '' OR EXISTS (SELECT 1 FROM grants g WHERE g.id = $4 AND g.session_id = s.id AND g.revoked_at = 0))
		AND NOT EXISTS (SELECT 1 FROM revoked_tokens t WHERE t.jti = $5)`,
		string(c.SessionID), string(c.Subject), s.Now().UnixMicro(), string(c.GrantID), c.ID)
	return verdict(standing, version == c.Version, err)
}

// checkClient is Check for a client's own token.
func (s *Store) checkClient(ctx context.Context, c *Claims) error {
	var version int64
	standing, err := s.DB.Row(ctx, []any{&version}, `SELECT version FROM clients WHERE id = $1 AND state = 'active'
		AND NOT EXISTS (SELECT 1 FROM revoked_tokens t WHERE t.jti = $2)`, string(c.ClientID), c.ID)
	return verdict(standing, version == c.Version, err)
}

// verdict is what Check says of a token that stands, or of an older version than its owner.
func verdict(standing, current bool, err error) error {
	switch {
	case err != nil:
		return err
	case !standing:
		return identity.ErrTokenRevoked
	case !current:
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
