package guard_test

import (
	"net/http"
	"testing"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// conditional is a policy in which conditions give and take.
var conditional = policy.File{
	Permissions: []policy.Permission{"posts:read", "posts:edit", "posts:burn"},
	Roles:       map[string][]policy.Permission{"reader": {"posts:read"}, "editor": {"posts:edit"}, "author": {"posts:edit:own"}},
	Resources:   map[string]map[string]string{"Post": {"open": "Bool", "locked": "Bool"}},
	Conditions: `@id("open") permit (principal, action == Action::"posts:edit", resource is Post) when { resource.open };
@id("locked") forbid (principal, action == Action::"posts:edit", resource is Post) when { resource.locked };
@id("managed") forbid (principal, action == Action::"posts:burn", resource) unless { context.posture == "managed" };`,
}

// Who may know that a resource exists is told that the policy denies it; for anybody else there is
// none, whatever it forbids (AUZ-14, AUZ-17, CON-13).
func TestPolicyDenied(t *testing.T) {
	f := open(t, &conditional)
	for _, c := range []struct {
		what         string
		roles        string
		owner        identity.UserID
		open, locked bool
		status       int
		code         string
	}{
		{"open to everybody", "user", "usr_2", true, false, 204, ""},
		{"closed, theirs", "user", "usr_1", false, false, 403, "POLICY_DENIED"},
		{"closed, somebody else's that they may read", "reader", "usr_2", false, false, 403, "POLICY_DENIED"},
		{"closed, somebody else's", "user", "usr_2", false, false, 404, "NOT_FOUND"},
		{"locked, theirs", "author", "usr_1", false, true, 403, "POLICY_DENIED"},
		{"locked, any", "editor", "usr_2", false, true, 403, "POLICY_DENIED"},
		{"locked, somebody else's", "author", "usr_2", false, true, 404, "NOT_FOUND"},
		{"locked, open, and neither theirs nor to be read", "user", "usr_2", true, true, 404, "NOT_FOUND"},
	} {
		f.caller = user("usr_1", c.roles)
		f.is(c.what, f.ask(c.what, guard.Rule{Permission: "posts:edit", Owner: func(*http.Request) (policy.Resource, error) {
			return policy.Resource{Type: "Post", Owner: c.owner, Attributes: map[string]any{"open": c.open, "locked": c.locked}}, nil
		}}), c.status, c.code)
	}
}

// The posture of a device is what was proved, never what the request says (ZTR-09).
func TestPosture(t *testing.T) {
	f := open(t, &conditional)
	f.caller = user("usr_1", "admin")
	claims := func(r *http.Request) { r.Header.Set("Device-Posture", "managed") }
	rule := guard.Rule{Permission: "posts:burn"}
	f.is("unknown", f.ask("route", rule, claims), 403, "POLICY_DENIED")
	for posture, status := range map[string]int{"managed": 204, "unmanaged": 403, "": 403} {
		f.Posture = func(*http.Request) string { return posture }
		f.is(posture, f.ask("route", rule, claims), status, map[int]string{403: "POLICY_DENIED"}[status])
	}
}
