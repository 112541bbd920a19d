package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// young is the example of AUZ-13: the owner, within a day, unless it is locked.
const young = `permissions: [posts:edit, posts:read, posts:delete]
roles:
  editor: [posts:edit]
resources:
  Post: {createdAt: datetime, locked: Bool}
conditions: |
  @id("young")
  permit (principal, action == Action::"posts:edit", resource is Post)
  when { resource.owner == principal
      && context.now.durationSince(resource.createdAt) < duration("24h")
      && !resource.locked };
  @id("locked")
  forbid (principal, action in Action::"posts", resource is Post)
  when { resource.locked }
  unless { principal in Role::"admin" };
`

func read(t testing.TB, text string) *policy.Policy {
	t.Helper()
	f, err := policy.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return compile(t, *f)
}

func post(owner identity.UserID, age time.Duration, locked bool) *policy.Resource {
	return &policy.Resource{Type: "Post", ID: "42", Owner: owner, Attributes: map[string]any{"createdAt": noon.Add(-age), "locked": locked}}
}

// Attributes of the user, the resource and the surroundings decide where roles do not (AUZ-13,
// BUG-48); the decision names the condition and its line.
func TestConditions(t *testing.T) {
	p := read(t, young)
	user, editor, admin := []string{"user"}, []string{"editor"}, []string{"admin"}
	for _, c := range []struct {
		name  string
		roles []string
		on    *policy.Resource
		cause policy.Cause
		rule  string
	}{
		{"their own, young", user, post("usr_1", time.Hour, false), policy.Granted, "condition young (line 7)"},
		{"on the last moment", user, post("usr_1", 24*time.Hour-time.Millisecond, false), policy.Granted, "condition young (line 7)"},
		{"too old", user, post("usr_1", 24*time.Hour, false), policy.NoRole, ""},
		{"somebody else's", user, post("usr_2", time.Hour, false), policy.NoRole, ""},
		{"locked", user, post("usr_1", time.Hour, true), policy.NoRole, ""},
		{"an editor", editor, post("usr_2", 48*time.Hour, false), policy.Granted, "role editor"},
		{"an editor, locked", editor, post("usr_2", time.Hour, true), policy.Refused, "condition locked (line 12)"},
		{"an administrator, locked", admin, post("usr_2", time.Hour, true), policy.Granted, "role admin"},
		{"an attribute is missing", editor, &policy.Resource{Type: "Post", Owner: "usr_1"}, policy.Refused, "condition young (line 7)"},
		{"an attribute of a type nobody knows", editor, &policy.Resource{Type: "Post", Attributes: map[string]any{"locked": 1.5}}, policy.Refused, "condition locked (line 12)"},
		{"a resource of another type", editor, &policy.Resource{Type: "Page"}, policy.Granted, "role editor"},
		{"no resource", editor, nil, policy.Granted, "role editor"},
	} {
		d := p.Authorize(policy.Request{
			Principal:  &identity.Principal{UserID: "usr_1", Roles: c.roles},
			Permission: "posts:edit", Resource: c.on, Context: policy.Context{Now: noon},
		})
		if d.Cause != c.cause || d.Allow != (c.cause == policy.Granted) || c.rule != "" && d.Rule != c.rule || d.Reason == "" {
			t.Errorf("%s: %+v, want cause %v by %q", c.name, d, c.cause, c.rule)
		}
	}
	if d := p.Permit(&identity.Principal{UserID: "usr_1"}, "posts:edit"); d.Allow || !d.Depends {
		t.Errorf("before the resource is known: %+v", d)
	}
	if d := p.Permit(&identity.Principal{UserID: "usr_1"}, "posts:delete"); d.Allow || d.Depends {
		t.Errorf("what no condition permits depends on nothing: %+v", d)
	}
}

// A condition gives no more than the scopes of the credential, and nothing across organizations.
func TestConditionsWithin(t *testing.T) {
	p := read(t, young)
	on := post("usr_1", time.Hour, false)
	scoped := &identity.Principal{UserID: "usr_1", Scopes: []string{"posts:read"}}
	if d := p.Authorize(policy.Request{Principal: scoped, Permission: "posts:edit", Resource: on, Context: policy.Context{Now: noon}}); d.Cause != policy.OutOfScope {
		t.Errorf("%+v", d)
	}
	on.Organization = "org_1"
	member := &identity.Principal{UserID: "usr_1", TenantID: "org_2"}
	if d := p.Authorize(policy.Request{Principal: member, Permission: "posts:edit", Resource: on, Context: policy.Context{Now: noon}}); d.Cause != policy.Foreign {
		t.Errorf("%+v", d)
	}
}

// The surroundings of a request count: address, device, proofs (ZTR-09, ZTR-10).
func TestContext(t *testing.T) {
	p := read(t, `permissions: [reports:read]
roles: {user: [reports:read]}
conditions: |
  forbid (principal, action == Action::"reports:read", resource)
  unless { context has ip && context.ip.isInRange(ip("10.0.0.0/8")) && context.posture == "managed" && principal.acr == "aal2" };
`)
	for _, c := range []struct {
		ip, posture, acr string
		allow            bool
	}{
		{"10.1.2.3", "managed", "aal2", true},
		{"192.0.2.1", "managed", "aal2", false},
		{"", "managed", "aal2", false},
		{"10.1.2.3", "", "aal2", false},
		{"10.1.2.3", "managed", "aal1", false},
	} {
		d := p.Authorize(policy.Request{
			Principal:  &identity.Principal{UserID: "usr_1", Roles: []string{"user"}, ACR: c.acr},
			Permission: "reports:read", Context: policy.Context{Now: noon, IP: c.ip, Posture: c.posture},
		})
		if d.Allow != c.allow {
			t.Errorf("%+v: %+v", c, d)
		}
	}
}

// A condition that is no Cedar, or does not fit the schema, is refused by its line: at run time
// it could only fail.
func TestConditionsRefused(t *testing.T) {
	head := "permissions: [posts:edit]\nresources:\n  Post: {locked: Bool}\nconditions: |\n"
	for _, c := range []struct{ text, want string }{
		{head + "  permit (principal, action, resource)\n", "line 6"},
		{head + "  permit (principal,\n   action ==, resource);\n", "line 6"},
		{head + "\n  forbid (principal, action == Action::\"posts:burn\", resource);\n", "line 6: condition 1"},
		{head + "  @id(\"x\")\n  forbid (principal, action, resource is Page);\n", "line 5: condition x"},
		{head + "  forbid (principal, action, resource is Post) when { resource.lokced };\n", "line 5: condition 1"},
		{head + "  forbid (principal, action, resource) when { resource.locked };\n", "line 5: condition 1"},
		{head + "  forbid (principal, action, resource is Post) when { resource.locked == 3 };\n", "line 5: condition 1"},
		{head + "  forbid (principal, action, resource) when { context.ip.isLoopback() };\n", "line 5: condition 1"},
		{"resources:\n  Post: {locked: Boolean}\n", "line 2: resources: Post.locked"},
		{"resources:\n  Post: {owner: String}\n", "line 2: resources: Post.owner is there by itself"},
		{"resources:\n  Post: {}\n  User: {}\n", `line 3: resources: the name "User" is taken`},
		{"resources:\n  Nothing: {}\n", `line 2: resources: the name "Nothing" is taken`},
		{"resources:\n  Post: {id: String}\n", "line 2: resources: Post.id is there by itself"},
		{"resources:\n  \"Post = {}; entity Page\": {}\n", "line 2: resources:"},
		{"resources:\n  Post:\n    \"a: Bool}; x\": Bool\n", "line 3: resources:"},
		{head + "  @id(\"x\")\n  forbid (principal, action, resource);\n  @id(\"x\")\n  permit (principal, action, resource);\n", `line 7: condition "x"`},
		{head + "  @id(\"2\")\n  forbid (principal, action, resource);\n  permit (principal, action, resource);\n", `line 7: condition "2"`},
		{head + "  @id(\"a\\nb\")\n  forbid (principal, action, resource);\n", `line 5: condition "a\nb"`},
		{head + "  permit (principal, action, resource) when { " + strings.Repeat("(", 51), "line 4: conditions: brackets"},
		{head + "  permit (principal, action, resource) when { " + strings.Repeat("1==1||", 11000) + "true };", "line 4: conditions: longer"},
	} {
		f, err := policy.Read([]byte(c.text))
		if err == nil {
			_, err = f.Compile()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.300s\n%v, want %q", c.text, err, c.want)
		}
	}
}

// What conditions can ask of a principal, of a resource and of the surroundings they get, though
// only what they ask for is made.
func TestReads(t *testing.T) {
	who := &identity.Principal{
		UserID: "usr_1", TenantID: "org_1", Scheme: identity.SchemeBearer, Roles: []string{"editor"}, TenantRoles: []string{"owner"},
		ACR: "aal2", AMR: []string{"pwd", "otp"}, AuthTime: noon.Add(-time.Minute),
	}
	on := &policy.Resource{Type: "Post", ID: "42", Owner: "usr_1", Organization: "org_1", Attributes: map[string]any{
		"locked": true, "words": 12, "big": int64(1) << 40, "title": "x", "tags": []string{"a"}, "createdAt": noon,
	}}
	for _, ask := range []string{
		`principal == User::"usr_1"`, `principal.organization == Organization::"org_1"`, `principal.scheme == "bearer"`, `principal.acr == "aal2"`,
		`principal.amr.contains("otp")`, `context.now.durationSince(principal.authTime) < duration("2m")`,
		`principal in Role::"editor"`, `principal in OrganizationRole::"owner"`, `principal in [Role::"none", Role::"editor"]`, `principal is User in Role::"editor"`,
		`resource == Post::"42"`, `resource.owner == principal`, `resource.organization == principal.organization`, `resource.locked`,
		`resource.words == 12`, `resource.big > 12`, `resource.title like "x*"`, `resource.tags.contains("a")`, `resource.createdAt == context.now`,
		`resource has title && resource.title == "x"`, `context.posture == "unknown"`, `!(context has ip)`,
	} {
		p := read(t, `permissions: [posts:edit]
roles: {editor: []}
resources:
  Post: {locked: Bool, words: Long, big: Long, title: String, tags: Set<String>, createdAt: datetime}
conditions: |
  permit (principal is User, action, resource is Post) when { `+ask+" };\n")
		r := policy.Request{Principal: who, Permission: "posts:edit", Resource: on, Context: policy.Context{Now: noon}}
		if d := p.Authorize(r); !d.Allow {
			t.Errorf("%s: %+v", ask, d)
		}
	}
}

// Nobody loses what is said of them where a resource is called by their name.
func TestSameName(t *testing.T) {
	p := read(t, "permissions: [users:edit]\nroles: {user: [users:edit], guest: []}\nconditions: |\n  forbid (principal in Role::\"guest\", action, resource);\n")
	who := &identity.Principal{UserID: "usr_1", Roles: []string{"user", "guest"}}
	if d := p.Authorize(policy.Request{Principal: who, Permission: "users:edit", Resource: &policy.Resource{Type: "User", ID: "usr_1"}}); d.Cause != policy.Refused {
		t.Errorf("%+v", d)
	}
}

// FuzzConditions shows that no conditions crash what reads them, and that those that compile give
// nobody more than their scopes, nor anything of another organization.
func FuzzConditions(f *testing.F) {
	f.Add(young[strings.Index(young, "  @id"):])
	f.Add("permit(principal, action, resource);")
	f.Add("forbid(principal, action, resource) when { if context has ip then context.ip.isLoopback() else 1 < 2 };")
	head := policy.File{Permissions: []policy.Permission{"posts:edit", "posts:read"}, Resources: map[string]map[string]string{"Post": {"locked": "Bool", "createdAt": "datetime"}}}
	f.Fuzz(func(t *testing.T, text string) {
		file := head
		file.Conditions = text
		p, err := file.Compile()
		if err != nil {
			return
		}
		r := policy.Request{Principal: &identity.Principal{UserID: "usr_1", Scopes: []string{"posts:read"}}, Permission: "posts:edit", Resource: post("usr_1", time.Hour, false), Context: policy.Context{Now: noon}}
		if d := p.Authorize(r); d.Allow {
			t.Errorf("beyond the scopes: %+v by %q", d, text)
		}
		r.Principal.Scopes, r.Resource.Organization = nil, "org_1"
		if d := p.Authorize(r); d.Allow {
			t.Errorf("of another organization: %+v by %q", d, text)
		}
	})
}

// BenchmarkAuthorize is one decision: by role alone, and by the three of fifty conditions that
// are about the permission.
func BenchmarkAuthorize(b *testing.B) {
	var all strings.Builder
	all.WriteString("permissions: [posts:edit")
	for i := range 17 {
		fmt.Fprintf(&all, ", things%d:edit", i)
	}
	all.WriteString("]\nroles: {editor: [posts:edit]}\nresources:\n  Post: {createdAt: datetime, locked: Bool}\nconditions: |\n")
	condition := "  permit (principal, action == Action::%q, resource is Post) when { resource.owner == principal && !resource.locked };\n"
	for i := range 47 {
		fmt.Fprintf(&all, condition, fmt.Sprintf("things%d:edit", i%17))
	}
	for range 3 {
		fmt.Fprintf(&all, condition, "posts:edit")
	}
	with, without := read(b, all.String()), compile(b, policy.File{Roles: map[string][]policy.Permission{"editor": {"posts:edit"}}})
	r := policy.Request{
		Principal:  &identity.Principal{UserID: "usr_1", Roles: []string{"user", "editor"}},
		Permission: "posts:edit", Resource: post("usr_1", time.Hour, false), Context: policy.Context{Now: noon, IP: "192.0.2.1"},
	}
	for name, p := range map[string]*policy.Policy{"roles": without, "conditions": with} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !p.Authorize(r).Allow {
					b.Fatal("denied")
				}
			}
		})
	}
}

// A condition that names no action is about everything but the administration of the house: that is
// a role's to give, and an organization's role is never one that gives it (AUZ-02, AUZ-21).
func TestConditionNeverAdministers(t *testing.T) {
	p, err := policy.File{Permissions: []policy.Permission{"posts:read"}, Conditions: `permit (principal, action, resource);`}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	anybody := &identity.Principal{UserID: "usr_1", Roles: []string{"user"}, TenantID: "org_1", TenantRoles: []string{"owner"}}
	for want, allowed := range map[policy.Permission]bool{"posts:read": true, policy.Admin: false, policy.Admin + ":own": false, policy.Admin + ":any": false} {
		for _, on := range []*policy.Resource{nil, {Owner: "usr_1"}, {Owner: "usr_1", Organization: "org_1"}} {
			if d := p.Authorize(policy.Request{Principal: anybody, Permission: want, Resource: on}); d.Allow != allowed {
				t.Errorf("%s on %v: %+v", want, on, d)
			}
		}
	}
}
