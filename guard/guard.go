// Package guard protects routes. A Rule says what a route demands; the order in which the
// demands are checked is the house's and cannot be got wrong:
//
//	limit → authenticate → permit → own → fresh → handler → record
//
// It owns that order, the Rule, and the Scheme by which a request proves itself (RFC 9110
// section 11). It does not know any scheme, nor what a handler does. 401 says that nobody
// is established, 403 that somebody is who may not, 404 that there is nothing they may
// know of (GEN-03, AUZ-17).
package guard

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// A Rule says what a route demands of a request.
// The zero Rule demands that the caller be authenticated.
//
// With an Owner, a caller who holds the Permission may act on any resource and one who
// holds it with ":own" on their own; without a Permission, only the owner may. For anyone
// else there is no such resource: 404, not 403.
type Rule struct {
	Public     bool              // anyone may call; a credential that is not valid counts as none
	Anonymous  bool              // public, and no credential is read: for what is the same for everybody
	CrossSite  bool              // other sites may send forms here, as a protocol demands
	Limit      throttle.Rate     // how often one address may call; zero: as often as it likes
	Permission policy.Permission // what the caller must be allowed to do
	Owner      OwnerFunc         // whose the resource is
	Fresh      time.Duration     // how recently the caller must have proved who they are
	Audit      string            // the type of event to record when the handler has run
}

// An OwnerFunc returns the owner of the resource that a request names. Its error is the
// answer; identity.ErrNotFound where there is no such resource.
type OwnerFunc func(*http.Request) (identity.UserID, error)

// A Scheme authenticates a single request: a session cookie, a bearer token, an API key.
// It returns nil, nil if the request does not use the scheme. It sets Principal.Cookie when
// the credential was a cookie, and reads none where web.HeaderCredential says that a header
// field is the credential. Package schemetest checks what every scheme must do.
type Scheme interface {
	Authenticate(*http.Request) (*identity.Principal, error)
}

// A Route is one line of what the house answers.
type Route struct {
	Pattern string // of net/http.ServeMux: "POST /auth/login"
	Rule    Rule
	Handler http.Handler
	About   Operation
}

// An Operation describes a route for the OpenAPI document. The zero Operation is left out
// of it: a page is no API.
type Operation struct {
	Summary string
	In      any // a value of the body's type; nil: no body
	Out     any // a value of the answer's type; nil: no body
	Status  int // of success; 0 means 200
}

// A Guard applies rules. All fields are required but Assured and Confirmed.
type Guard struct {
	Site    *web.Site
	Forgery *web.Forgery
	Schemes []Scheme
	Limiter *throttle.Limiter
	Roles   policy.Set
	Log     *audit.Log
	Now     func() time.Time
	// Assured reports whether the sign-in of a person reached the assurance that their roles
	// demand: before, no permission of theirs counts. nil: it did.
	Assured func(p *identity.Principal) bool
	// Confirmed reports whether what the caller proved within age is all that they have to
	// prove: of whoever has a second factor, the password alone is not. nil: it is.
	Confirmed func(ctx context.Context, p *identity.Principal, age time.Duration) (bool, error)
}

// ErrAPIKey is an API key that opens nothing.
var ErrAPIKey = &identity.Error{Kind: identity.Unauthenticated, Code: "INVALID_API_KEY", Message: "This API key is not valid."}

// Protect returns next behind the rule. The name tells the route apart for limits and for
// the log where the request does not carry the pattern of net/http.ServeMux.
func (g *Guard) Protect(name string, rule Rule, next http.Handler) http.Handler {
	d := &door{g, name, rule, next}
	return web.Handler(d.serve)
}

// A door is one route with its rule.
type door struct {
	*Guard
	name string
	rule Rule
	next http.Handler
}

func (d *door) serve(w http.ResponseWriter, r *http.Request) error {
	r = d.Site.Enter(w, r)
	if d.Site.CrossOrigin(w, r) {
		return nil
	}
	r, err := d.admit(w, r)
	if err != nil {
		// The answer must carry what Enter put into the context.
		web.Fail(w, r, err)
		return nil
	}
	if d.rule.Audit == "" {
		d.next.ServeHTTP(w, r)
		return nil
	}
	seen := &web.Witness{ResponseWriter: w}
	d.next.ServeHTTP(seen, r)
	d.record(r, seen.Status())
	return nil
}

// admit asks the rule's demands in the only order there is.
func (d *door) admit(w http.ResponseWriter, r *http.Request) (*http.Request, error) {
	if err := d.limit(w, r); err != nil {
		return r, err
	}
	p, err := d.authenticate(r)
	if err != nil {
		return r, err
	}
	if p != nil {
		r = r.WithContext(identity.NewContext(r.Context(), p))
	}
	if err := d.notForged(w, r, p); err != nil {
		return r, err
	}
	for _, demand := range []func(*http.Request, *identity.Principal) error{d.permit, d.own, d.fresh} {
		if err := demand(r, p); err != nil {
			d.denied(r, p, err)
			return r, err
		}
	}
	return r, nil
}

func (d *door) authenticate(r *http.Request) (*identity.Principal, error) {
	if d.rule.Anonymous {
		return nil, nil
	}
	if len(r.Header["Authorization"]) > 1 {
		return nil, identity.ErrInvalid.With("Authorization", "stands twice")
	}
	p, err := d.principal(r)
	if err != nil && d.rule.Public && identity.KindOf(err) == identity.Unauthenticated {
		return nil, nil // a stale cookie must not keep anybody from the sign-in page
	}
	return p, err
}

func (d *door) principal(r *http.Request) (*identity.Principal, error) {
	for _, s := range d.Schemes {
		if p, err := s.Authenticate(r); p != nil || err != nil {
			return p, err
		}
	}
	switch {
	case r.Header.Get("X-API-Key") != "":
		return nil, ErrAPIKey
	case r.Header.Get("Authorization") != "":
		return nil, identity.ErrInvalidToken
	default:
		return nil, identity.ErrNoCredentials
	}
}

// notForged demands of a browser that one of our pages sent it. Where the credential was a
// header field no page could have been tricked into sending it.
func (d *door) notForged(w http.ResponseWriter, r *http.Request, p *identity.Principal) error {
	if d.rule.CrossSite || web.HeaderCredential(r) {
		return nil
	}
	return d.Forgery.Check(w, r, p != nil && p.Cookie && !d.rule.Public)
}

func (d *door) permit(_ *http.Request, p *identity.Principal) error {
	if d.rule.Permission == "" {
		return nil
	}
	if p == nil {
		return identity.ErrNoCredentials
	}
	v := policy.Authorize(d.Roles, p, d.rule.Permission)
	switch {
	case v.Allow, v.Own && d.rule.Owner != nil:
		return d.assured(p)
	case v.Scope:
		return identity.ErrScope.Because(reason(v.Reason))
	}
	return identity.ErrForbidden.Because(reason(v.Reason))
}

// assured asks for the assurance that the roles of a person demand. Threat: whoever is given a
// role while signed in by a password alone would have it without the second factor that
// everybody else needs for it.
func (d *door) assured(p *identity.Principal) error {
	if d.Assured == nil || d.Assured(p) {
		return nil
	}
	weak := *identity.ErrStale
	weak.ACR = "aal2"
	return &weak
}

func (d *door) own(r *http.Request, p *identity.Principal) error {
	if d.rule.Owner == nil {
		return nil
	}
	if p == nil {
		return identity.ErrNoCredentials
	}
	if d.rule.Permission != "" && policy.Authorize(d.Roles, p, d.rule.Permission).Allow {
		return nil
	}
	owner, err := d.rule.Owner(r)
	if err != nil {
		return err
	}
	if owner == "" || owner != p.UserID {
		return identity.ErrNotFound.Because(reason("somebody else's"))
	}
	return nil
}

func (d *door) fresh(r *http.Request, p *identity.Principal) error {
	if d.rule.Fresh == 0 {
		return nil
	}
	if p == nil {
		return identity.ErrNoCredentials
	}
	// auth_time, not iat: a silent refresh proves nothing about the person (BUG-09).
	recent := !p.AuthTime.IsZero() && d.Now().Sub(p.AuthTime) <= d.rule.Fresh
	if recent && d.Confirmed != nil {
		var err error
		if recent, err = d.Confirmed(r.Context(), p, d.rule.Fresh); err != nil {
			return err
		}
	}
	if recent {
		return nil
	}
	stale := *identity.ErrStale
	stale.MaxAge = d.rule.Fresh
	return &stale
}

// route is what limits and the log call the route.
func (d *door) route(r *http.Request) string { return cmp.Or(r.Pattern, d.name) }

type reason string

func (r reason) Error() string { return string(r) }
