// Package bearer authenticates requests by an access token (RFC 6750, RFC 9068), from the
// Authorization field or, in mode cookie-token, from the accessToken cookie.
//
// It owns the step from a token to a principal. It does not know how tokens are made.
package bearer

import (
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/token"
)

// A Scheme reads access tokens. Both fields are required.
type Scheme struct {
	Site   *web.Site
	Tokens *token.Store
}

var _ guard.Scheme = (*Scheme)(nil)

// Authenticate implements guard.Scheme: signature and claims, then one statement that asks
// whether the token still stands.
func (s *Scheme) Authenticate(r *http.Request) (*identity.Principal, error) {
	text, byCookie, err := s.read(r)
	if err != nil || text == "" {
		return nil, err
	}
	c, err := s.Tokens.Verify(text)
	if err != nil {
		return nil, err
	}
	if err := s.Tokens.Check(r.Context(), c); err != nil {
		return nil, err
	}
	// The roles in the organization are the guard's to add, on routes that are about it (Within).
	// Threat: whoever founds an organization may do everything there, and would everywhere.
	p := &identity.Principal{
		Scheme: identity.SchemeBearer, TenantID: c.Org,
		UserID: c.Subject, ClientID: c.ClientID, SessionID: c.SessionID, GrantID: c.GrantID, Roles: c.Roles,
		AuthTime: time.Unix(c.AuthTime, 0), AMR: c.AMR, ACR: c.ACR, Cookie: byCookie,
	}
	if c.Own() {
		p.UserID, p.AuthTime = "", time.Time{}
	}
	if c.Scope != "" || c.Own() { // a client's own token may do what it names, and nothing where it names nothing
		p.Scopes = strings.Fields(c.Scope)
	}
	return p, nil
}

// read finds the token of a request. The scheme's name is compared as RFC 9110 section 11.1
// says, without case, and nothing but one token may follow it (BUG-11).
func (s *Scheme) read(r *http.Request) (text string, byCookie bool, err error) {
	if !web.HeaderCredential(r) {
		return s.Site.ReadCookie(r, web.Access), true, nil
	}
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", false, nil
	}
	if text == "" || strings.ContainsAny(text, " \t,") {
		return "", false, identity.ErrInvalidToken
	}
	return text, false, nil
}
