package access_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gatehouse-id/gatehouse/access"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/policy"
)

const (
	narrow = "permissions: [posts:read]\nroles: {user: [posts:read]}\n"
	wide   = "permissions: [posts:read, posts:edit]\nroles: {user: [posts:read, posts:edit]}\n"
)

var reader = &identity.Principal{UserID: "usr_1", Roles: []string{"user"}}

func (f *fixture) may(want policy.Permission) bool {
	return f.Authorize(f.Context(), policy.Request{Principal: reader, Permission: want}).Allow
}

func (f *fixture) apply(text string) *access.Stored {
	f.Helper()
	p, err := f.Apply(f.Context(), text, "usr_boss")
	f.must(err)
	f.wait(1e6)
	return p
}

// A policy that is stored decides here at once and on another machine after its next look, and
// can be taken back (AUZ-01).
func TestApply(t *testing.T) {
	each(t, func(f *fixture) {
		there, ctx := f.next(), f.Context()
		first, second := f.apply(wide), f.apply(narrow)
		if f.may("posts:edit") || !f.may("posts:read") || there.may("posts:read") {
			t.Error("the wrong policy decides here")
		}
		f.must(there.Reload(ctx))
		if there.may("posts:edit") || !there.may("posts:read") {
			t.Error("the wrong policy decides there")
		}
		back, err := there.Rollback(ctx, first.ID, "usr_other")
		f.must(err)
		f.must(f.Reload(ctx))
		if !f.may("posts:edit") || !there.may("posts:edit") || back.Text != wide {
			t.Error("it was not taken back")
		}
		list, next, err := f.Policies(ctx, access.Page{})
		f.must(err)
		if len(list) != 3 || next != "" || list[0].ID != back.ID || list[0].State != access.Current || list[0].Actor != "usr_other" ||
			list[1].ID != second.ID || list[1].State != access.Past || list[1].Text != "" || list[2].ID != first.ID {
			t.Errorf("%+v", list)
		}
		if now, from, err := f.next().InForce(ctx); err != nil || now.ID != back.ID || from != access.FromDatabase || now.Text != wide {
			t.Errorf("%+v from %s: %v", now, from, err)
		}
		_, err = f.Rollback(ctx, "pol_x", "")
		f.refuses("an unknown policy", err, identity.ErrNotFound)
		events, _, err := f.Store.Log.List(ctx, auditOf(identity.EventPolicyChanged))
		f.must(err)
		if e := events[0]; len(events) != 3 || e.Actor != "usr_other" || e.Data["restored"] != string(first.ID) || e.Data["former"] != string(second.ID) {
			t.Errorf("%+v", events)
		}
	})
}

// What does not compile is refused with its line, and so is what a route or the configuration
// rests on; what decides stays (AUZ-06).
func TestRefusedPolicy(t *testing.T) {
	each(t, func(f *fixture) {
		f.apply(wide)
		f.Kept = []string{"moderator", "auditor"}
		if f.Demand("posts:ban") || !f.Demand("posts:edit") {
			t.Error("a permission that there is not was demanded")
		}
		const kept = "permissions: [posts:read]\nroles:\n  auditor: []\n"
		for text, want := range map[string]string{
			"permissions: [posts:read]\nroles:\n  user: [posts:raed]\n": `line 3: permission "posts:raed" is not registered`,
			"permission: []\n":       "line 1",
			"permissions: [\n":       "line",
			"roles:\n  admin: []\n":  "line 2",
			"x: \x00\n":              "control characters",
			kept:                     `lacks the permission "posts:edit", which a route demands`,
			narrow:                   `lacks the role "auditor"`,
			strings.Repeat("#", 2e6): "longer than",
			wide + "tests:\n  - {name: nobody, do: posts:read, want: allow}\n":                          `the test "nobody" wants allow, got deny`,
			kept + "conditions: |\n  permit (principal, action, resource) when { resource.nothing };\n": "line 5",
		} {
			_, err := f.Apply(f.Context(), text, "")
			if !errors.Is(err, identity.ErrInvalid) || !strings.Contains(faulty(err), want) {
				t.Errorf("%.60q: %q, want %q", text, faulty(err), want)
			}
		}
		if !f.may("posts:edit") {
			t.Error("what decides has changed")
		}
	})
}

// A policy that is code is changed in the code.
func TestConfiguredPolicy(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	p := f.apply(wide)
	f.Base = &policy.File{Permissions: []policy.Permission{"posts:read"}, Roles: map[string][]policy.Permission{"user": {"posts:read"}}}
	f.must(f.Open(t.Context()))
	if f.may("posts:edit") || !f.may("posts:read") {
		t.Error("the stored policy decides")
	}
	_, err := f.Apply(t.Context(), wide, "")
	f.refuses("apply", err, access.ErrConfigured)
	_, err = f.Rollback(t.Context(), p.ID, "")
	f.refuses("roll back", err, access.ErrConfigured)
	now, from, err := f.InForce(t.Context())
	f.must(err)
	if from != access.FromConfiguration || !strings.Contains(now.Text, "posts:read") || strings.Contains(now.Text, "posts:edit") {
		t.Errorf("%s: %s", from, now.Text)
	}
}

// A stored policy that no longer compiles stops the start; a machine that runs goes on with what
// it understands, says so once, and takes the next one.
func TestBrokenPolicy(t *testing.T) {
	each(t, func(f *fixture) {
		ctx, p := f.Context(), f.apply(narrow)
		newer := f.apply(narrow)
		there := f.next()
		for _, id := range []identity.PolicyID{p.ID, newer.ID} {
			_, err := f.DB.Exec(ctx, `UPDATE policies SET text = 'future: true' WHERE id = $1`, string(id))
			f.must(err)
		}
		closed := &access.Store{DB: f.DB, Log: f.Store.Log, Now: f.now}
		if err := closed.Open(ctx); err == nil || !strings.Contains(err.Error(), string(newer.ID)) || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("it opened: %v", err)
		}
		f.must(there.Reload(ctx)) // it has it already
		_, err := there.DB.Exec(ctx, `UPDATE policies SET state = CASE id WHEN $1 THEN 'past' ELSE 'elsewhere' END`, string(p.ID))
		f.must(err)
		_, err = there.DB.Exec(ctx, `UPDATE policies SET state = 'current' WHERE id = $1`, string(p.ID))
		f.must(err)
		if there.Reload(ctx) == nil || there.Reload(ctx) != nil || !there.may("posts:read") {
			t.Error("it fell back, or did not say so once")
		}
		there.Kept = nil
		there.apply(wide)
		if !there.may("posts:edit") {
			t.Error("it does not take the next one")
		}
	})
}

// Of many who change the policy at once each is told whether they did, and one is in force on
// all machines.
func TestApplyRace(t *testing.T) {
	each(t, func(f *fixture) {
		there := f.next()
		for range sqldbtest.Rounds(t) {
			var won atomic.Int64
			sqldbtest.Race(8, func(i int) {
				on, text := []*fixture{f, there}[i%2], []string{wide, narrow}[i/4]
				_, err := on.Apply(f.Context(), text, "")
				switch {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, identity.ErrConflict):
					t.Error(err)
				}
			})
			f.must(f.Reload(f.Context()))
			f.must(there.Reload(f.Context()))
			now, _, err := f.InForce(f.Context())
			f.must(err)
			if won.Load() == 0 || f.may("posts:edit") != (now.Text == wide) || there.may("posts:edit") != (now.Text == wide) {
				t.Fatalf("%d won; %v and %v by %q", won.Load(), f.may("posts:edit"), there.may("posts:edit"), now.Text)
			}
		}
	})
}
