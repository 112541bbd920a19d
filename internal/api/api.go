// Package api is the JSON face of the house: signing in, the account of whoever is signed
// in (me.go), and administration (admin.go).
//
// It owns the routes of the HTTP contract and the shapes of their bodies, and from both the
// OpenAPI document. It is thin: decode, call a noun or a verb, encode. It knows no rule.
package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/access"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/client"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/captcha"
	"github.com/gatehouse-id/gatehouse/internal/recovery"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/keyring"
	"github.com/gatehouse-id/gatehouse/session"
	"github.com/gatehouse-id/gatehouse/tenant"
	"github.com/gatehouse-id/gatehouse/throttle"
	"github.com/gatehouse-id/gatehouse/webhook"
)

// An API has the routes of the contract. All fields are required but Captcha.
type API struct {
	Site     *web.Site
	Forgery  *web.Forgery
	Flow     *authn.Flow
	Verifier *recovery.Verifier
	Restorer *recovery.Restorer
	Accounts *account.Store
	Sessions *session.Store
	Keys     *keyring.Ring
	Log      *audit.Log
	Access   *access.Store
	Clients  *client.Store
	Tenants  *tenant.Store
	Webhooks *webhook.Store
	Ready    func(*http.Request) map[string]error // the state of each dependency, nil for a good one
	// Once is the guard's: it asks the demands that an operator writes into the query of
	// GET /auth/check.
	Once    func(name string, rule guard.Rule, next http.Handler) http.Handler
	Explain func(context.Context, identity.RequestID) (guard.Explanation, error)
	Captcha captcha.Captcha // nil: none
}

// Routes returns every route of the contract that has JSON bodies.
func (a *API) Routes() []guard.Route {
	calls := slices.Concat(
		a.signingIn(), a.steppingUp(), a.registering(), a.byMail(), a.me(), a.credentials(), a.factors(), a.apiKeys(),
		a.organizations(), a.admin(), a.clients(), a.policies(), a.webhooks(), a.explaining(),
	)
	for i := range calls {
		calls[i].Rule.Call = true
	}
	// What follows is called by servers for all of their users, or is the same for everybody.
	return slices.Concat(calls, a.renewing(), a.decisions(), a.checking(), a.documents())
}

// none is the body of an operation that has none.
type none struct{}

// A call is one request on its way through an operation.
type call struct {
	w http.ResponseWriter
	r *http.Request
}

// me returns who calls. Only routes that are not public have somebody for certain.
func (c call) me() *identity.Principal { return identity.FromContext(c.r.Context()) }

// id returns the ID that the path names.
func (c call) id() string { return c.r.PathValue("id") }

// method returns the method that the path names.
func (c call) method() identity.MethodID {
	return identity.MethodID(cmp.Or(c.r.PathValue("method"), c.id()))
}

// op makes a route of a function, so that the types it decodes and encodes are the types
// that the OpenAPI document tells. In is the body or, of what only reads, the query.
func op[In, Out any](pattern, summary string, rule guard.Rule, status int, fn func(call, In) (Out, error)) guard.Route {
	handler := web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		var in In
		read := func() error { return query(r, &in) }
		if web.Unsafe(r) {
			read = func() error { return web.Decode(w, r, &in) }
		}
		if err := read(); err != nil {
			return err
		}
		out, err := fn(call{w, r}, in)
		if err != nil {
			return err
		}
		if _, empty := any(out).(none); empty {
			w.WriteHeader(status)
			return nil
		}
		return web.JSON(w, status, out)
	})
	return guard.Route{Pattern: pattern, Rule: rule, Handler: handler, About: guard.Operation{Summary: summary, In: body(*new(In)), Out: body(*new(Out)), Status: status}}
}

func body(v any) any {
	if _, empty := v.(none); empty {
		return nil
	}
	return v
}

// message is the body of an answer that only says something.
type message struct {
	Message string `json:"message"`
}

// state is the body of an answer that says where something stands.
type state struct {
	Status string `json:"status"`
}

// page is a list with the cursor of the next part, null at the end.
type page[T any] struct {
	Items      []T     `json:"items"`
	NextCursor *string `json:"nextCursor"`
}

func paged[From, T any](list []From, next string, show func(From) T) page[T] {
	p := page[T]{Items: make([]T, 0, len(list))}
	for _, v := range list {
		p.Items = append(p.Items, show(v))
	}
	if next != "" {
		p.NextCursor = &next
	}
	return p
}

// public is the rule of what strangers call: proof of origin only.
var public = guard.Rule{Public: true}

// anonymous is the rule of documents, which are the same for everybody.
var anonymous = guard.Rule{Public: true, Anonymous: true}

// limited is public with one of the limits of the house.
func (a *API) limited(n throttle.Name) guard.Rule {
	return guard.Rule{Public: true, Limit: a.Flow.Limiter.Rate(n)}
}

// freshness is how old the last proof may be for what is dangerous.
const freshness = 5 * time.Minute
