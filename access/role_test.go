package access_test

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/access"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/policy"
)

const managed = `
permissions: [posts:edit, posts:read]
organizationRoles:
  manager: [organization:read, organization:manage, posts:read]
  editor: [posts:edit]
  reader: [posts:read]
  writer: ["posts:edit:own"]
`

// A role counts in its organization and nowhere else, and every change of one outdates what
// tokens claim (AUZ-12, AUZ-21).
func TestRolesIn(t *testing.T) {
	each(t, func(f *fixture) {
		ctx, alice, bob := f.Context(), f.user("alice"), f.user("bob")
		acme, other := f.org("Acme", alice), f.org("Other", bob)
		if got := f.roles(acme, bob); len(got) != 0 || !slices.Equal(f.roles(acme, alice), []string{"owner"}) {
			t.Errorf("%v", got)
		}
		before := f.version(bob)
		f.must(f.SetRolesIn(ctx, acme, bob, []string{"owner", "member", "member"}))
		if got := f.roles(acme, bob); !slices.Equal(got, []string{"member", "owner"}) || f.version(bob) != before+1 {
			t.Errorf("%v, version %d", got, f.version(bob)-before)
		}
		f.must(f.SetRolesIn(ctx, acme, bob, []string{"member", "owner"})) // nothing changes, so nothing is outdated
		f.must(f.Revoke(ctx, acme, bob, "owner"))
		f.must(f.Revoke(ctx, acme, bob, "owner"))
		if got := f.roles(acme, bob); !slices.Equal(got, []string{"member"}) || f.version(bob) != before+2 {
			t.Errorf("%v, version %d", got, f.version(bob)-before)
		}
		list, err := f.Of(ctx, bob)
		f.must(err)
		if len(list) != 2 || list[0].Org.Name != "Other" || list[1].Org.ID != acme || !slices.Equal(list[1].Roles, []string{"member"}) {
			t.Errorf("%+v", list)
		}
		for name, c := range map[string]struct{ err, want error }{
			"an unknown role":         {f.Grant(ctx, acme, bob, "king"), identity.ErrInvalid},
			"an unknown organization": {f.Grant(ctx, "org_x", bob, "member"), identity.ErrNotFound},
			"an unknown user":         {f.Grant(ctx, acme, "usr_x", "member"), identity.ErrNotFound},
			"whoever is no member":    {f.SetRolesIn(ctx, other, alice, nil), identity.ErrNotFound},
			"the last owner":          {f.SetRolesIn(ctx, acme, alice, []string{"member"}), access.ErrLastOwner},
			"the last owner, leaving": {f.SetRolesIn(ctx, acme, alice, nil), access.ErrLastOwner},
		} {
			f.refuses(name, c.err, c.want)
		}
	})
}

// To outsiders there is no such organization, nor to a credential that is bound to another; an
// administrator of the house is in every one (AUZ-17, AUZ-21).
func TestWithin(t *testing.T) {
	each(t, func(f *fixture) {
		ctx, alice, bob := f.Context(), f.user("alice"), f.user("bob")
		acme, other := f.org("Acme", alice), f.org("Other", bob)
		p := &identity.Principal{UserID: alice, Roles: []string{"user"}}
		in, err := f.Within(ctx, p, acme)
		f.must(err)
		if in.TenantID != acme || !slices.Equal(in.TenantRoles, []string{"owner"}) || p.TenantID != "" {
			t.Errorf("%+v of %+v", in, p)
		}
		for name, c := range map[string]struct {
			p   *identity.Principal
			org identity.TenantID
		}{
			"another's": {p, other}, "none": {p, ""}, "bound to another": {&identity.Principal{UserID: bob, TenantID: acme}, other},
			"a client": {&identity.Principal{ClientID: "cli_1"}, acme}, "an administrator who is bound": {&identity.Principal{Roles: []string{"admin"}, TenantID: acme}, other},
		} {
			_, err := f.Within(ctx, c.p, c.org)
			f.refuses(name, err, identity.ErrNotFound)
		}
		in, err = f.Within(ctx, &identity.Principal{UserID: bob, Roles: []string{"admin"}}, acme)
		f.must(err)
		if in.TenantID != acme || in.TenantRoles != nil {
			t.Errorf("%+v", in)
		}
	})
}

// Two owners who remove each other, or leave together, do not leave the organization to nobody.
func TestLastOwnerRace(t *testing.T) {
	each(t, func(f *fixture) {
		ctx, alice, bob := f.Context(), f.user("alice"), f.user("bob")
		for range sqldbtest.Rounds(t) {
			org := f.org("Acme", alice, bob)
			var won atomic.Int64
			sqldbtest.Race(8, func(i int) {
				user := []identity.UserID{alice, bob}[i%2]
				err := f.Revoke(ctx, org, user, access.RoleOwner)
				switch {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, access.ErrLastOwner):
					t.Error(err)
				}
			})
			if owners := len(f.roles(org, alice)) + len(f.roles(org, bob)); owners != 1 || won.Load() < 1 {
				t.Fatalf("%d owners, %d removed", owners, won.Load())
			}
		}
	})
}

// Whoever is removed from the house leaves their organizations, the last owner too: the rest
// stays, and an administrator gives it another owner.
func TestRemovedOwner(t *testing.T) {
	each(t, func(f *fixture) {
		ctx, alice, bob := f.Context(), f.user("alice"), f.user("bob")
		org := f.org("Acme", alice)
		f.must(f.Grant(ctx, org, bob, "member"))
		f.must(f.accounts.Delete(ctx, alice))
		list, _, err := f.Members(ctx, org, access.Page{})
		f.must(err)
		if len(list) != 1 || list[0].User != bob {
			t.Errorf("%+v", list)
		}
		f.must(f.Grant(ctx, org, bob, access.RoleOwner))
	})
}

// Nobody gives or takes a role that may do more than they may (AUZ-20, ZTR-02).
func TestAssign(t *testing.T) {
	each(t, func(f *fixture) {
		_, err := f.Apply(f.Context(), managed, "test")
		f.must(err)
		ctx, alice, bob, carol := f.Context(), f.user("alice"), f.user("bob"), f.user("carol")
		org := f.org("Acme", alice)
		f.must(f.Grant(ctx, org, bob, "manager"))
		as := func(user identity.UserID, scopes ...string) *identity.Principal {
			p, err := f.Within(ctx, &identity.Principal{UserID: user, Scopes: scopes}, org)
			f.must(err)
			return p
		}
		for _, c := range []struct {
			by   identity.UserID
			user identity.UserID
			role []string
			want error
		}{
			{bob, bob, []string{"manager", "owner"}, access.ErrAbove},
			{bob, alice, []string{"member"}, access.ErrAbove},
			{bob, carol, []string{"editor"}, access.ErrAbove},
			{bob, carol, []string{"writer"}, access.ErrAbove},
			{bob, carol, []string{"reader", "member"}, nil},
			{alice, carol, []string{"owner", "writer"}, nil},
			{carol, alice, nil, nil},
		} {
			f.refuses(fmt.Sprint(c), f.Assign(ctx, as(c.by), org, c.user, c.role), c.want)
		}
		limited := as(carol, "organization:manage") // by such a credential even an owner makes no other
		f.refuses("a limited credential", f.Assign(ctx, limited, org, bob, []string{"owner"}), access.ErrAbove)
		if got := f.roles(org, bob); !slices.Equal(got, []string{"manager"}) {
			t.Errorf("%v", got)
		}
	})
}

// Members come in parts, and the history of what they were stays, of a user and of an
// organization, when both are gone (AUZ-22).
func TestHistory(t *testing.T) {
	each(t, func(f *fixture) {
		ctx, alice := f.Context(), f.user("alice")
		org, other := f.org("Acme", alice), f.org("Other", alice)
		boss := identity.NewContext(ctx, &identity.Principal{UserID: alice})
		for _, name := range []string{"bob", "carol", "dave"} {
			f.must(f.Grant(boss, org, f.user(name), "member"))
		}
		var all []access.Member
		for cursor := ""; ; {
			list, next, err := f.Members(ctx, org, access.Page{Limit: 3, Cursor: cursor})
			f.must(err)
			all = append(all, list...)
			if cursor = next; next == "" {
				break
			}
		}
		if len(all) != 4 || all[3].User != alice || all[0].Since.Before(start) {
			t.Fatalf("%+v", all)
		}
		dave, before := all[0].User, f.version(all[0].User)
		f.wait(time.Second)
		f.must(f.Dissolve(ctx, org))
		f.must(f.tenants.Delete(ctx, org))
		if f.version(dave) != before+1 || len(f.roles(org, dave)) != 0 {
			t.Error("tokens still claim what is over")
		}
		f.refuses("what is gone", f.Dissolve(ctx, org), identity.ErrNotFound)
		count := func(user identity.UserID, org identity.TenantID, want int) []identity.Event {
			t.Helper()
			list, _, err := f.History(ctx, user, org, access.Page{})
			f.must(err)
			if len(list) != want {
				t.Errorf("%d events, want %d", len(list), want)
			}
			return list
		}
		events := count(dave, org, 2)
		if e := events[1]; e.Type != identity.EventRoleGranted || e.Actor != string(alice) || e.Data["role"] != "member" || e.Org != org {
			t.Errorf("%+v", e)
		}
		count("", org, 8)
		count("", other, 1)
		count(alice, "", 3)
		count(dave, other, 0)
	})
}

// Nobody names a scope for more than they may do, on their own or at all (ZTR-02, KEY-06).
func TestMayName(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	_, err := f.Apply(f.Context(), `
permissions: [posts:edit, posts:read, "notes:edit:own"]
roles: {user: [posts:read, "posts:edit:own", "notes:edit:own"]}
scopes: {publish: [posts:edit], billing: [gatehouse:admin, posts:read]}
`, "test")
	f.must(err)
	user, admin := &identity.Principal{UserID: "usr_1", Roles: []string{"user"}}, &identity.Principal{UserID: "usr_2", Roles: []string{"admin"}}
	limited := &identity.Principal{UserID: "usr_2", Roles: []string{"admin"}, Scopes: []string{"read"}}
	for _, c := range []struct {
		p     *identity.Principal
		scope string
		want  error
	}{
		{user, "posts:read", nil},
		{user, "posts:edit:own", nil},
		{user, "notes:edit:own", nil},
		{user, "posts:edit", identity.ErrScope},
		{user, "read", nil},
		{user, "publish", nil}, // as far as the roles go, when it is used
		{user, "billing", identity.ErrScope},
		{user, "admin", identity.ErrScope},
		{user, "gatehouse:admin", identity.ErrScope},
		{user, "export:csv", identity.ErrInvalid},
		{user, "POSTS:READ", identity.ErrInvalid},
		{user, "*", identity.ErrInvalid},
		{&identity.Principal{UserID: "usr_3"}, "read", identity.ErrScope},
		{admin, "admin", nil},
		{admin, "posts:edit", nil},
		{limited, "posts:edit", identity.ErrScope},
		{limited, "posts:read", nil},
	} {
		f.refuses(c.p.Name()+" "+c.scope, f.MayName(c.p, []string{c.scope}), c.want)
	}
	if f.Has(nil, policy.Admin) {
		t.Error("nobody may do something")
	}
}
