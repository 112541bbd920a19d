package account_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/session"
)

func TestSetRoles(t *testing.T) {
	each(t, func(f *fixture) {
		f.user("keeper", "admin")
		u := f.user("alice", "user", "editor")
		for i, roles := range [][]string{{"user", "admin"}, {"user"}, {}, {"user"}, {"user", "user"}} {
			f.must(f.accounts.SetRoles(f.Context(), u.ID, roles))
			got := f.read(u.ID)
			if want := slices.Compact(slices.Sorted(slices.Values(roles))); !slices.Equal(got.Roles, want) || got.Version != int64(i+1) || got.Generation != 0 {
				f.Errorf("%v: %+v", roles, got)
			}
		}
		if got := f.events(u.ID); got[identity.EventRoleGranted] != 2 || got[identity.EventRoleRevoked] != 3 {
			f.Errorf("events %v", got)
		}
		f.refuses("unknown user", f.accounts.SetRoles(f.Context(), "usr_0", []string{"user"}), identity.ErrNotFound)
	})
}

// leaving are the three ways in which an administrator can cease to be one.
func (f *fixture) leaving() map[string]func(identity.UserID) error {
	return map[string]func(identity.UserID) error{
		"loses the role": func(id identity.UserID) error { return f.accounts.SetRoles(f.Context(), id, []string{"user"}) },
		"is disabled":    func(id identity.UserID) error { return f.accounts.SetState(f.Context(), id, identity.Disabled) },
		"is deleted":     func(id identity.UserID) error { return f.accounts.Delete(f.Context(), id) },
	}
}

func TestLastAdmin(t *testing.T) {
	each(t, func(f *fixture) {
		admin, user, idle := f.user("admin", "admin"), f.user("user"), f.user("idle", "admin")
		f.must(f.accounts.SetState(f.Context(), idle.ID, identity.Disabled))
		for how, leave := range f.leaving() {
			f.refuses("the last one "+how, leave(admin.ID), account.ErrLastAdmin)
			if got := f.read(admin.ID); !slices.Equal(got.Roles, []string{"admin"}) || got.State != identity.Active || got.Version != 0 || got.Generation != 0 {
				f.Errorf("%s: refused, and yet %+v", how, got)
			}
			other := f.user("other", "admin")
			f.must(leave(other.ID))
			if how != "is deleted" {
				f.must(f.accounts.Delete(f.Context(), other.ID))
			}
		}
		f.must(f.accounts.SetRoles(f.Context(), admin.ID, []string{"admin", "user"}))
		f.must(f.accounts.SetRoles(f.Context(), idle.ID, nil))
		f.must(f.accounts.Delete(f.Context(), user.ID))
		if got := f.read(admin.ID); got.Version != 1 {
			f.Errorf("version %d: what others lose does not outdate an administrator's tokens", got.Version)
		}
	})
}

// Administrators who all leave at once, in any way: one of them stays.
func TestLastAdminRace(t *testing.T) {
	each(t, func(f *fixture) {
		var leave []func(identity.UserID) error
		for _, way := range f.leaving() {
			leave = append(leave, way)
		}
		for range sqldbtest.Rounds(f) {
			ids := make([]identity.UserID, 16)
			for i := range ids {
				ids[i] = f.user(fmt.Sprint("admin", f.since.Load()), "admin").ID
			}
			f.retire(ids)
			left := f.winners(account.ErrLastAdmin, func(i int) error { return leave[i%3](ids[i]) })
			active := f.count(`SELECT COUNT(*) FROM users u JOIN user_roles r ON r.user_id = u.id WHERE r.role = 'admin' AND u.state = 'active'`)
			if left != 15 || active != 1 {
				f.Errorf("%d of 16 left, %d active administrators are there", left, active)
			}
		}
	})
}

// retire leaves only the given administrators.
func (f *fixture) retire(keep []identity.UserID) {
	f.Helper()
	users, _, err := f.accounts.List(f.Context(), account.Query{Limit: 200})
	f.must(err)
	for _, u := range users {
		if !slices.Contains(keep, u.ID) {
			f.must(f.accounts.Delete(f.Context(), u.ID))
		}
	}
}

func TestSetState(t *testing.T) {
	each(t, func(f *fixture) {
		u := f.user("alice")
		for i, c := range []struct {
			state      identity.State
			generation int64
		}{
			{identity.Active, 0}, {identity.Disabled, 1}, {identity.Disabled, 1}, {identity.Active, 1}, {identity.Disabled, 2},
		} {
			f.must(f.accounts.SetState(f.Context(), u.ID, c.state))
			if got := f.read(u.ID); got.State != c.state || got.Generation != c.generation {
				f.Errorf("step %d: %+v, want %+v", i, got, c)
			}
		}
		if got := f.events(u.ID); got[identity.EventUserDisabled] != 2 || got[identity.EventUserEnabled] != 1 {
			f.Errorf("events %v: what changes nothing is no event", got)
		}
		f.refuses("unknown user", f.accounts.SetState(f.Context(), "usr_0", identity.Disabled), identity.ErrNotFound)
		f.refuses("unknown user", f.accounts.SetState(f.Context(), "usr_0", identity.Active), identity.ErrNotFound)
	})
}

func TestEndGeneration(t *testing.T) {
	each(t, func(f *fixture) {
		u := f.user("alice")
		for want := int64(1); want <= 2; want++ {
			got, err := f.accounts.EndGeneration(f.Context(), u.ID)
			if now := f.read(u.ID); err != nil || got != want || now.Generation != want || now.Version != want {
				f.Errorf("generation %d, %v, want %d: %+v", got, err, want, now)
			}
		}
		_, err := f.accounts.EndGeneration(f.Context(), "usr_0")
		f.refuses("unknown user", err, identity.ErrNotFound)
	})
}

func TestRename(t *testing.T) {
	each(t, func(f *fixture) {
		u := f.user("alice")
		f.must(f.accounts.Rename(f.Context(), u.ID, "Alice Adams"))
		if got := f.read(u.ID); got.Name != "Alice Adams" || got.Version != 0 {
			f.Errorf("%+v", got)
		}
		f.refuses("unknown user", f.accounts.Rename(f.Context(), "usr_0", "x"), identity.ErrNotFound)
	})
}

func TestDelete(t *testing.T) {
	each(t, func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		for _, id := range []identity.UserID{u.ID, other.ID} {
			f.must(f.accounts.Enroll(f.Context(), &identity.Credential{UserID: id, Method: "password", Lookup: string(id)}))
			f.handOut(identity.Challenge{Purpose: "reset", Subject: string(id), UserID: id})
			sessions := session.Store{DB: f.db, Log: f.log, Now: f.now}
			_, err := sessions.Create(f.Context(), &identity.Session{UserID: id, Mode: identity.ModeCookie})
			f.must(err)
		}
		f.must(f.accounts.Delete(f.Context(), u.ID))
		for _, table := range []string{"identifiers", "user_roles", "credentials", "challenges", "sessions"} {
			if theirs, others := f.count(`SELECT COUNT(*) FROM `+table+` WHERE user_id = $1`, string(u.ID)), f.count(`SELECT COUNT(*) FROM `+table); theirs != 0 || others != 1 {
				f.Errorf("%s: %d rows of the deleted user, %d in all", table, theirs, others)
			}
		}
		if got := f.events(u.ID); got[identity.EventUserCreated] != 1 || got[identity.EventUserDeleted] != 1 {
			f.Errorf("events %v: the log stays", got)
		}
		f.refuses("once more", f.accounts.Delete(f.Context(), u.ID), identity.ErrNotFound)
		f.user("alice") // the address is free again
	})
}
