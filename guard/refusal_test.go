package guard_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
)

// refused asks and returns the request's ID.
func (f *fixture) refused(rule guard.Rule, change ...func(*http.Request)) identity.RequestID {
	f.Helper()
	w := f.ask("route", rule, change...)
	if w.Code < 400 {
		f.Fatalf("%d", w.Code)
	}
	return identity.RequestID(w.Header().Get("X-Request-Id"))
}

// An operator is told which step refused and what would have passed; from the ring, and in another
// process from the log (AUZ-22).
func TestExplain(t *testing.T) {
	f := open(t)
	f.caller = of(user("usr_alice", "author"), identity.SchemeBearer, "posts:delete", "read")
	id := f.refused(guard.Rule{Permission: "posts:delete"})
	want := guard.Refusal{
		RequestID: id, At: start, Route: "route", Step: "permission", Scheme: identity.SchemeBearer, Caller: "usr_alice", Roles: []string{"author"},
		Scopes: []string{"posts:delete", "read"}, Code: "INSUFFICIENT_PERMISSIONS", Reason: "role author grants posts:delete on what one owns",
		Demand: "permission posts:delete", Permission: "posts:delete",
	}
	elsewhere := guard.Guard{Access: f.Access, Log: f.Guard.Log}
	for name, g := range map[string]*guard.Guard{"here": f.Guard, "elsewhere": &elsewhere} {
		e, err := g.Explain(t.Context(), id)
		if err != nil || fmt.Sprint(e.Refusal) != fmt.Sprint(want) {
			t.Errorf("%s: %v\n%+v, want\n%+v", name, err, e.Refusal, want)
		}
		if !slices.Contains(e.Passes, "role editor") || !slices.Contains(e.Passes, "role admin") {
			t.Errorf("%s: would have passed: %q", name, e.Passes)
		}
	}
	again := f.refused(guard.Rule{Permission: "posts:delete"})
	for id, g := range map[identity.RequestID]*guard.Guard{again: &elsewhere, "req_unknown": f.Guard, "": f.Guard, identity.NewID[identity.RequestID]("req", start): f.Guard} {
		if e, err := g.Explain(t.Context(), id); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("%s: %+v, %v", id, e, err)
		}
	}
}

// What was demanded is said of each step, and where no role could help what would have passed is
// just that.
func TestExplainDemands(t *testing.T) {
	f := open(t)
	f.caller = of(user("usr_alice", "editor", "reader"), identity.SchemeBearer, "read")
	organization := func(*http.Request) identity.TenantID { return identity.TenantID("org_" + strings.Repeat("x", 10_000)) }
	for demand, rule := range map[string]guard.Rule{
		"a credential of scheme basic or mtls":           {Schemes: []identity.SchemeID{identity.SchemeBasic, identity.SchemeMTLS}},
		"a credential that is not limited by scopes":     {},
		"a credential that names scope export:csv":       {Scope: "export:csv"},
		"a credential whose scopes cover posts:delete":   {Permission: "posts:delete"},
		"a proof not older than 5m":                      {Scope: "read", Fresh: 5 * time.Minute},
		"a member of organization org_" + long("x", 471): {Scope: "read", Organization: organization},
	} {
		f.time = f.time.Add(time.Hour)
		e, err := f.Explain(t.Context(), f.refused(rule))
		if err != nil || e.Demand != demand || !slices.Equal(e.Passes, []string{demand}) {
			t.Errorf("%v: %+v, want %s", err, e, demand)
		}
	}
	f.Assured = func(*identity.Principal) bool { return false }
	f.caller = user("usr_alice", "editor")
	if e, _ := f.Explain(t.Context(), f.refused(guard.Rule{Permission: "posts:delete"})); e.Demand != "assurance aal2" || e.Permission != "" {
		t.Errorf("%+v", e)
	}
	f.caller.Cookie = true
	if e, _ := f.Explain(t.Context(), f.refused(guard.Rule{})); e.Demand != "the token against forgery, from one of our pages" {
		t.Errorf("%+v", e)
	}
}

func long(s string, n int) string { return strings.Repeat(s, n) }

// The last ten thousand are remembered, each to be found by its ID, while others come in (run by
// the race detector).
func TestRefusals(t *testing.T) {
	f := open(t)
	h := f.Protect("route", guard.Rule{}, http.NotFoundHandler())
	first := f.refused(guard.Rule{})
	var all sync.WaitGroup
	last := make([]identity.RequestID, 8)
	for i := range last {
		all.Go(func() {
			for range 10_000 / len(last) {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
				last[i] = identity.RequestID(w.Header().Get("X-Request-Id"))
				if v, ok := f.Refusal(last[i]); !ok || v.RequestID != last[i] {
					t.Errorf("%s: %v %+v", last[i], ok, v)
				}
			}
		})
	}
	all.Wait()
	for _, id := range last {
		if v, ok := f.Refusal(id); !ok || v.RequestID != id || v.Step != "authenticate" {
			t.Errorf("%s: %v %+v", id, ok, v)
		}
	}
	if _, ok := f.Refusal(first); ok {
		t.Error("more than ten thousand are remembered")
	}
}

// A store of counters that is away, or asked by somebody who hung up.
type absent struct {
	ephemeral.Store
	err error
}

func (a absent) Claim(ctx context.Context, key string, d time.Duration) (bool, error) {
	if err := cmp.Or(a.err, ctx.Err()); err != nil {
		return false, err
	}
	return a.Store.Claim(ctx, key, d)
}

// Who hangs up at once, or tries while the counters are away, is denied with a trace all the same,
// and cannot flood the log by it (CON-16).
func TestDeniedAndGone(t *testing.T) {
	f := open(t)
	f.caller = user("usr_alice")
	f.Limiter.Store = absent{Store: f.Limiter.Store}
	gone := func(r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		*r = *r.WithContext(ctx)
		cancel()
	}
	for range 10 {
		f.ask("route", guard.Rule{Permission: "posts:delete"}, gone)
	}
	if list := f.events(); len(list) != 1 || list[0].Data["step"] != "permission" {
		t.Errorf("%+v", list)
	}
	f.Limiter.Store = absent{f.Limiter.Store, errors.New("away")}
	f.ask("other", guard.Rule{Permission: "posts:delete"})
	if list := f.events(); len(list) != 2 {
		t.Errorf("%+v", list)
	}
}
