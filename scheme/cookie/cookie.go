// Package cookie authenticates requests by the session cookie (RFC 6265bis).
//
// It owns the step from a cookie to a principal. It does not set the cookie (package web
// does), nor keep sessions (package session does).
package cookie

import (
	"net/http"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/session"
)

// A Scheme reads the session cookie. Both fields are required.
type Scheme struct {
	Site     *web.Site
	Sessions *session.Store
}

var _ guard.Scheme = (*Scheme)(nil)

// Authenticate implements guard.Scheme: one statement by unique key, so that a session
// ended anywhere is over with the next request.
func (s *Scheme) Authenticate(r *http.Request) (*identity.Principal, error) {
	if web.HeaderCredential(r) {
		return nil, nil
	}
	token := s.Site.ReadCookie(r, web.Session)
	if token == "" {
		return nil, nil
	}
	v, roles, err := s.Sessions.Lookup(r.Context(), token)
	if err != nil {
		return nil, err
	}
	return &identity.Principal{
		Scheme: identity.SchemeCookie, UserID: v.UserID, SessionID: v.ID, Roles: roles, Cookie: true,
		AuthTime: v.AuthTime(), AMR: identity.AMR(v.Proofs), ACR: identity.ACR(v.Proofs),
	}, nil
}
