package api_test

import "testing"

// An administrator is told why a request was refused and what would have passed; the caller is
// told neither (AUZ-22).
func TestExplain(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(admin, "admin")
		user := f.person(alice)
		boss, caller := f.signedIn(admin, "native"), f.signedIn(alice, "native")
		denied := caller.call("GET", "/admin/api/users", nil).is(403, "INSUFFICIENT_PERMISSIONS")
		stranger := f.program().do("GET", "/auth/me", nil).is(401, "NO_CREDENTIALS")
		path := func(a answer) string { return "/admin/api/requests/" + a.header.Get("X-Request-Id") }

		a := boss.call("GET", path(denied), nil).is(200, "INSUFFICIENT_PERMISSIONS") // the code that it explains
		for member, want := range map[string]any{
			"requestId": denied.header.Get("X-Request-Id"), "route": "GET /admin/api/users", "step": "permission", "scheme": "bearer",
			"caller": string(user.ID), "roles.0": "user", "reason": "no role grants gatehouse:admin",
			"demand": "permission gatehouse:admin", "passes.0": "role admin",
		} {
			if got := a.at(member); got != want {
				f.Errorf("%s is %v, want %v", member, got, want)
			}
		}
		if a := boss.call("GET", path(stranger), nil).is(200, "NO_CREDENTIALS"); a.at("step") != "authenticate" {
			f.Errorf("%s", a.text)
		}
		boss.call("GET", "/admin/api/requests/req_06dqsacch1nkg3y558zn9mx6wc", nil).is(404, "NOT_FOUND")
		caller.call("GET", path(denied), nil).is(403, "INSUFFICIENT_PERMISSIONS")
	})
}
