package guard_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// A request whose credential was a cookie needs the token too, on every route but those that
// protocols send forms to; exactly then, whatever else it carries (BUG-45). One by a token or a key
// needs nothing. A certificate and a Basic password are what browsers send by themselves.
func TestForgery(t *testing.T) {
	f := open(t)
	byCookie := user("usr_alice")
	byCookie.Cookie, byCookie.SessionID = true, "ses_1"
	token := web.CSRFToken(make([]byte, 32), "session ses_1")
	from := func(site, token string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", site)
			r.Header.Set("X-CSRF-Token", token)
		}
	}
	get := func(r *http.Request) { r.Method = http.MethodGet }
	by := func(credential string) func(*http.Request) {
		return func(r *http.Request) {
			from("cross-site", "")(r)
			r.Header.Set("Authorization", credential)
		}
	}
	program := func(*http.Request) {}
	for _, c := range []struct {
		what   string
		caller *identity.Principal
		rule   guard.Rule
		change func(*http.Request)
		status int
		code   string
	}{
		{"with the token", byCookie, guard.Rule{}, from("same-origin", token), 204, ""},
		{"without", byCookie, guard.Rule{}, from("same-origin", ""), 403, "INVALID_CSRF"},
		{"from elsewhere with the token", byCookie, guard.Rule{}, from("cross-site", token), 403, "INVALID_CSRF"},
		{"that only reads", byCookie, guard.Rule{}, get, 204, ""},
		{"a cookie, beside a header", byCookie, guard.Rule{}, by("Bearer x"), 403, "INVALID_CSRF"},
		{"by token", user("usr_alice"), guard.Rule{}, by("Bearer x"), 204, ""},
		{"by key", user("usr_alice"), guard.Rule{}, func(r *http.Request) { by("")(r); r.Header.Set("X-Api-Key", "x") }, 204, ""},
		{"by Basic, from elsewhere", user("usr_alice"), guard.Rule{}, by("Basic x"), 403, "INVALID_CSRF"},
		{"by certificate, from elsewhere", user("usr_alice"), guard.Rule{}, from("cross-site", ""), 403, "INVALID_CSRF"},
		{"by certificate, from a program", user("usr_alice"), guard.Rule{}, program, 204, ""},
		{"public, from here", byCookie, guard.Rule{Public: true}, from("same-origin", ""), 204, ""},
		{"public, from elsewhere", byCookie, guard.Rule{Public: true}, from("cross-site", ""), 403, "INVALID_CSRF"},
		{"for other sites", byCookie, guard.Rule{Public: true, CrossSite: true}, from("cross-site", ""), 204, ""},
	} {
		f.caller = c.caller
		f.is(c.what, f.ask("route", c.rule, c.change), c.status, c.code)
	}
}

// A limit counts addresses, each route for itself, and says what is left
// (draft-ietf-httpapi-ratelimit-headers).
func TestLimit(t *testing.T) {
	f := open(t)
	f.caller = user("usr_alice")
	rule := guard.Rule{Limit: throttle.Rate{N: 2, Per: time.Minute}}
	from := func(ip string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = ip } }
	for _, c := range []struct {
		what, name, ip string
		status         int
		left           string
	}{
		{"first", "a", "192.0.2.1:1000", 204, `"default";r=1;t=30`},
		{"second, from another port", "a", "192.0.2.1:2000", 204, `"default";r=0;t=60`},
		{"third", "a", "192.0.2.1:3000", 429, `"default";r=0;t=30`},
		{"another route", "b", "192.0.2.1:1000", 204, `"default";r=1;t=30`},
		{"another address", "a", "192.0.2.2:1000", 204, `"default";r=1;t=30`},
		{"IPv6", "a", "[2001:db8::1]:1000", 204, `"default";r=1;t=30`},
		{"the same network", "a", "[2001:db8::ffff:1]:1000", 204, `"default";r=0;t=60`},
		{"once more", "a", "[2001:db8::2]:1000", 429, `"default";r=0;t=30`},
		{"another network", "a", "[2001:db8:0:1::1]:1000", 204, `"default";r=1;t=30`},
	} {
		w := f.ask(c.name, rule, from(c.ip))
		code := map[int]string{429: "RATE_LIMITED"}[c.status]
		f.is(c.what, w, c.status, code)
		if w.Header().Get("RateLimit") != c.left || w.Header().Get("RateLimit-Policy") != `"default";q=2;w=60` {
			t.Errorf("%s: %v", c.what, w.Header())
		}
		if got := w.Header().Get("Retry-After"); (got == "30") != (c.status == 429) {
			t.Errorf("%s: Retry-After: %q", c.what, got)
		}
	}
	f.time = f.time.Add(time.Minute)
	f.is("later", f.ask("a", rule, from("192.0.2.1:1000")), 204, "")
	if w := f.ask("free", guard.Rule{}); w.Header().Get("RateLimit") != "" {
		t.Errorf("%v", w.Header())
	}
}

// Calls of strangers are counted together, whatever the route; a good credential is not counted, and
// what the rule does not count costs nothing (RAT-02).
func TestCalls(t *testing.T) {
	f := open(t)
	f.Limiter.Limits = throttle.Limits{throttle.Calls: {N: 3, Per: time.Minute}}
	stranger := func(r *http.Request) { r.RemoteAddr = "192.0.2.1:1000" }
	for i := range 3 {
		f.caller = user("usr_alice")
		f.is("of somebody", f.ask("mine", guard.Rule{Call: true}, stranger), 204, "")
		f.caller = nil
		rule := []guard.Rule{{Call: true}, {Call: true, Public: true}, {Call: true, Schemes: []identity.SchemeID{"test"}}}[i]
		f.ask(strconv.Itoa(i), rule, stranger)
	}
	f.is("of a stranger, once more", f.ask("mine", guard.Rule{Call: true}, stranger), 429, "RATE_LIMITED")
	f.is("public, once more", f.ask("public", guard.Rule{Call: true, Public: true}, stranger), 429, "RATE_LIMITED")
	for _, rule := range []guard.Rule{{Call: true}, {Call: true, Public: true}} {
		if e, err := f.Explain(t.Context(), f.refused(rule, stranger)); err != nil || e.Demand != "at most 3 requests in 1m from one address" {
			t.Errorf("%v: %+v", err, e)
		}
	}
	f.is("not counted", f.ask("free", guard.Rule{Public: true}, stranger), 204, "")
	f.caller = user("usr_alice")
	f.is("of somebody, from there", f.ask("mine", guard.Rule{Call: true}, stranger), 204, "")
}

// What ran is recorded with its outcome; what was refused is not (MWS-04, CON-16).
func TestAudit(t *testing.T) {
	f := open(t)
	f.caller = user("usr_alice")
	rule := guard.Rule{Audit: "post.deleted"}
	f.ask("DELETE /posts/{id}", rule)
	list := f.events()
	if len(list) != 1 || list[0].Type != "post.deleted" || list[0].Actor != "usr_alice" || list[0].Data["status"] != "204" ||
		list[0].Data["route"] != "DELETE /posts/{id}" || list[0].RequestID == "" {
		t.Errorf("%+v", list)
	}
	for status, h := range map[string]http.HandlerFunc{
		"200": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("said nothing of a status")) },
		"409": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusConflict) },
	} {
		f.time = f.time.Add(time.Second)
		f.Protect("route", rule, h).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
		if got := f.events()[0].Data["status"]; got != status {
			t.Errorf("status %s, want %s", got, status)
		}
	}
	f.caller = nil
	before := len(f.events())
	f.ask("route", rule)
	if len(f.events()) != before {
		t.Error("a refused request is recorded as if it had run")
	}
}

// A handler behind an audited route can still stream.
func TestAuditedStream(t *testing.T) {
	f := open(t)
	f.caller = user("usr_alice")
	w := httptest.NewRecorder()
	f.Protect("route", guard.Rule{Audit: "read"}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	})).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if !w.Flushed {
		t.Error("not flushed")
	}
}

// Who may not and tries a thousand times is one line of the log, a minute; strangers are
// none.
func TestDenied(t *testing.T) {
	f := open(t)
	f.ask("route", guard.Rule{Permission: "posts:delete"})
	f.ask("route", guard.Rule{Public: true, Permission: "posts:delete"})
	if list := f.events(); len(list) != 0 {
		t.Errorf("strangers: %+v", list)
	}
	f.caller = user("usr_alice", "author")
	theirs := guard.Rule{Permission: "posts:delete", Owner: func(*http.Request) (policy.Resource, error) { return policy.Resource{Owner: "usr_bob"}, nil }}
	for i, c := range []struct {
		what, route string
		rule        guard.Rule
		after       time.Duration
		events      int
	}{
		{"first", "a", guard.Rule{Permission: "posts:write"}, 0, 1},
		{"again", "a", guard.Rule{Permission: "posts:write"}, 59 * time.Second, 1},
		{"another route", "b", theirs, 0, 2},
		{"a minute later", "a", guard.Rule{Permission: "posts:write"}, time.Second, 3},
		{"stale", "c", guard.Rule{Fresh: time.Second}, 0, 4},
		{"let in", "d", guard.Rule{}, 0, 4},
	} {
		f.time = f.time.Add(c.after)
		for range 10 {
			f.ask(c.route, c.rule)
		}
		list := f.events()
		if len(list) != c.events {
			t.Errorf("%s: %d events, want %d", c.what, len(list), c.events)
		}
		if e := list[0]; e.Type != identity.EventAccessDenied || e.Subject != "usr_alice" || e.Data["route"] == "" || e.Data["reason"] == "" {
			t.Errorf("%d: %+v", i, e)
		}
	}
}

// A route behind Protect is one of the house, wherever it is mounted: with its header
// fields, and open to other origins as they are configured.
func TestEmbedded(t *testing.T) {
	f := open(t)
	app := func(r *http.Request) { r.Header.Set("Origin", "https://app.example.com") }
	w := f.ask("route", guard.Rule{}, app)
	f.is("nobody", w, 401, "NO_CREDENTIALS")
	for _, name := range []string{"X-Request-Id", "Content-Security-Policy", "Strict-Transport-Security", "Access-Control-Allow-Origin"} {
		if w.Header().Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	w = f.ask("route", guard.Rule{}, app, func(r *http.Request) {
		r.Method = http.MethodOptions
		r.Header.Set("Access-Control-Request-Method", "POST")
	})
	if w.Code != http.StatusNoContent || f.calls != 0 || w.Header().Get("Access-Control-Allow-Methods") == "" {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
}

// What a policy in shadow would have decided otherwise is told with the route, and opens and
// closes nothing.
func TestShadowedRoute(t *testing.T) {
	f := open(t)
	if _, err := f.Access.SetShadow(t.Context(), "permissions: [posts:delete]\nroles: {editor: []}\n", ""); err != nil {
		t.Fatal(err)
	}
	f.caller = user("usr_1", "editor")
	f.is("by role", f.ask("DELETE /posts/{id}", guard.Rule{Permission: "posts:delete"}), http.StatusNoContent, "")
	r, err := f.Access.Shadowed(t.Context())
	if err != nil || len(r.Differences) != 1 {
		t.Fatalf("%+v: %v", r, err)
	}
	if d := r.Differences[0]; d.Route != "DELETE /posts/{id}" || !d.Now || d.Would || d.Caller != "usr_1" || d.RequestID == "" {
		t.Errorf("%+v", d)
	}
}
