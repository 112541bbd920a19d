package policy_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// What would have granted a permission is told whole: roles, roles of organizations, conditions.
func TestGrants(t *testing.T) {
	withConditions, roles := read(t, young), compile(t, file)
	for _, c := range []struct {
		p    *policy.Policy
		want policy.Permission
		list []string
	}{
		{roles, "posts:delete", []string{"role admin", "role editor", "role moderator", "role proprietor, on what one owns", "role user, on what one owns", "organization role owner"}},
		{roles, "posts:delete:own", []string{"role admin", "role editor", "role moderator", "role proprietor, on what one owns", "role user, on what one owns", "organization role owner"}},
		{roles, "posts:edit", []string{"role admin", "role editor", "role proprietor, on what one owns", "organization role owner", "organization role writer"}},
		{roles, "posts:burn", nil},
		{roles, policy.Admin, []string{"role admin"}},
		{withConditions, "posts:edit", []string{"role admin", "role editor", "organization role owner", "condition young (line 7), where it holds"}},
		{&policy.Policy{}, "posts:edit", nil},
	} {
		if got := c.p.Grants(c.want); !slices.Equal(got, c.list) {
			t.Errorf("%s: %q, want %q", c.want, got, c.list)
		}
	}
}

// Who may not learns from operators what would have to be true: roles, clauses of conditions,
// scopes, membership (AUZ-22).
func TestExplain(t *testing.T) {
	p := read(t, young)
	user, editor := identity.Principal{UserID: "usr_1", Roles: []string{"user"}}, identity.Principal{UserID: "usr_1", Roles: []string{"editor"}}
	limited := user
	limited.Scopes = []string{"read"}
	foreign := post("usr_2", time.Hour, false)
	foreign.Organization = "org_1"
	for _, c := range []struct {
		name     string
		who      *identity.Principal
		do       policy.Permission
		on       *policy.Resource
		all, any []string
	}{
		{"nobody", nil, "posts:edit", nil, []string{"somebody is signed in"}, nil},
		{"allowed", &editor, "posts:edit", post("usr_2", time.Hour, false), nil, nil},
		{"unregistered", &user, "posts:burn", nil, []string{"the policy lists the permission posts:burn"}, nil},
		{"another's, old", &user, "posts:edit", post("usr_2", 30*time.Hour, false), nil, []string{
			"role admin", "role editor", "organization role owner",
			`condition young (line 7), for which would have to be true: resource.owner == principal; context.now.durationSince(resource.createdAt) < duration("24h")`,
		}},
		{"locked", &editor, "posts:edit", post("usr_2", time.Hour, true), []string{
			`condition locked (line 12) does not forbid it, as it does where resource.locked and !(principal in Role::"admin")`,
		}, nil},
		{"something without attributes", &editor, "posts:edit", &policy.Resource{Type: "Post", ID: "42", Owner: "usr_1"}, []string{
			"condition young (line 7) does not fail: `Post::\"42\"` does not have the attribute `createdAt`",
			"condition locked (line 12) does not fail: `Post::\"42\"` does not have the attribute `locked`",
		}, nil},
		{"of another type", &user, "posts:edit", &policy.Resource{Type: "Page"}, nil, []string{
			"role admin", "role editor", "organization role owner", `condition young (line 7), for which would have to be true: resource is Post; resource.owner == principal`,
		}},
		{"limited by scopes", &limited, "posts:edit", post("usr_1", time.Hour, false), []string{"the credential has a scope that covers it: posts:edit, admin, write"}, nil},
		{"of an organization", &user, "posts:edit", foreign, nil, []string{"role admin", "membership of organization org_1, with a role that grants it"}},
	} {
		e := p.Explain(policy.Request{Principal: c.who, Permission: c.do, Resource: c.on, Context: policy.Context{Now: noon}})
		if !slices.Equal(e.All, c.all) || !slices.Equal(e.Any, c.any) {
			t.Errorf("%s: %+v\nall %q\nany %q", c.name, e.Decision, e.All, e.Any)
		}
	}
	e := compile(t, file).Explain(policy.Request{Principal: &user, Permission: "posts:delete", Resource: &policy.Resource{Owner: "usr_2"}})
	if want := []string{"the resource is their own", "role admin", "role editor", "role moderator", "organization role owner"}; !slices.Equal(e.Any, want) {
		t.Errorf("not the owner: %q", e.Any)
	}
}

// What a person types of a resource becomes what a condition compares.
func TestResource(t *testing.T) {
	p := read(t, "resources:\n  Post: {locked: Bool, n: Long, at: datetime, tags: Set<String>, title: String}\n")
	on, err := p.Resource(map[string]string{
		"type": "Post", "id": "42", "owner": "usr_1", "organization": "org_1",
		"locked": "true", "n": "12", "at": "2026-01-02T12:00:00Z", "tags": "a,b", "title": "42",
	})
	want := &policy.Resource{Type: "Post", ID: "42", Owner: "usr_1", Organization: "org_1", Attributes: map[string]any{
		"locked": true, "n": int64(12), "at": noon, "tags": []string{"a", "b"}, "title": "42",
	}}
	if err != nil || !reflect.DeepEqual(on, want) {
		t.Errorf("%+v, %v", on, err)
	}
	for _, said := range []map[string]string{{"type": "Page"}, {"locked": "true"}, {"type": "Post", "locked": "maybe"}, {"type": "Post", "n": "1.5"}, {"type": "Post", "at": "noon"}} {
		if on, err := p.Resource(said); err == nil {
			t.Errorf("%v: %+v", said, on)
		}
	}
}
