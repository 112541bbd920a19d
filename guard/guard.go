// Package guard protects routes. A Rule says what a route demands; the order in which the
// demands are checked is the house's and cannot be got wrong:
//
//	limit → authenticate → permit → own → condition → fresh → handler → record
//
// It owns that order, the Rule, and the Scheme by which a request proves itself (RFC 9110
// section 11). It does not know any scheme, nor what a handler does. 401 says that nobody
// is established, 403 that somebody is who may not, 404 that there is nothing they may
// know of (GEN-03, AUZ-17).
package guard

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/access"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// A Rule says what a route demands of a request.
// The zero Rule demands that the caller be authenticated, by a credential that is not limited
// by scopes: a route that names neither Permission nor Scope is not for a key that was made for
// something else.
//
// With an Owner, a caller who holds the Permission may act on any resource and one who
// holds it with ":own" on their own; without a Permission, the owner may, and whoever
// administers the house (AUZ-18). For anyone else there is no such resource: 404, not 403.
type Rule struct {
	Public    bool // anyone may call; a credential that is not valid counts as none
	Anonymous bool // public, and no credential is read: for what is the same for everybody
	CrossSite bool // other sites may send forms here, as a protocol demands
	// Limit is how often one address may call; zero: as often as it likes.
	Limit throttle.Rate
	// Call counts what strangers call with all other such routes, by their address
	// (throttle.Calls). A call with a good credential is not counted, unless the route is Public.
	Call bool
	// Schemes are those that open the route; nil: all. A credential of another scheme is
	// answered 403. Naming a scheme is also consent to credentials that are limited by scopes.
	Schemes []identity.SchemeID
	// Organization says in which organization the caller acts, so that their roles there count:
	// that of the path, or BoundTo. nil: in none. For outsiders there is no such organization: 404.
	Organization func(*http.Request) identity.TenantID
	// Roles are those of which the caller must have one, everywhere or in the Organization; nil:
	// none is asked for. Prefer a Permission: what a role may do is the policy's to say (AUZ-08).
	Roles []string
	// Permission is what the caller must be allowed to do; it must be registered.
	Permission policy.Permission
	// Scope is what the credential must name, whole (RFC 6749 section 3.3). A credential that is
	// not limited by scopes names none: the route is for one that was made for it (ZTR-03). A scope
	// never gives: its owner must have the permission, or of a scope that covers several one of them.
	Scope string
	// Owner loads the resource, once; the handler finds it by Loaded.
	Owner OwnerFunc
	// Condition is asked last of all that is asked about the resource. Its error is the answer:
	// Deny makes one. Conditions that are policy stand in the policy, in Cedar.
	Condition func(*http.Request) error
	// Fresh is how recently the caller must have proved who they are.
	Fresh time.Duration
	// Audit is the type of event to record when the handler has run.
	Audit string
}

// An OwnerFunc returns the resource that a request names. Its error is the answer;
// identity.ErrNotFound where there is no such resource. Whoever may know of the resource is
// judged by its Owner, its Organization and the conditions of the policy.
type OwnerFunc func(*http.Request) (policy.Resource, error)

// BoundTo is a Rule's Organization: the one that the credential is bound to.
func BoundTo(r *http.Request) identity.TenantID {
	if p := identity.FromContext(r.Context()); p != nil {
		return p.TenantID
	}
	return ""
}

type resourceKey struct{}

// Loaded returns the Value of the resource that the Rule's Owner loaded; the zero T where there
// is none or it is of another type.
func Loaded[T any](ctx context.Context) T {
	v, _ := ctx.Value(resourceKey{}).(*policy.Resource)
	if v == nil {
		var zero T
		return zero
	}
	t, _ := v.Value.(T)
	return t
}

// Deny is the answer of a Condition: 403, with a sentence for the caller, who knows already that
// the resource exists (AUZ-14).
func Deny(message string) error {
	e := *identity.ErrPolicy
	e.Message = message
	return &e
}

// A Scheme authenticates a single request: a session cookie, a bearer token, an API key.
// It returns nil, nil if the request does not use the scheme. It sets Principal.Cookie when
// the credential was a cookie, and reads none where web.HeaderCredential says that a header
// field is the credential. Package schemetest checks what every scheme must do.
type Scheme interface {
	Authenticate(*http.Request) (*identity.Principal, error)
}

// A Challenger is a Scheme that a 401 can ask for: where a Rule names Schemes, the answer lists
// the challenge of each (RFC 9110 section 11.6.1). Other answers never do. Threat: a browser that
// is asked for Basic opens a dialog of its own, which is no page of ours.
type Challenger interface {
	Scheme
	// ID is the scheme of the principals that it establishes.
	ID() identity.SchemeID
	// Challenge is its value of WWW-Authenticate: `Basic realm="gatehouse", charset="UTF-8"`.
	Challenge() string
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

// A Guard applies rules. All fields are required but Assured, Confirmed and Posture.
type Guard struct {
	Site    *web.Site
	Forgery *web.Forgery
	Schemes []Scheme
	Limiter *throttle.Limiter
	Access  *access.Store
	Log     *audit.Log
	Now     func() time.Time
	// Assured reports whether the sign-in of a person reached the assurance that their roles
	// demand: before, no permission of theirs counts. nil: it did.
	Assured func(p *identity.Principal) bool
	// Confirmed reports whether what the caller proved within age is all that they have to
	// prove: of whoever has a second factor, the password alone is not. nil: it is.
	Confirmed func(ctx context.Context, p *identity.Principal, age time.Duration) (bool, error)
	// Posture says how the device of a request is kept, for the conditions of the policy: only
	// what was proved, never what the request says of itself (ZTR-09). nil: nothing is known.
	Posture func(*http.Request) string

	refusals ring
}

// Protect returns next behind the rule. The name tells the route apart for limits and for
// the log where the request does not carry the pattern of net/http.ServeMux. It panics, as a
// mux does for a pattern, where the rule demands a permission that is not registered: such a
// route could open to nobody (AUZ-06).
func (g *Guard) Protect(name string, rule Rule, next http.Handler) http.Handler {
	g.check(name, rule)
	return g.newDoor(name, rule, next)
}

// Once is Protect for a rule that is made for a single request. A permission that is not registered
// is nobody's, and none that it demands binds the policy: strangers may choose it.
func (g *Guard) Once(name string, rule Rule, next http.Handler) http.Handler {
	return g.newDoor(name, rule, next)
}

func (g *Guard) check(name string, rule Rule) {
	if rule.Permission != "" && !g.Access.Demand(rule.Permission) {
		panic(fmt.Sprintf("gatehouse: %s demands the permission %q, which is not registered", name, string(rule.Permission)))
	}
}
