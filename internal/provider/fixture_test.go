package provider_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/client"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// permissions are what the houses of these tests guard.
func permissions(c *gatehouse.Config) {
	c.Policy = &policy.File{Permissions: []policy.Permission{"posts:read", "export:csv", "export:csv-all"}}
}

// A fixture is a house with a service that may ask about tokens.
type fixture struct {
	*house.House
	checker service
}

func each(t *testing.T, fn func(*fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(open(t, db)) })
}

func open(t testing.TB, db *sqldb.DB, options ...func(*gatehouse.Config)) *fixture {
	t.Helper()
	f := &fixture{House: house.Open(t, db, append(options, permissions)...)}
	f.checker = f.service("introspect")
	return f
}

// A service is a client with its secret.
type service struct {
	*fixture
	*identity.Client
	secret string
}

func (f *fixture) service(scopes ...string) service {
	f.Helper()
	c, secret, err := f.Gate.Clients.Create(f.Context(), client.New{Name: "A service", Roles: []string{"user"}, Scopes: scopes})
	f.Must(err)
	return service{f, c, secret}
}

// An answer is what the house said.
type answer struct {
	testing.TB
	what   string
	status int
	header http.Header
	text   string
	body   map[string]any
}

// post sends a form, with a body of pairs "name=value", and whatever prepare adds.
func (f *fixture) post(path, form string, prepare func(*http.Request)) answer {
	f.Helper()
	r := httptest.NewRequestWithContext(f.Context(), http.MethodPost, path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if prepare != nil {
		prepare(r)
	}
	w := httptest.NewRecorder()
	f.Gate.Handler().ServeHTTP(w, r)
	a := answer{f.TB, path + " " + form, w.Code, w.Header(), w.Body.String(), nil}
	if a.text != "" {
		if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
			f.Fatalf("%s: %s", a.what, a.text)
		}
	}
	if a.header.Get("Cache-Control") != "no-store" {
		f.Errorf("%s: Cache-Control is %q", a.what, a.header.Get("Cache-Control"))
	}
	return a
}

// post is what the service sends, with its secret.
func (s service) post(path, form string) answer {
	s.Helper()
	return s.fixture.post(path, form, func(r *http.Request) { r.SetBasicAuth(string(s.ID), s.secret) })
}

// token is one of the service's own.
func (s service) token(scope string) string {
	s.Helper()
	a := s.post("/oauth/token", "grant_type=client_credentials&scope="+url.QueryEscape(scope)).is(http.StatusOK, "")
	text, _ := a.body["access_token"].(string)
	return text
}

// active asks about a token and reports whether it is one.
func (f *fixture) active(token string) bool {
	f.Helper()
	a := f.checker.post("/oauth/introspect", "token="+url.QueryEscape(token)).is(http.StatusOK, "")
	if a.body["active"] == false && len(a.body) != 1 {
		f.Errorf("an inactive token, and the answer tells more: %s", a.text)
	}
	return a.body["active"] == true
}

// is fails unless the answer has this status and this error; "" is none.
func (a answer) is(status int, word string) answer {
	a.Helper()
	got, _ := a.body["error"].(string)
	if a.status != status || got != word {
		a.Fatalf("%s: %d %s, want %d %q", a.what, a.status, a.text, status, word)
	}
	if challenged := strings.HasPrefix(a.header.Get("WWW-Authenticate"), `Basic realm="`); challenged != (status == http.StatusUnauthorized) {
		a.Errorf("%s: WWW-Authenticate is %q", a.what, a.header.Get("WWW-Authenticate"))
	}
	return a
}
