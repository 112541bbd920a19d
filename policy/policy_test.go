package policy_test

import (
	"slices"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

var roles = policy.Set{
	"user":      {"posts:read", "posts:delete:own"},
	"moderator": {"posts:read", "posts:delete:any"},
	"admin":     {policy.Everything},
}

func TestAuthorize(t *testing.T) {
	for _, c := range []struct {
		name   string
		roles  []string
		scopes []string
		want   policy.Permission
		allow  bool
		own    bool
	}{
		{"user reads", []string{"user"}, nil, "posts:read", true, false},
		{"user deletes own only", []string{"user"}, nil, "posts:delete", false, true},
		{"user deletes own", []string{"user"}, nil, "posts:delete:own", false, true},
		{"any is the plain permission", []string{"moderator"}, nil, "posts:delete", true, false},
		{"any implies own (BUG-36)", []string{"moderator"}, nil, "posts:delete:own", true, false},
		{"admin has all", []string{"admin"}, nil, "users:ban", true, false},
		{"two roles, the wider counts", []string{"user", "moderator"}, nil, "posts:delete", true, false},
		{"unknown role (AUZ-09)", []string{"owner"}, nil, "posts:read", false, false},
		{"no role", nil, nil, "posts:read", false, false},
		{"case-sensitive (AUZ-10)", []string{"user"}, nil, "Posts:read", false, false},
		{"no prefix match", []string{"user"}, nil, "posts:rea", false, false},
		{"scope covers", []string{"user"}, []string{"posts:read"}, "posts:read", true, false},
		{"scope exact (BUG-10)", []string{"user"}, []string{"posts:read-all"}, "posts:read", false, false},
		{"empty scope", []string{"admin"}, []string{}, "posts:read", false, false},
		{"scope does not widen the role", []string{"user"}, []string{"users:ban"}, "users:ban", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := policy.Authorize(roles, &identity.Principal{Roles: c.roles, Scopes: c.scopes}, c.want)
			if d.Allow != c.allow || d.Own != c.own || d.Reason == "" {
				t.Errorf("%+v, want allow %v own %v with a reason", d, c.allow, c.own)
			}
		})
	}
	if d := policy.Authorize(roles, nil, "posts:read"); d.Allow || d.Own {
		t.Error("nobody was allowed something")
	}
}

func TestCheck(t *testing.T) {
	for text, ok := range map[policy.Permission]bool{
		"posts:read": true, "posts:delete:own": true, "posts:delete:any": true, "*": true, "gatehouse:admin": true,
		"": false, "posts": false, "posts:": false, ":read": false, "posts:read:all": false, "Posts:read": false, "posts:read ": false, "posts:*": false,
	} {
		if err := text.Check(); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
	for name, c := range map[string]struct {
		set policy.Set
		ok  bool
	}{
		"defaults":       {policy.Defaults(), true},
		"bad role":       {policy.Set{"Admin": nil}, false},
		"bad permission": {policy.Set{"user": {"read"}}, false},
	} {
		if err := c.set.Check(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOf(t *testing.T) {
	if got := roles.Of([]string{"moderator", "user", "nobody"}); !slices.Equal(got, []policy.Permission{"posts:delete:any", "posts:delete:own", "posts:read"}) {
		t.Errorf("%v", got)
	}
	if got := roles.Of(nil); got == nil || len(got) != 0 {
		t.Errorf("%#v, want an empty list", got)
	}
}

func FuzzPermission(f *testing.F) {
	for _, s := range []string{"posts:read", "posts:delete:own", "*", "a:b:c:d", "\x00:\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := policy.Permission(s)
		d := policy.Authorize(roles, &identity.Principal{Roles: []string{"user"}}, p)
		if d.Allow && p != "posts:read" && p != "posts:read:any" && p != "posts:read:own" {
			t.Errorf("%q was allowed to a user", s)
		}
	})
}
