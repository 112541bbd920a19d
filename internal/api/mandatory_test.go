package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// post is a route of an embedding program whose resource belongs to somebody.
func (f *fixture) post(owner identity.UserID) {
	mux := http.NewServeMux()
	mux.Handle("/", f.gate.Handler())
	mux.Handle("DELETE /posts/{id}", f.gate.Protect(guard.Rule{
		Permission: "posts:delete", Owner: func(*http.Request) (policy.Resource, error) { return policy.Resource{Owner: owner}, nil },
	}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })))
	f.transport = serve(f, mux, false)
}

// The six cases that nobody may leave out (TST-02, GEN-03), each with a code that stays while
// its text may be translated (CON-25).
func TestMandatoryCases(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice, "author")
		f.post(f.person(bob, "author").ID)
		d := f.signedIn(alice, "native")
		bare := f.program()

		// 1. A missing header (JWT-17).
		bare.do("GET", "/auth/me", nil).is(401, "NO_CREDENTIALS")

		// 2. A malformed or truncated token (JWT-19).
		for _, token := range []string{"x", "a.b.c", d.access[:len(d.access)-1], d.access[:strings.LastIndexByte(d.access, '.')], d.access + "A"} {
			(&device{fixture: f, header: http.Header{"Authorization": {"Bearer " + token}}}).do("GET", "/auth/me", nil).is(401, "INVALID_TOKEN")
		}

		// 4. A valid token of somebody who has not the role.
		d.me().is(200, "")
		d.call("GET", "/admin/api/users", nil).is(403, "INSUFFICIENT_PERMISSIONS")

		// 5. A valid token of somebody who is not the owner: there is no such thing for them.
		d.call("DELETE", "/posts/1", nil).is(404, "NOT_FOUND")
		f.signedIn(bob, "native").call("DELETE", "/posts/1", nil).is(204, "")

		// 3. A token that has expired: nothing outlives it anywhere (JWT-06, JWT-18, JWT-23).
		f.wait(15 * time.Minute)
		d.me().is(401, "TOKEN_EXPIRED")

		// 6. A refresh token that was used before.
		used := d.refresh
		d.renew().is(200, "")
		d.renew().is(200, "")
		f.wait(time.Minute)
		bare.do("POST", "/auth/refresh", message{"refreshToken": used}).is(401, "TOKEN_REUSED")
		d.renew().is(401, "TOKEN_REUSED")
		d.me().is(401, "TOKEN_REVOKED")
	}, func(c *gatehouse.Config) {
		c.Policy = &policy.File{Roles: map[string][]policy.Permission{"author": {"posts:delete:own"}}}
	})
}
