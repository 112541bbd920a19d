package access_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/access"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/policy"
)

func auditOf(event string) audit.Query { return audit.Query{Type: event} }

// report returns what the policy in shadow would have decided otherwise.
func (f *fixture) report() *access.Report {
	f.Helper()
	r, err := f.Shadowed(f.Context())
	f.must(err)
	return r
}

// What is in shadow changes no decision, and is told of: once a minute to the log, and counted
// for whoever asks.
func TestShadow(t *testing.T) {
	each(t, func(f *fixture) {
		there := f.next()
		f.apply(wide)
		_, err := f.SetShadow(f.Context(), narrow, "usr_boss")
		f.must(err)
		ctx := identity.WithOrigin(f.AtRoute(f.Context(), "PUT /posts/{id}"), &identity.Origin{RequestID: "req_1"})
		for range 3 {
			for permission, want := range map[policy.Permission]bool{"posts:edit": true, "posts:read": true, "posts:ban": false} {
				if d := f.Authorize(ctx, policy.Request{Principal: reader, Permission: permission}); d.Allow != want {
					t.Errorf("%s: %+v", permission, d)
				}
			}
		}
		r := f.report()
		if len(r.Differences) != 1 || r.Decided != 9 || r.Failed != 0 || r.Text != narrow {
			t.Fatalf("%+v", r)
		}
		if d := r.Differences[0]; d.Permission != "posts:edit" || d.Route != "PUT /posts/{id}" || !d.Now || d.Would || d.Count != 3 ||
			d.Caller != "usr_1" || d.RequestID != "req_1" || d.NowDecision.Rule != "role user" {
			t.Errorf("%+v", d)
		}
		if n := strings.Count(f.said.String(), "would decide otherwise"); n != 1 || !strings.Contains(f.said.String(), "requestId=req_1") {
			t.Errorf("told %d times: %s", n, f.said)
		}
		f.wait(time.Minute)
		f.may("posts:edit")
		if n := strings.Count(f.said.String(), "would decide otherwise"); n != 2 {
			t.Errorf("told %d times", n)
		}
		f.must(there.Reload(f.Context()))
		if r := there.report(); r.Text != narrow || r.Decided != 0 {
			t.Errorf("%+v", r)
		}
		f.must(f.ClearShadow(f.Context(), "usr_boss"))
		f.refuses("none is there", f.ClearShadow(f.Context(), ""), identity.ErrNotFound)
		_, err = f.Shadowed(f.Context())
		f.refuses("none is there", err, identity.ErrNotFound)
		_, err = f.SetShadow(f.Context(), "roles: {user: [posts:read:never]}", "")
		f.refuses("what does not compile", err, identity.ErrInvalid)
	})
}

// A permit that is refused before the resource is known shows too, where the shadow would have
// looked at it.
func TestShadowPermit(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	f.apply(narrow)
	_, err := f.SetShadow(f.Context(), `{permissions: [posts:read, posts:edit], roles: {user: ["posts:edit:own", posts:read]}}`, "")
	f.must(err)
	for _, permission := range []policy.Permission{"posts:edit", "posts:read"} {
		d := f.Permit(f.Context(), policy.Request{Principal: reader, Permission: permission})
		if d.Allow != (permission == "posts:read") || d.Depends {
			t.Errorf("%+v", d)
		}
	}
	if r := f.report(); len(r.Differences) != 1 || r.Differences[0].Permission != "posts:edit" || !r.Differences[0].Would {
		t.Errorf("%+v", r)
	}
	p, err := f.SetShadow(f.Context(), wide, "")
	f.must(err)
	_, err = f.Rollback(f.Context(), p.ID, "")
	f.refuses("one that was never in force", err, identity.ErrNotFound)
}

// Kinds of differences are bounded: whoever asks for many fills no memory.
func TestShadowBound(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	f.apply(wide)
	_, err := f.SetShadow(f.Context(), narrow, "")
	f.must(err)
	for i := range 1005 {
		ctx := f.AtRoute(f.Context(), fmt.Sprint("GET /", i))
		f.Authorize(ctx, policy.Request{Principal: reader, Permission: "posts:edit"})
	}
	if r := f.report(); len(r.Differences) != 1000 || r.Others != 5 || r.Decided != 1005 {
		t.Errorf("%d kinds, %d others of %d", len(r.Differences), r.Others, r.Decided)
	}
}

// Without a shadow a decision costs what the policy costs.
func TestNoShadow(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	f.apply(wide)
	r := policy.Request{Principal: reader, Permission: "posts:edit"}
	bare := testing.AllocsPerRun(100, func() { f.Policy().Authorize(r) })
	if n := testing.AllocsPerRun(100, func() { f.Authorize(f.AtRoute(context.Background(), "x"), r) }); n > bare {
		t.Errorf("%v allocations, %v without", n, bare)
	}
}
