package guard_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/access"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/throttle"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A fixture is a guard with one scheme, which says of every request what the test says.
type fixture struct {
	testing.TB
	*guard.Guard
	time   time.Time
	caller *identity.Principal // whom the scheme finds
	fault  error               // what the scheme says instead
	served *identity.Principal // whom the handler was called for, nil: it was not, or for nobody
	calls  int                 // of the handler
}

// secrets are the keys against forgery.
type secrets struct{}

func (secrets) CSRFSecret() []byte    { return make([]byte, 32) }
func (secrets) CSRFSecrets() [][]byte { return [][]byte{make([]byte, 32)} }

// found is what its function finds.
type found func(*http.Request) (*identity.Principal, error)

func (f found) Authenticate(r *http.Request) (*identity.Principal, error) { return f(r) }

// open opens a guard by the policy given, or else by roles.
func open(t testing.TB, file ...*policy.File) *fixture {
	f := &fixture{TB: t, time: start}
	now := func() time.Time { return f.time }
	db := sqldbtest.SQLite(t)
	log := &audit.Log{DB: db, Now: now}
	site := &web.Site{
		Public: &url.URL{Scheme: "https", Host: "id.example.com"}, CORS: []string{"https://app.example.com"},
		Now: now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	f.Guard = &guard.Guard{
		Site: site, Forgery: &web.Forgery{Site: site, Keys: secrets{}},
		Limiter: &throttle.Limiter{Store: ephemeral.Memory(now), Now: now},
		Access:  &access.Store{DB: db, Log: log, Now: now, Base: append(file, &roles)[0]}, Log: log, Now: now,
		Schemes: []guard.Scheme{found(func(*http.Request) (*identity.Principal, error) { return f.caller, f.fault })},
	}
	if err := f.Access.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

var roles = policy.File{
	Permissions: []policy.Permission{"posts:read", "posts:write", "posts:delete"},
	Roles:       map[string][]policy.Permission{"editor": {"posts:delete"}, "any": {"posts:delete:any"}, "author": {"posts:delete:own"}, "reader": {"posts:read"}, "diarist": {"posts:read:own", "posts:delete"}},
}

// user is somebody who has just signed in by a header field.
func user(id identity.UserID, roles ...string) *identity.Principal {
	return &identity.Principal{UserID: id, Roles: roles, AuthTime: start}
}

// ask sends a request through the rule, to a handler that notes who comes.
func (f *fixture) ask(name string, rule guard.Rule, change ...func(*http.Request)) *httptest.ResponseRecorder {
	f.Helper()
	r := httptest.NewRequestWithContext(f.Context(), http.MethodPost, "/posts/1", nil)
	for _, fn := range change {
		fn(r)
	}
	f.served = nil
	w := httptest.NewRecorder()
	f.Protect(name, rule, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.calls++
		f.served = identity.FromContext(r.Context())
		w.WriteHeader(http.StatusNoContent)
	})).ServeHTTP(w, r)
	return w
}

// is fails unless the answer has the status and the code, and the handler ran exactly if it
// should.
func (f *fixture) is(what string, w *httptest.ResponseRecorder, status int, code string) {
	f.Helper()
	var got string
	if p := problem(w); p != nil {
		got = p.Code
	}
	if w.Code != status || got != code {
		f.Errorf("%s: %d %s, want %d %s", what, w.Code, got, status, code)
	}
	if ran := f.calls > 0; ran != (status == http.StatusNoContent) {
		f.Errorf("%s: the handler ran: %v", what, ran)
	}
	f.calls = 0
}

// events returns what was recorded, newest first.
func (f *fixture) events() []identity.Event {
	f.Helper()
	list, _, err := f.Guard.Log.List(f.Context(), audit.Query{})
	if err != nil {
		f.Fatal(err)
	}
	return list
}

// join gives somebody a role in a new organization.
func (f *fixture) join(org identity.TenantID, who identity.UserID, role string) {
	f.Helper()
	for _, row := range []struct {
		statement string
		args      []any
	}{
		{`INSERT INTO organizations (id, name, created_at) VALUES ($1, 'An organization', 0)`, []any{string(org)}},
		{`INSERT INTO users (id, name, folded, state, created_at) VALUES ($1, '', '', 'active', 0)`, []any{string(who)}},
		{`INSERT INTO assignments (org_id, user_id, role, granted_at) VALUES ($1, $2, $3, 0)`, []any{string(org), string(who), role}},
	} {
		if _, err := f.Access.DB.Exec(f.Context(), row.statement, row.args...); err != nil {
			f.Fatal(err)
		}
	}
}
