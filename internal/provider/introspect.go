package provider

import (
	"net/http"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/token"
)

// introspection is what a service learns of a token (RFC 7662 section 2.2): its claims where it is
// good, and nothing else where it is not, whatever the cause.
type introspection struct {
	Active    bool   `json:"active"`
	TokenType string `json:"token_type,omitempty"`
	*token.Claims
}

// introspect answers POST /oauth/introspect. A token is judged as at the house's own routes:
// whatever would be refused there is inactive here (INT-01, INT-02). Only access tokens are ever
// active: to a service that takes them no other is good for anything, so token_type_hint changes
// nothing.
func (p *Provider) introspect(w http.ResponseWriter, r *http.Request) error {
	in, err := form(w, r)
	if err != nil {
		return err
	}
	text := in.Get("token")
	if text == "" {
		return identity.ErrInvalid.With("token", "is missing")
	}
	c, err := p.Tokens.Verify(text)
	if err == nil {
		err = p.Tokens.Check(r.Context(), c)
	}
	switch {
	case err == nil:
		return web.JSON(w, http.StatusOK, introspection{true, "Bearer", c})
	case identity.KindOf(err) == identity.Unauthenticated:
		return web.JSON(w, http.StatusOK, introspection{})
	default:
		return err // not known is not inactive, and not active: the service must refuse
	}
}

// revoke answers POST /oauth/revoke (RFC 7009): a client ends a token of its own. What is no token,
// or none any more, is ended already. To the owner of a token that is somebody else's nothing is
// told that it did not have: it has the token.
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) error {
	in, err := form(w, r)
	if err != nil {
		return err
	}
	text := in.Get("token")
	if text == "" {
		return identity.ErrInvalid.With("token", "is missing")
	}
	c, err := p.Tokens.Verify(text)
	switch {
	case identity.KindOf(err) == identity.Unauthenticated:
		return done(w)
	case err != nil:
		return err
	case !c.Own() || c.ClientID != identity.FromContext(r.Context()).ClientID:
		return errOwner
	}
	if err := p.Tokens.Revoke(r.Context(), c); err != nil {
		return err
	}
	return done(w)
}

// done answers that a token is over, without a body (RFC 7009 section 2.2).
func done(w http.ResponseWriter) error {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	return nil
}
