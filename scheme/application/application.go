// Package application authenticates browsers to applications on other hosts, which a proxy keeps:
// no cookie of the house reaches them there, so each host is given one of its own.
//
// It owns how a sign-in is handed to the host of an application, and what the cookie there opens:
// GET /auth/check for that host, and nothing of the house. It does not know how somebody signs in.
// The way is that of an authorization code with state (RFC 6749 section 4.1), cut down to two parties
// that trust each other.
//
//	app/.gatehouse/begin    a name for this browser, kept in a cookie there; on to the house
//	house/application/allow signed in: a code for that origin and that browser; back
//	app/.gatehouse/callback the code is spent, once: a cookie of the application's host
package application

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/session"
)

// The purposes of the challenges that hand a sign-in over.
const (
	codePurpose   = "application code"
	cookiePurpose = "application"
)

// codeLife is how long a code may be on its way: a redirect.
const codeLife = time.Minute

// Check is the only route that the cookie opens.
const Check = "GET /auth/check"

// A Scheme reads the cookie of an application's host. All fields are required.
type Scheme struct {
	Site     *web.Site
	Accounts *account.Store
	Sessions *session.Store
	Now      func() time.Time
}

var _ guard.Scheme = (*Scheme)(nil)

// Begin is where a browser goes that is to be signed in to the application at origin and then to a
// path there.
func Begin(origin, to string) string {
	return origin + "/.gatehouse/begin?" + url.Values{"to": {to}}.Encode()
}

// Return is the path of the house, without its mount, that leads on to the same place.
func Return(origin, to string) string {
	return "/application/allow?" + url.Values{"origin": {origin}, "to": {to}}.Encode()
}

// handed is what a challenge keeps of the session that is handed over.
type handed struct {
	Session  identity.SessionID `json:"session"`
	AuthTime int64              `json:"authTime,omitempty"` // UnixMicro
}

// Offer returns a code for the application at origin and the browser whose name there has the hash
// visit.
func (s *Scheme) Offer(ctx context.Context, me *identity.Principal, origin string, visit []byte) (string, error) {
	data, err := json.Marshal(handed{Session: me.SessionID})
	if err != nil {
		return "", err
	}
	return s.Accounts.Challenge(ctx, identity.Challenge{
		Purpose: codePurpose, Subject: origin, UserID: me.UserID, Visit: visit, Data: data, ExpiresAt: s.Now().Add(codeLife),
	})
}

// Take spends a code and returns the secret of a cookie for origin, with the session that it belongs
// to. It returns identity.ErrInvalidLink where the code is not for this origin and this browser.
//
// Threat: whoever brings somebody to follow a link with a code of their own would have them work in
// the application as the attacker. The code is worth nothing in a browser that did not ask for it.
func (s *Scheme) Take(ctx context.Context, code, origin, visit string) (token string, v *identity.Session, err error) {
	c, err := s.Accounts.Spend(ctx, codePurpose, code)
	if errors.Is(err, identity.ErrLinkExpired) {
		return "", nil, identity.ErrInvalidLink
	}
	if err != nil {
		return "", nil, err
	}
	if c.Subject != origin || visit == "" || !secret.Equal(c.Visit, secret.Hash(visit)) {
		return "", nil, identity.ErrInvalidLink
	}
	var h handed
	if err := json.Unmarshal(c.Data, &h); err != nil {
		return "", nil, err
	}
	v, _, err = s.Sessions.Use(ctx, h.Session)
	if errors.Is(err, identity.ErrNoCredentials) {
		return "", nil, identity.ErrInvalidLink // it was ended meanwhile
	}
	if err != nil {
		return "", nil, err
	}
	data, err := json.Marshal(handed{v.ID, v.AuthTime().UnixMicro()})
	if err != nil {
		return "", nil, err
	}
	token, err = s.Accounts.Challenge(ctx, identity.Challenge{Purpose: cookiePurpose, Subject: origin, UserID: v.UserID, Data: data, ExpiresAt: v.ExpiresAt})
	return token, v, err
}

// Authenticate implements guard.Scheme. The session is asked for with each request, so that the
// cookie dies with it.
//
// Threat: an application is sent the cookie with every request, and could come with it to the house
// itself, or to another application. It opens one route, for one origin. And what was known before
// the privilege of a session grew must open nothing (BUG-20): after another proof it is handed over
// anew.
func (s *Scheme) Authenticate(r *http.Request) (*identity.Principal, error) {
	if r.Pattern != Check || web.HeaderCredential(r) {
		return nil, nil
	}
	origin, token := s.Site.Application(r), s.Site.ReadCookie(r, web.App)
	if origin == "" || token == "" {
		return nil, nil
	}
	c, err := s.Accounts.Outstanding(r.Context(), cookiePurpose, token)
	if errors.Is(err, identity.ErrLinkExpired) {
		return nil, identity.ErrNoCredentials
	}
	if err != nil {
		return nil, err
	}
	var h handed
	if err := json.Unmarshal(c.Data, &h); err != nil {
		return nil, err
	}
	v, roles, err := s.Sessions.Use(r.Context(), h.Session)
	if err != nil {
		return nil, err
	}
	if c.Subject != origin || v.AuthTime().UnixMicro() != h.AuthTime {
		return nil, identity.ErrNoCredentials
	}
	return &identity.Principal{
		Scheme: identity.SchemeCookie, UserID: v.UserID, SessionID: v.ID, Roles: roles, Cookie: true,
		AuthTime: v.AuthTime(), AMR: identity.AMR(v.Proofs), ACR: identity.ACR(v.Proofs),
	}, nil
}
