package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/policy"
)

const posts = `permissions: [posts:read, posts:edit]
roles:
  user: [posts:read, "posts:edit:own"]
resources:
  Post: {locked: Bool, createdAt: datetime, size: Long, tags: Set<String>, title: String}
conditions: |
  @id("locked")
  forbid (principal, action in Action::"posts", resource is Post) when { resource.locked };
`

// An administrator puts a policy in force, looks at what another would do, and takes it back.
func TestPolicyAdministration(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.person(alice)
		f.person(admin, "admin")
		boss, d := f.signedIn(admin, "cookie"), f.signedIn(alice, "cookie")
		a := boss.call("GET", "/admin/api/policy", nil).is(200, "").
			has("", "id", "source", "text", "permissions", "roles", "organizationRoles", "scopes")
		if a.at("source") != "built-in" || a.at("id") != nil || a.at("roles.admin.0") != "gatehouse:admin" {
			t.Errorf("%s", a.text)
		}
		check := func(text string) answer {
			return boss.call("POST", "/admin/api/policy/check", message{"policy": text}).is(200, "").has("", "ok", "errors")
		}
		if a := check("roles:\n  user: [posts:*]\n"); a.at("ok") != false || a.at("errors.0.line") != 2.0 || !strings.Contains(a.str("errors.0.error"), "not registered") {
			t.Errorf("%s", a.text)
		}
		if a := check(posts); a.at("ok") != true {
			t.Errorf("%s", a.text)
		}
		boss.call("PUT", "/admin/api/policy", message{"policy": "roles: {user: [x]}"}).is(400, "VALIDATION_FAILED").names("policy")
		for _, route := range []string{"PUT /admin/api/policy", "PUT /admin/api/policy/shadow", "POST /admin/api/policy/check"} {
			method, path, _ := strings.Cut(route, " ")
			boss.call(method, path, message{}).is(400, "VALIDATION_FAILED").names("policy")
		}
		boss.call("PUT", "/admin/api/policy", message{"policy": strings.Repeat("#", 65<<10)}).is(413, "TOO_LARGE")
		first := boss.call("PUT", "/admin/api/policy", message{"policy": posts}).is(200, "").str("id")
		if a := d.me(); len(a.at("permissions").([]any)) != 2 {
			t.Errorf("%s", a.text)
		}
		f.wait(time.Second)
		boss.call("PUT", "/admin/api/policy/shadow", message{"policy": "{}"}).is(200, "").has("",
			"id", "state", "actor", "createdAt", "text", "fault", "decided", "failed", "differences", "others")
		if a := d.call("POST", "/auth/decisions", message{"permission": "posts:read"}).is(200, ""); a.at("allowed") != true {
			t.Errorf("%s", a.text)
		}
		if a := boss.call("GET", "/admin/api/policy/shadow", nil).is(200, ""); a.at("differences.0.permission") != "posts:read" ||
			a.at("differences.0.would") != false || a.at("differences.0.last.caller") != string(user.ID) {
			t.Errorf("%s", a.text)
		}
		boss.call("DELETE", "/admin/api/policy/shadow", nil).is(204, "")
		boss.call("GET", "/admin/api/policy/shadow", nil).is(404, "NOT_FOUND")
		boss.call("PUT", "/admin/api/policy", message{"policy": "{}"}).is(200, "")
		boss.call("POST", "/admin/api/policy/rollback", message{"id": "\x00"}).is(404, "NOT_FOUND")
		if a := boss.call("POST", "/admin/api/policy/rollback", message{"id": first}).is(200, ""); a.at("text") != posts {
			t.Errorf("%s", a.text)
		}
		if a := boss.call("GET", "/admin/api/policy/history", nil).is(200, "").has("items.0", "id", "state", "actor", "createdAt"); len(a.at("items").([]any)) != 3 {
			t.Errorf("%s", a.text)
		}
		if a := boss.call("GET", "/admin/api/policy/history/"+first, nil).is(200, ""); a.at("text") != posts {
			t.Errorf("%s", a.text)
		}
		roles := boss.call("GET", "/admin/api/users/"+string(user.ID)+"/roles", nil).is(200, "").has("", "roles", "organizations", "history")
		if roles.at("roles.0") != "user" {
			t.Errorf("%s", roles.text)
		}
	})
}

// A policy that is code is changed in the code.
func TestConfiguredPolicy(t *testing.T) {
	f := one(t, func(c *gatehouse.Config) { c.Policy = &policy.File{} })
	f.person(admin, "admin")
	f.signedIn(admin, "cookie").call("PUT", "/admin/api/policy", message{"policy": "{}"}).is(409, "CONFLICT")
}
