package guard_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/throttle"
)

func problem(w *httptest.ResponseRecorder) *web.Problem {
	p := &web.Problem{}
	if w.Body.Len() == 0 || json.Unmarshal(w.Body.Bytes(), p) != nil {
		return nil
	}
	return p
}

// TestOrder begins with a request that meets no demand and mends one after the other: each
// time the next demand answers, the limit before everything (MWS-03), and the handler comes last
// (MWS-02, GEN-02, TST-01).
func TestOrder(t *testing.T) {
	f := open(t)
	asked := 0
	rule := guard.Rule{
		Limit: throttle.Rate{N: 1, Per: time.Minute}, Permission: "posts:delete", Fresh: time.Minute,
		Owner: func(*http.Request) (policy.Resource, error) { asked++; return policy.Resource{Owner: "usr_bob"}, nil },
	}
	forged := func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }
	f.fault = identity.ErrInvalidToken
	f.ask("route", rule, forged)
	f.calls = 0
	f.is("limited", f.ask("route", rule, forged), 429, "RATE_LIMITED")
	f.time = f.time.Add(time.Hour)
	f.is("not authenticated", f.ask("route", rule, forged), 401, "INVALID_TOKEN")
	f.caller, f.fault, rule.Limit = user("usr_alice"), nil, throttle.Rate{}
	f.is("forged", f.ask("route", rule, forged), 403, "INVALID_CSRF")
	f.is("not permitted", f.ask("route", rule), 403, "INSUFFICIENT_PERMISSIONS")
	if asked != 0 {
		t.Error("the owner was looked up for somebody who may not act on anything")
	}
	f.caller.Roles = []string{"author"}
	f.is("somebody else's", f.ask("route", rule), 404, "NOT_FOUND")
	f.caller.UserID = "usr_bob"
	f.is("stale", f.ask("route", rule), 401, "STALE_TOKEN")
	f.caller.AuthTime = f.time
	f.is("all is well", f.ask("route", rule), 204, "")
}

// The zero Rule demands authentication; the handler learns who it is (TST-03, JWT-22).
func TestZeroRule(t *testing.T) {
	f := open(t)
	w := f.ask("route", guard.Rule{})
	f.is("nobody", w, 401, "NO_CREDENTIALS")
	if got := w.Header().Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") {
		t.Errorf("WWW-Authenticate: %q", got)
	}
	f.caller = user("usr_alice")
	f.is("somebody", f.ask("route", guard.Rule{}), 204, "")
	if f.served == nil || f.served.UserID != "usr_alice" {
		t.Errorf("the handler was called for %+v", f.served)
	}
}

// Anyone may call what is public: a credential that is not valid counts as none, a good one
// counts. But an outage is no lack of credentials (JWT-21).
func TestPublic(t *testing.T) {
	f := open(t)
	rule := guard.Rule{Public: true}
	for _, c := range []struct {
		what   string
		caller *identity.Principal
		fault  error
		status int
		code   string
	}{
		{"nobody", nil, nil, 204, ""},
		{"somebody", user("usr_alice"), nil, 204, ""},
		{"a bad credential", nil, identity.ErrInvalidToken, 204, ""},
		{"an old credential", nil, identity.ErrTokenExpired, 204, ""},
		{"an outage", nil, identity.ErrUnavailable, 503, "UNAVAILABLE"},
		{"a fault", nil, errors.New("boom"), 500, "INTERNAL"},
	} {
		f.caller, f.fault = c.caller, c.fault
		w := f.ask("route", rule)
		f.is(c.what, w, c.status, c.code)
		if f.served != c.caller {
			t.Errorf("%s: the handler was called for %+v", c.what, f.served)
		}
		if strings.Contains(w.Body.String(), "boom") {
			t.Errorf("%s: %s", c.what, w.Body)
		}
	}
}

// Which scheme answers is decided by the first that finds a credential; where none does, the
// answer says what was wrong.
func TestSchemes(t *testing.T) {
	f := open(t)
	first, asked := f.Schemes[0], 0
	f.Schemes = append(f.Schemes, found(func(*http.Request) (*identity.Principal, error) {
		asked++
		return user("usr_second"), nil
	}))
	f.caller = user("usr_first")
	f.ask("route", guard.Rule{})
	f.caller, f.fault = nil, identity.ErrTokenExpired
	f.ask("route", guard.Rule{})
	if asked != 0 {
		t.Error("a request fell through to another scheme")
	}
	f.fault = nil
	if f.ask("route", guard.Rule{}); f.served == nil || f.served.UserID != "usr_second" {
		t.Errorf("%+v", f.served)
	}
	f.Schemes, f.calls = []guard.Scheme{first}, 0
	for _, c := range []struct {
		name   string
		values []string
		status int
		code   string
	}{
		{"X-Api-Key", []string{"sk_live_x"}, 401, "INVALID_API_KEY"},
		{"Authorization", []string{"Negotiate x"}, 401, "INVALID_TOKEN"},
		{"Authorization", []string{"Bearer x", "Bearer y"}, 400, "VALIDATION_FAILED"},
		{"Cookie", []string{"other=1"}, 401, "NO_CREDENTIALS"},
	} {
		f.is(c.name, f.ask("route", guard.Rule{}, func(r *http.Request) { r.Header[c.name] = c.values }), c.status, c.code)
	}
}

// TestOwner: who may act on any resource acts on this one, who may act on their own must be
// its owner, and for everybody else it does not exist (AUZ-17, BUG-36, BUG-48, CON-13).
func TestOwner(t *testing.T) {
	f := open(t)
	for _, c := range []struct {
		what       string
		permission policy.Permission
		caller     *identity.Principal
		owner      identity.UserID
		fault      error
		status     int
		code       string
	}{
		{"any", "posts:delete", user("usr_alice", "editor"), "usr_bob", nil, 204, ""},
		{"any, by its other name", "posts:delete", user("usr_alice", "any"), "usr_bob", nil, 204, ""},
		{"any of what is gone", "posts:delete", user("usr_alice", "editor"), "", identity.ErrNotFound, 404, "NOT_FOUND"},
		{"everything", "posts:delete", user("usr_alice", "admin"), "usr_bob", nil, 204, ""},
		{"own", "posts:delete", user("usr_alice", "author"), "usr_alice", nil, 204, ""},
		{"own, demanded as such", "posts:delete:own", user("usr_alice", "author"), "usr_alice", nil, 204, ""},
		{"any, where own is demanded", "posts:delete:own", user("usr_alice", "editor"), "usr_bob", nil, 204, ""},
		{"somebody else's", "posts:delete", user("usr_alice", "author"), "usr_bob", nil, 404, "NOT_FOUND"},
		{"nothing there", "posts:delete", user("usr_alice", "author"), "", identity.ErrNotFound, 404, "NOT_FOUND"},
		{"nobody's", "posts:delete", user("usr_alice", "author"), "", nil, 404, "NOT_FOUND"},
		{"nobody's, by a client that is nobody", "posts:delete", user("", "author"), "", nil, 404, "NOT_FOUND"},
		{"no permission", "posts:delete", user("usr_alice", "user"), "usr_alice", nil, 403, "INSUFFICIENT_PERMISSIONS"},
		{"unknown role", "posts:delete", user("usr_alice", "king"), "usr_alice", nil, 403, "INSUFFICIENT_PERMISSIONS"},
		{"owner alone", "", user("usr_alice"), "usr_alice", nil, 204, ""},
		{"owner alone, not", "", user("usr_alice", "editor"), "usr_bob", nil, 404, "NOT_FOUND"},
		{"owner alone, nobody's", "", user("", "editor"), "", nil, 404, "NOT_FOUND"},
		{"owner alone, an administrator", "", user("usr_alice", "admin"), "usr_bob", nil, 204, ""},
		{"unknown owner", "posts:delete", user("usr_alice", "author"), "", errors.New("boom"), 500, "INTERNAL"},
		{"nobody", "", nil, "usr_alice", nil, 401, "NO_CREDENTIALS"},
	} {
		f.caller = c.caller
		w := f.ask(c.what, guard.Rule{Permission: c.permission, Owner: func(*http.Request) (policy.Resource, error) { return policy.Resource{Owner: c.owner}, c.fault }})
		f.is(c.what, w, c.status, c.code)
	}
}

// Without an Owner, who may act only on their own may not act: nobody knows whose it is.
// What a scope does not name is not permitted, whatever the roles (BUG-10).
func TestPermission(t *testing.T) {
	f := open(t)
	scoped := func(scopes ...string) *identity.Principal {
		p := user("usr_alice", "editor")
		p.Scopes = scopes
		return p
	}
	for _, c := range []struct {
		what   string
		caller *identity.Principal
		status int
		code   string
	}{
		{"permitted", user("usr_alice", "editor"), 204, ""},
		{"own only", user("usr_alice", "author"), 403, "INSUFFICIENT_PERMISSIONS"},
		{"no role", user("usr_alice"), 403, "INSUFFICIENT_PERMISSIONS"},
		{"in scope", scoped("posts:read", "posts:delete"), 204, ""},
		{"out of scope", scoped("posts:delete-all", "posts"), 403, "INSUFFICIENT_SCOPE"},
		{"an empty scope", scoped([]string{}...), 403, "INSUFFICIENT_SCOPE"},
		{"nobody", nil, 401, "NO_CREDENTIALS"},
	} {
		f.caller = c.caller
		f.is(c.what, f.ask(c.what, guard.Rule{Permission: "posts:delete"}), c.status, c.code)
	}
	f.caller = nil
	f.is("nobody, on a public route", f.ask("public", guard.Rule{Public: true, Permission: "posts:delete"}), 401, "NO_CREDENTIALS")
}

// How recent a proof is, is told by auth_time; who demands it says so (RFC 9470, BUG-09).
func TestFresh(t *testing.T) {
	f := open(t)
	for _, c := range []struct {
		what   string
		proved time.Time
		status int
		code   string
	}{
		{"now", start, 204, ""},
		{"just in time", start.Add(-5 * time.Minute), 204, ""},
		{"too old", start.Add(-5*time.Minute - time.Second), 401, "STALE_TOKEN"},
		{"never", time.Time{}, 401, "STALE_TOKEN"},
	} {
		f.caller = user("usr_alice")
		f.caller.AuthTime = c.proved
		w := f.ask("route", guard.Rule{Fresh: 5 * time.Minute})
		f.is(c.what, w, c.status, c.code)
		got := w.Header().Get("WWW-Authenticate")
		if c.status == 401 && (!strings.Contains(got, `error="insufficient_user_authentication"`) || !strings.HasSuffix(got, "max_age=300")) {
			t.Errorf("%s: WWW-Authenticate: %s", c.what, got)
		}
	}
	f.caller = nil
	f.is("nobody, on a public route", f.ask("route", guard.Rule{Public: true, Fresh: time.Minute}), 401, "NO_CREDENTIALS")
}

// A recent proof is not enough where it is not all that the caller has to prove, and without
// an answer to that nobody is let in (ZTR-05).
func TestConfirmed(t *testing.T) {
	f := open(t)
	f.caller = user("usr_alice")
	f.caller.AuthTime = start
	rule := guard.Rule{Fresh: time.Minute}
	var all bool
	var fault error
	f.Confirmed = func(_ context.Context, p *identity.Principal, age time.Duration) (bool, error) {
		return all && p == f.caller && age == time.Minute, fault
	}
	f.is("the password of two factors", f.ask("route", rule), 401, "STALE_TOKEN")
	all = true
	f.is("both", f.ask("route", rule), 204, "")
	fault = errors.New("the database is away")
	f.is("nobody knows", f.ask("route", rule), 500, "INTERNAL")
}
