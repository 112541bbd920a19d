package verify

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/gatehouse-id/gatehouse/identity"
)

// ErrInactive is a token that the issuer says is over, whatever it says itself (INT-04).
var ErrInactive = &identity.Error{Kind: identity.Unauthenticated, Code: "TOKEN_INACTIVE", Message: "Token is inactive or revoked"}

// Introspect is Verify, and then asks the issuer whether the token still stands (RFC 7662): the
// session is alive, the roles are those of the token, nobody revoked it. Besides the errors of
// Verify it returns ErrInactive, and identity.ErrUnavailable for every answer that is no answer.
func (v *Verifier) Introspect(ctx context.Context, token string) (*identity.Principal, error) {
	c, err := v.verify(ctx, token)
	if err == nil {
		err = v.introspect(ctx, token, c)
	}
	if err != nil {
		return nil, err
	}
	return c.caller(), nil
}

// introspect asks whether a token, whose claims are c, still stands. Threat: whoever keeps us from
// the issuer must not keep a revoked token alive, so what is no yes is never one (BUG-19).
func (v *Verifier) introspect(ctx context.Context, token string, c *claims) error {
	id, asked := fingerprint(token), v.config.Now()
	if until, ok := v.stands.get(id); ok && asked.Before(until) {
		return nil
	}
	active, err := v.ask(ctx, token, c)
	if err != nil {
		return identity.ErrUnavailable.In(retryPause).Because(err)
	}
	if !active {
		return ErrInactive
	}
	if v.config.Remember > 0 {
		v.stands.put(id, asked.Add(v.config.Remember))
	}
	return nil
}

// ask sends the one request. The token travels in the body, where no log writes it down.
func (v *Verifier) ask(ctx context.Context, token string, c *claims) (active bool, err error) {
	k, err := v.source.known(ctx, v.config.Now())
	if err != nil {
		return false, err
	}
	if k.Introspection == "" {
		return false, errors.New("the issuer offers no introspection")
	}
	ctx, cancel := context.WithTimeout(ctx, callLife)
	defer cancel()
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, k.Introspection, strings.NewReader(form.Encode()))
	if err != nil {
		return false, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	// RFC 6749 section 2.3.1 encodes both as in a form, before they are joined by a colon.
	r.SetBasicAuth(url.QueryEscape(string(v.config.ClientID)), url.QueryEscape(v.config.ClientSecret))
	text, err := v.source.call(r)
	if err != nil {
		return false, err
	}
	return parseAnswer(text, c)
}

// parseAnswer reads the answer of RFC 7662 section 2.2. A yes about another token is an answer to
// somebody else's question, and so none.
func parseAnswer(text []byte, c *claims) (active bool, err error) {
	var a struct {
		Active  *bool           `json:"active"`
		Issuer  string          `json:"iss"`
		Subject identity.UserID `json:"sub"`
		ID      string          `json:"jti"`
	}
	switch err := json.Unmarshal(text, &a); {
	case err != nil || a.Active == nil:
		return false, errors.New("the answer to the introspection is none of RFC 7662")
	case !*a.Active:
		return false, nil
	case a.Issuer != "" && a.Issuer != c.Issuer, a.Subject != "" && a.Subject != c.Subject, a.ID != "" && a.ID != c.ID:
		return false, errors.New("the answer to the introspection is about another token")
	}
	return true, nil
}
