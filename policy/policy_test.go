package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

var file = policy.File{
	Permissions: []policy.Permission{"posts:read", "posts:create", "posts:edit", "posts:delete", "users:read", "users:ban", "drafts:read:own"},
	Roles: map[string][]policy.Permission{
		"user":       {"posts:read", "posts:create", "posts:delete:own", "drafts:*"},
		"moderator":  {"posts:read", "posts:delete:any", "users:read"},
		"editor":     {"posts:*"},
		"proprietor": {"posts:*:own"},
	},
	OrganizationRoles: map[string][]policy.Permission{"writer": {"posts:edit"}},
	Scopes:            map[string][]policy.Permission{"tidy": {"posts:delete:own"}},
}

func compile(t testing.TB, f policy.File) *policy.Policy {
	t.Helper()
	p, err := f.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestRoles is the table of AUZ-03 and AUZ-07, and of what a role does not mean.
func TestRoles(t *testing.T) {
	p := compile(t, file)
	for _, c := range []struct {
		name   string
		roles  []string
		scopes []string
		want   policy.Permission
		allow  bool
		own    bool // allowed on what one owns
		cause  policy.Cause
	}{
		{"user reads", []string{"user"}, nil, "posts:read", true, true, policy.Granted},
		{"user deletes own only", []string{"user"}, nil, "posts:delete", false, true, policy.NotOwner},
		{"user deletes own, demanded as such", []string{"user"}, nil, "posts:delete:own", false, true, policy.NotOwner},
		{"any is the plain permission", []string{"moderator"}, nil, "posts:delete", true, true, policy.Granted},
		{"any implies own (BUG-36)", []string{"moderator"}, nil, "posts:delete:own", true, true, policy.Granted},
		{"any, by its other name", []string{"moderator"}, nil, "posts:delete:any", true, true, policy.Granted},
		{"admin has all (AUZ-06)", []string{"admin"}, nil, "users:ban", true, true, policy.Granted},
		{"a wildcard of a resource", []string{"editor"}, nil, "posts:edit", true, true, policy.Granted},
		{"and of no other", []string{"editor"}, nil, "users:read", false, false, policy.NoRole},
		{"a wildcard of what one owns", []string{"proprietor"}, nil, "posts:edit", false, true, policy.NotOwner},
		{"what is registered for owners only", []string{"user"}, nil, "drafts:read:own", false, true, policy.NotOwner},
		{"and not for others", []string{"admin"}, nil, "drafts:read", false, false, policy.Unregistered},
		{"two roles, the wider counts", []string{"user", "moderator"}, nil, "posts:delete", true, true, policy.Granted},
		{"unknown role (AUZ-09)", []string{"king"}, nil, "posts:read", false, false, policy.NoRole},
		{"no role", nil, nil, "posts:read", false, false, policy.NoRole},
		{"unregistered (AUZ-06)", []string{"admin"}, nil, "posts:burn", false, false, policy.Unregistered},
		{"case-sensitive (AUZ-10)", []string{"admin"}, nil, "Posts:read", false, false, policy.Unregistered},
		{"no prefix match", []string{"user"}, nil, "posts:rea", false, false, policy.Unregistered},
		{"a pattern is no permission", []string{"admin"}, nil, "posts:*", false, false, policy.Unregistered},
		{"scope covers", []string{"user"}, []string{"posts:read"}, "posts:read", true, true, policy.Granted},
		{"scope exact (BUG-10)", []string{"user"}, []string{"posts:read-all"}, "posts:read", false, false, policy.OutOfScope},
		{"empty scope", []string{"admin"}, []string{}, "posts:read", false, false, policy.OutOfScope},
		{"scope does not widen the role", []string{"user"}, []string{"users:ban"}, "users:ban", false, false, policy.NoRole},
		{"scope read", []string{"user"}, []string{"read"}, "posts:read", true, true, policy.Granted},
		{"scope read does not write", []string{"admin"}, []string{"read"}, "posts:delete", false, false, policy.OutOfScope},
		{"scope write", []string{"admin"}, []string{"write"}, "posts:delete", true, true, policy.Granted},
		{"scope write does not administer", []string{"admin"}, []string{"write"}, policy.Admin, false, false, policy.OutOfScope},
		{"scope admin", []string{"admin"}, []string{"admin"}, policy.Admin, true, true, policy.Granted},
		{"scope of own narrows any", []string{"moderator"}, []string{"posts:delete:own"}, "posts:delete", false, true, policy.NotOwner},
		{"a scope of the file", []string{"moderator"}, []string{"tidy"}, "posts:delete", false, true, policy.NotOwner},
	} {
		t.Run(c.name, func(t *testing.T) {
			who := &identity.Principal{UserID: "usr_1", Roles: c.roles, Scopes: c.scopes}
			d := p.Authorize(policy.Request{Principal: who, Permission: c.want})
			if d.Allow != c.allow || d.Cause != c.cause || d.Reason == "" || d.Allow && d.Rule == "" {
				t.Errorf("%+v, want allow %v, cause %v, with rule and reason", d, c.allow, c.cause)
			}
			mine := p.Authorize(policy.Request{Principal: who, Permission: c.want, Resource: &policy.Resource{Owner: "usr_1"}})
			theirs := p.Authorize(policy.Request{Principal: who, Permission: c.want, Resource: &policy.Resource{Owner: "usr_2"}})
			if mine.Allow != c.own || theirs.Allow != c.allow {
				t.Errorf("own %+v, another's %+v; want %v, %v", mine, theirs, c.own, c.allow)
			}
		})
	}
}

// The built-in roles are there without a word: user and moderator, who may do nothing until the file
// says what, and admin, who may do everything (AUZ-02).
func TestBuiltIn(t *testing.T) {
	p := compile(t, policy.File{})
	if got := p.Roles(false); !slices.Equal(got, []string{"admin", "moderator", "user"}) {
		t.Errorf("%q", got)
	}
	if got := p.Roles(true); !slices.Equal(got, []string{"member", "owner"}) {
		t.Errorf("%q", got)
	}
	for role, want := range map[string]int{"user": 0, "moderator": 0, "admin": len(p.Permissions())} {
		if got := p.Of([]string{role}); len(got) != want {
			t.Errorf("%s: %q", role, got)
		}
	}
}

// What is nobody's belongs to no caller without a name either (BUG-48).
func TestNobody(t *testing.T) {
	p := compile(t, file)
	for _, who := range []*identity.Principal{nil, {ClientID: "cli_1", Roles: []string{"user"}}} {
		if d := p.Authorize(policy.Request{Principal: who, Permission: "posts:delete", Resource: &policy.Resource{}}); d.Allow {
			t.Errorf("%+v: %+v", who, d)
		}
	}
}

// A role in an organization is good for what belongs to it; nobody from elsewhere reaches that,
// whatever their role, but those who may do everything (AUZ-21).
func TestOrganizations(t *testing.T) {
	p := compile(t, file)
	for _, c := range []struct {
		name string
		who  identity.Principal
		of   identity.TenantID
		do   policy.Permission
		want policy.Cause
	}{
		{"a member", identity.Principal{TenantID: "org_1", TenantRoles: []string{"writer"}}, "org_1", "posts:edit", policy.Granted},
		{"its owner", identity.Principal{TenantID: "org_1", TenantRoles: []string{"owner"}}, "org_1", policy.OrgEdit, policy.Granted},
		{"its owner, of the house", identity.Principal{TenantID: "org_1", TenantRoles: []string{"owner"}}, "", policy.Admin, policy.NoRole},
		{"a member of another", identity.Principal{TenantID: "org_2", TenantRoles: []string{"owner"}}, "org_1", "posts:edit", policy.Foreign},
		{"an editor of the deployment", identity.Principal{Roles: []string{"editor"}}, "org_1", "posts:edit", policy.Foreign},
		{"an editor who is a member", identity.Principal{TenantID: "org_1", Roles: []string{"editor"}}, "org_1", "posts:delete", policy.Granted},
		{"its owner, of what is no organization's", identity.Principal{TenantID: "org_1", TenantRoles: []string{"owner"}}, "", "posts:edit", policy.NoRole},
		{"an administrator", identity.Principal{Roles: []string{"admin"}}, "org_1", "posts:edit", policy.Granted},
		{"a role's name in the wrong place", identity.Principal{TenantID: "org_1", TenantRoles: []string{"admin"}}, "org_1", "posts:edit", policy.NoRole},
	} {
		c.who.UserID = "usr_1"
		if d := p.Authorize(policy.Request{Principal: &c.who, Permission: c.do, Resource: &policy.Resource{Organization: c.of}}); d.Cause != c.want {
			t.Errorf("%s: %+v, want cause %v", c.name, d, c.want)
		}
	}
}

// What a file says wrong is refused, by its line (AUZ-06).
func TestRefused(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"permissions:\n  - posts:read\n  - Posts:read\n", "line 3: permission \"Posts:read\" is not written"},
		{"permissions: [posts:*]", "line 1: permission \"posts:*\" is not written"},
		{"permissions: [gatehouse:admin]", "the house's own"},
		{"permissions: [posts:read]\nroles:\n  user: [posts:read, posts:burn]\n", "line 3: permission \"posts:burn\" is not registered"},
		{"permissions: [posts:read]\nroles:\n  user: [pots:*]\n", "line 3: permission \"pots:*\" is not registered"},
		{"permissions: [posts:read:own]\nroles:\n  user:\n    - posts:read\n", "line 4: permission \"posts:read\" is not registered"},
		{"roles:\n  admin: []\n", "line 2: roles: \"admin\" is built in"},
		{"roles:\n  Admin: []\n", "line 2: roles: \"Admin\""},
		{"organizationRoles:\n  root: [gatehouse:admin]\n", "line 2: organizationRoles: \"root\": gatehouse:admin is not an organization's to give"},
		{"organizationRoles:\n  admin: []\n", "line 2: organizationRoles: \"admin\" is a role of the deployment"},
		{"roles:\n  owner: []\n", "organizationRoles: \"owner\" is a role of the deployment"},
		{"roles: {}\nrules: {}\n", "line 2: field rules not found"},
		{"roles: {user: [a:b]}\nroles: {user: [c:d]}\n", "line 2: mapping key"},
		{"roles: {user: [a:b}", "line 1: did not find"},
		{"x", "line 1: must be keys with values"},
		{"permissions: []\nroles: {user: posts:read}\n", "line 2: must be a list"},
		{"permissions: [[posts:read]]", "line 1: must be a text"},
		{"roles: {}\n---\nroles: {}\n", "more than one document"},
		{"permissions:\n  - posts:read\n  - posts:edit\n  - posts:read\n", "line 4: permission \"posts:read\" is listed twice"},
		{"permissions: [posts:read]\nroles:\n  user:\n    - posts:read\n    - posts:read\n", "line 5: permission \"posts:read\" is listed twice"},
		{"permissions: [" + many("p%d:read", 1001) + "]", "line 1: permissions: more than 1000"},
		{"permissions: [posts:read]\nroles: {" + many("r%d: []", 501) + "}", "line 2: roles: more than 500"},
		{"resources: {" + many("R%d: {}", 101) + "}", "line 1: resources: more than 100"},
		{"scopes: {read: [posts:read]}", "line 1: permission \"posts:read\" is not registered"},
	} {
		f, err := policy.Read([]byte(c.text))
		if err == nil {
			_, err = f.Compile()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}

func many(pattern string, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(pattern, i)
	}
	return strings.Join(list, ", ")
}

// The spellings of one permission may stand side by side in the registry (AUZ-05).
func TestSpellings(t *testing.T) {
	p := compile(t, policy.File{Permissions: []policy.Permission{"posts:delete:own", "posts:delete:any"}})
	if !p.Registered("posts:delete") || !p.Registered("posts:delete:own") {
		t.Error(p.Permissions())
	}
}

// A few lines that stand for billions are refused at once, where lists of lists fit too.
func TestAliasBomb(t *testing.T) {
	var bomb strings.Builder
	for i := range 30 {
		fmt.Fprintf(&bomb, "  x%d: &a%d [%s]\n", i, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
	}
	for _, text := range []string{
		"permissions: &a0 [posts:read]\nroles:\n" + bomb.String(),
		"permissions: &a0 [posts:read]\ntests:\n- on:\n  " + strings.ReplaceAll(bomb.String(), "\n", "\n  "),
	} {
		start := time.Now()
		if _, err := policy.Read([]byte(text)); err == nil {
			t.Errorf("read:\n%s", text)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
	}
}

// A file that says nothing has the built-in roles, and nothing for them to do.
func TestZero(t *testing.T) {
	p := compile(t, policy.File{})
	if got := p.Roles(false); !slices.Equal(got, []string{"admin", "moderator", "user"}) {
		t.Error(got)
	}
	if failed := p.Test(); failed != nil {
		t.Error(failed)
	}
	if d := p.Authorize(policy.Request{Principal: &identity.Principal{UserID: "usr_1", Roles: []string{"admin"}}, Permission: policy.Admin}); !d.Allow {
		t.Errorf("%+v", d)
	}
}

// A yes by a role costs no memory.
func TestNoMemory(t *testing.T) {
	p := compile(t, file)
	r := policy.Request{Principal: &identity.Principal{UserID: "usr_1", Roles: []string{"user", "editor"}}, Permission: "posts:edit", Resource: &policy.Resource{}}
	if n := testing.AllocsPerRun(100, func() { p.Authorize(r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestRead(t *testing.T) {
	f, err := policy.Read([]byte("permissions: [posts:read]\nroles:\n  reader: [posts:read]\n"))
	if err != nil {
		t.Fatal(err)
	}
	p := compile(t, *f)
	if got := p.Of([]string{"reader", "nobody"}); !slices.Equal(got, []policy.Permission{"posts:read"}) {
		t.Errorf("%v", got)
	}
	if got := p.Of(nil); got == nil || len(got) != 0 {
		t.Errorf("%#v, want an empty list", got)
	}
	if err := p.Known([]string{"user", "reader", "admin"}, false); err != nil {
		t.Error(err)
	}
	if p.Known([]string{"writer"}, false) == nil || p.Known([]string{"reader"}, true) == nil || p.Known([]string{"owner"}, true) != nil {
		t.Error("a role is known where it is not, or not where it is")
	}
	if p.Scoped([]string{"read", "posts:read"}) != nil || p.Scoped([]string{"posts:burn"}) == nil {
		t.Error("scopes")
	}
	if _, err := policy.Read(nil); err != nil {
		t.Errorf("an empty file: %v", err)
	}
}

func FuzzPermission(f *testing.F) {
	for _, s := range []string{"posts:read", "posts:delete:own", "*", "a:b:c:d", "\x00:\xff", "posts:*"} {
		f.Add(s)
	}
	p := compile(f, file)
	f.Fuzz(func(t *testing.T, s string) {
		d := p.Authorize(policy.Request{Principal: &identity.Principal{Roles: []string{"user"}}, Permission: policy.Permission(s)})
		if d.Allow && !slices.Contains([]string{"posts:read", "posts:read:any", "posts:read:own", "posts:create", "posts:create:any", "posts:create:own"}, s) {
			t.Errorf("%q was allowed to a user", s)
		}
	})
}

// FuzzRead shows that no text crashes the reader, and that what compiles gives nobody more than
// they were given.
func FuzzRead(f *testing.F) {
	f.Add("permissions: [posts:read]\nroles: {user: [posts:read]}\nconditions: |\n  permit(principal, action, resource);\n")
	f.Fuzz(func(t *testing.T, s string) {
		file, err := policy.Read([]byte(s))
		if err != nil {
			return
		}
		p, err := file.Compile()
		if err != nil {
			return
		}
		if d := p.Authorize(policy.Request{Permission: policy.Admin}); d.Allow {
			t.Errorf("nobody may administer: %q", s)
		}
	})
}
