package policy_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/policy"
)

// tested has a test of every kind; the last three are wrong on purpose.
const tested = young + `tests:
  - {name: an editor edits, as: {roles: [editor]}, do: posts:edit, on: {type: Post, locked: false, createdAt: 2026-01-01T00:00:00Z}, want: allow}
  - {name: in quotes, as: {roles: [editor]}, do: posts:edit, on: {type: Post, locked: false, createdAt: "2026-01-01T00:00:00Z"}, want: allow}
  - name: the owner, within a day
    as: {user: ada}
    do: posts:edit
    on: {type: Post, id: "42", owner: ada, locked: false, createdAt: 2026-01-01T13:00:00Z}
    at: 2026-01-02T12:00:00Z
    want: allow
  - {name: at another time, as: {user: ada}, do: posts:edit, on: {type: Post, owner: ada, locked: false, createdAt: 2026-01-01T13:00:00Z}, at: 2026-01-03T12:00:00Z, want: deny}
  - {name: at noon by itself, as: {user: ada}, do: posts:edit, on: {type: Post, owner: ada, locked: false, createdAt: 2026-01-01T11:00:00Z}, want: allow}
  - {name: limited, as: {roles: [editor], scopes: [read]}, do: posts:edit, want: deny}
  - {name: an owner there, as: {organization: org_1, organizationRoles: [owner]}, do: posts:read, on: {organization: org_1}, want: allow}
  - {name: a client, as: {client: cli_1, roles: [editor]}, do: posts:edit, want: allow}
  - name: locked for editors
    as: {roles: [editor]}
    do: posts:edit
    on: {type: Post, locked: true, createdAt: 2026-01-01T00:00:00Z}
    want: allow
  - {name: nobody, as: {}, do: posts:read, want: allow}
  - {name: administrators, as: {roles: [admin]}, do: posts:read, want: deny}
`

// The tests of a file run, and those that fail say what decided and where they stand.
func TestTest(t *testing.T) {
	failed := read(t, tested).Test()
	if len(failed) != 3 {
		t.Fatalf("%+v", failed)
	}
	for i, want := range []policy.Failure{
		{Name: "locked for editors", Want: "allow", Got: "deny", Rule: "condition locked (line 12)", Line: 30},
		{Name: "nobody", Want: "allow", Got: "deny", Line: 35},
		{Name: "administrators", Want: "deny", Got: "allow", Rule: "role admin", Line: 36},
	} {
		got := failed[i]
		if got.Reason == "" {
			t.Errorf("%+v has no reason", got)
		}
		if got.Reason = ""; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

// A test that could not mean what it says is refused, by its line: it would pass for ever.
func TestTestsRefused(t *testing.T) {
	const head = "permissions: [posts:read]\nroles: {user: [posts:read]}\nresources:\n  Post: {locked: Bool, n: Long, at: datetime, tags: Set<String>, title: String}\ntests:\n"
	for _, c := range []struct{ text, want string }{
		{"- {as: {}, do: posts:read, want: allow}", "line 6: tests: a test has no name"},
		{"- {name: x, do: posts:read, want: yes}", `line 6: tests: "x": want is "yes", not allow or deny`},
		{"- name: x\n  do: posts:read", `line 6: tests: "x": want is ""`},
		{"- name: x\n  want: deny\n  do: posts:burn", `line 8: tests: "x": permission "posts:burn" is not registered`},
		{"- name: x\n  want: deny\n  do: posts:*", "line 8"},
		{"- name: x\n  want: deny\n  do: posts:read\n  as:\n    roles: [user, king]", `line 10: tests: "x": roles has "king"`},
		{"- name: x\n  want: deny\n  do: posts:read\n  as:\n    scopes:\n    - posts:read\n    - burn", `line 12: tests: "x": scopes has "burn"`},
		{"- {name: x, want: deny, do: posts:read, as: {organization: o, organizationRoles: [king]}}", `organizationRoles has "king"`},
		{"- {name: x, want: deny, do: posts:read, as: {organizationRoles: [member]}}", "organizationRoles need an organization"},
		{"- name: x\n  want: deny\n  do: posts:read\n  on: {type: Page}", `line 9: tests: "x": Page is no type of resource`},
		{"- name: x\n  want: deny\n  do: posts:read\n  on: {type: 3}", "line 9"},
		{"- name: x\n  want: deny\n  do: posts:read\n  on: {type: Post, id: 42}", `line 9: tests: "x": id: 42 (a number) is no text`},
		{"- {name: x, want: deny, do: posts:read, on: {locked: true}}", "locked is not declared as an attribute of a resource without a type"},
		{"- {name: x, want: deny, do: posts:read, on: {type: Post, lokced: true}}", "lokced is not declared as an attribute of Post"},
		{"- name: x\n  want: deny\n  do: posts:read\n  on:\n    type: Post\n    locked: 3", `line 11: tests: "x": locked: 3 (a number) is no Bool`},
		{"- {name: x, want: deny, do: posts:read, on: {type: Post, n: 1.5}}", "n: 1.5 (a number) is no Long"},
		{"- {name: x, want: deny, do: posts:read, on: {type: Post, at: yesterday}}", "at: yesterday is no datetime"},
		{"- {name: x, want: deny, do: posts:read, on: {type: Post, tags: [a, 3]}}", "tags: [a 3] (a list) is no Set<String>"},
		{"- {name: x, want: deny, do: posts:read, on: {type: Post, title: 2026-01-01}}", "needs quotes"},
		{"- {name: x, want: deny, do: posts:read, on: {type: Post, title: }}", "(nothing) is no String"},
		{"- {name: x, want: deny, do: posts:read, who: ada}", "line 6: field who not found"},
	} {
		f, err := policy.Read([]byte(head + c.text + "\n"))
		if err == nil {
			_, err = f.Compile()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n%v, want %q", c.text, err, c.want)
		}
	}
}

// What the surroundings and the credential are counts in a test too (ZTR-09).
func TestTestContext(t *testing.T) {
	p := read(t, `permissions: [reports:read]
roles: {user: [reports:read]}
conditions: |
  forbid (principal, action == Action::"reports:read", resource)
  unless { context has ip && context.ip.isInRange(ip("10.0.0.0/8")) && context.posture == "managed" && principal.acr == "aal2"
    && principal.scheme == "cookie" && principal.amr.contains("otp") && context.now.durationSince(principal.authTime) < duration("5m") };
tests:
  - name: all of it
    as: {roles: [user], acr: aal2, amr: [pwd, otp], scheme: cookie, authTime: 2026-01-01T11:58:00Z}
    do: reports:read
    ip: 10.1.2.3
    posture: managed
    want: allow
  - {name: none of it, as: {roles: [user]}, do: reports:read, want: deny}
`)
	if failed := p.Test(); failed != nil {
		t.Errorf("%+v", failed)
	}
}
