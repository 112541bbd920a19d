package gatehouse

import (
	"context"
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// This file is for those who prefer chains of middleware to a Rule (MWS-01). Each of these demands
// one thing, and that somebody is authenticated where it must know who asks: a chain cannot be put
// together so that a decision comes before the identity (GEN-02). What one of them has established
// the next one keeps, so that nothing is paid twice. The order of a chain is its author's; that of
// a Rule is always right.

// Require demands all that a rule does. It may be put before a handler anew for each request, as
// some frameworks do: what it counts it counts together.
func (g *Gate) Require(rule guard.Rule) func(http.Handler) http.Handler {
	name := g.embed()
	return func(h http.Handler) http.Handler { return g.guard.Protect(name, rule, h) }
}

// Authenticate demands that the caller be authenticated: 401 for anybody else.
func (g *Gate) Authenticate() func(http.Handler) http.Handler { return g.Require(guard.Rule{}) }

// RequireRole demands one of some roles: 403 for anybody else (AUZ-04). Without a role nobody
// passes. Prefer RequirePermission: what a role may do is the policy's to say.
func (g *Gate) RequireRole(roles ...string) func(http.Handler) http.Handler {
	return g.Require(guard.Rule{Roles: append([]string{}, roles...)})
}

// RequirePermission demands a permission: 403 for anybody else (AUZ-08). With OwnsResource right
// behind it, or behind others of this file, it lets those pass too who hold it on what they own,
// and OwnsResource judges. It panics if the permission is not registered.
func (g *Gate) RequirePermission(want policy.Permission) func(http.Handler) http.Handler {
	return g.Require(guard.Rule{Permission: want})
}

// OwnsResource loads the resource of a request, for the handler to find by guard.Loaded, and
// demands that it be the caller's: to anybody else there is none, 404 (AUZ-18). Whoever holds on
// any resource the permission that RequirePermission demands right before it passes as well, and
// without one whoever administers the house.
func (g *Gate) OwnsResource(load guard.OwnerFunc) func(http.Handler) http.Handler {
	return g.Require(guard.Rule{Owner: load})
}

// RequireFreshAuth demands that the caller proved who they are at most age ago; 0 means 300
// seconds (ZTR-05). A caller whose proof is older is asked for another: 401 STALE_TOKEN.
func (g *Gate) RequireFreshAuth(age time.Duration) func(http.Handler) http.Handler {
	if age == 0 {
		age = 300 * time.Second
	}
	return g.Require(guard.Rule{Fresh: age})
}

// LoginLimiter limits how often one address may call: 429 beyond. The zero Rate is ten times in 15
// minutes. It asks nothing else, and so may stand before a sign-in of yours. Unlike the house's
// own sign-in it does not read the body: it counts addresses, not accounts, and every call, not
// only those that fail (RAT-01).
func (g *Gate) LoginLimiter(rate throttle.Rate) func(http.Handler) http.Handler {
	if rate.N == 0 {
		rate = throttle.Rate{N: 10, Per: 15 * time.Minute}
	}
	return g.Require(guard.Rule{Public: true, Anonymous: true, CrossSite: true, Limit: rate})
}

// AuditLog records an event of a type when the handler has run, with its status. It stands right
// before the handler, so that it tells of requests that passed (MWS-04); the denials of
// authenticated callers are recorded anyway.
func (g *Gate) AuditLog(event string) func(http.Handler) http.Handler {
	return g.Require(guard.Rule{Public: true, CrossSite: true, Audit: event})
}

// Guard returns what judges requests, for adapters of other protocols: package guardgrpc.
func (g *Gate) Guard() *guard.Guard { return g.guard }

// Explain says why a request was refused, and what would have passed. It is for operators: told to
// a caller it would be an oracle. Of a request that nothing is known of, because it was let in, or
// refused to a stranger by another process or long ago, it returns identity.ErrNotFound.
func (g *Gate) Explain(ctx context.Context, id identity.RequestID) (guard.Explanation, error) {
	return g.guard.Explain(ctx, id)
}
