// Package apikey authenticates requests by an API key, from the field X-API-Key or, where it is
// no access token, from Authorization: Bearer (RFC 6750 section 2.1).
//
// It owns the step from a key to a principal. It does not know how keys are made or kept (the
// package of the same name of the nouns does). It reads no key from a URL, which ends up in logs,
// histories and Referer fields. A cookie beside a key is not read by any scheme (BUG-45).
package apikey

import (
	"net/http"
	"strings"

	"github.com/gatehouse-id/gatehouse/apikey"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// header is the field of its own that a key may stand in.
const header = "X-Api-Key" // as net/http spells it

// A Scheme reads API keys. Both fields are required. It stands before the bearer scheme, which
// would take a key for a broken token.
type Scheme struct {
	Keys    *apikey.Store
	Limiter *throttle.Limiter
}

var _ guard.Scheme = (*Scheme)(nil)

// ID names the scheme to rules.
func (s *Scheme) ID() identity.SchemeID { return identity.SchemeAPIKey }

// Challenge is what WWW-Authenticate says of the scheme (RFC 9110 section 11.6.1).
func (s *Scheme) Challenge() string { return `ApiKey realm="gatehouse"` }

// Authenticate implements guard.Scheme: one statement, so that a key that was revoked anywhere is
// dead with the next request. Its AuthTime is zero: no key is ever a fresh proof of a person.
func (s *Scheme) Authenticate(r *http.Request) (*identity.Principal, error) {
	text, sent, err := read(r)
	if err != nil || !sent {
		return nil, err
	}
	ip := identity.OriginOf(r.Context()).IP
	k, roles, err := s.Keys.Check(r.Context(), text, ip)
	if err != nil {
		return nil, s.failed(r, ip, err)
	}
	return &identity.Principal{Scheme: identity.SchemeAPIKey, UserID: k.UserID, KeyID: k.ID, Roles: roles, Scopes: k.Scopes, ACR: k.ACR}, nil
}

// failed counts a key that opens nothing: nobody guesses 256 bits, and the limit is for programs that
// go on with a key that is dead. Keys that do are not counted, and pass however many of
// their neighbours failed: behind one address there may be a whole company.
func (s *Scheme) failed(r *http.Request, ip string, err error) error {
	if identity.KindOf(err) != identity.Unauthenticated {
		return err
	}
	failures := throttle.Budget{Key: "api keys " + throttle.Network(ip), Rate: s.Limiter.Rate(throttle.FailedKeys)}
	if spent := s.Limiter.Fail(r.Context(), failures); spent != nil {
		return spent
	}
	return err
}

// read finds the key of a request. A second credential beside it is an error, not a choice: we and
// a proxy before us might choose differently. What X-API-Key holds is an API key and nothing else;
// a bearer token is one if it begins like one (BUG-11).
func read(r *http.Request) (text string, sent bool, err error) {
	own, authorization := r.Header[header], r.Header.Get("Authorization")
	switch {
	case len(own) > 1:
		return "", false, identity.ErrInvalid.With("X-API-Key", "stands twice")
	case len(own) == 1 && len(r.Header["Authorization"]) > 0:
		return "", false, identity.ErrInvalid.With("X-API-Key", "stands beside Authorization")
	case len(own) == 1:
		return own[0], own[0] != "", nil // an empty field is no credential, and lets no cookie count
	}
	scheme, text, _ := strings.Cut(authorization, " ")
	return text, strings.EqualFold(scheme, "Bearer") && apikey.Begins(text), nil
}
