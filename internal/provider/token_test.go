package provider_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/client"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/test/house"
)

const grant = "grant_type=client_credentials"

// A client gets a token that names one purpose, lives five minutes and opens what it names and
// nothing else (ZTR-02, ZTR-03).
func TestPurpose(t *testing.T) {
	each(t, func(f *fixture) {
		s := f.service("export:csv", "posts:read")
		a := s.post("/oauth/token", grant+"&scope=export:csv").is(http.StatusOK, "")
		if a.body["token_type"] != "Bearer" || a.body["expires_in"] != 300.0 || a.body["scope"] != "export:csv" || len(a.body) != 4 {
			f.Errorf("%s", a.text)
		}
		c, err := f.Gate.Tokens.Verify(a.body["access_token"].(string))
		f.Must(err)
		if !c.Own() || c.ClientID != s.ID || c.Scope != "export:csv" || c.Expires-c.IssuedAt != 300 {
			f.Errorf("%+v", c)
		}
		for scope, want := range map[string]int{"export:csv": 200, "export:csv-all": 403, "export": 403, "posts:read": 403} {
			if got := f.calls(guard.Rule{Scope: scope}, a.body["access_token"].(string)); got != want {
				f.Errorf("a route that demands %s: %d, want %d", scope, got, want)
			}
		}
		if got := f.calls(guard.Rule{}, a.body["access_token"].(string)); got != http.StatusForbidden {
			f.Errorf("a route that demands nothing by name: %d", got)
		}
		f.Wait(5 * time.Minute)
		if got := f.calls(guard.Rule{Scope: "export:csv"}, a.body["access_token"].(string)); got != http.StatusUnauthorized {
			f.Errorf("after five minutes: %d", got)
		}
	})
}

// calls sends a token to a route of the embedding program.
func (f *fixture) calls(rule guard.Rule, token string) int {
	f.Helper()
	h := f.Gate.Protect(rule, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	return serve(f, h, token)
}

// The scope is compared whole; without one the token names all that the client has.
func TestScope(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	s := f.service("export:csv", "posts:read")
	for wanted, got := range map[string]string{
		"": "export:csv posts:read", "posts:read": "posts:read", "posts:read export:csv posts:read": "export:csv posts:read",
		"export:csv-all": "", "export:cs": "", "EXPORT:CSV": "", " posts:read": "", "posts:read ": "", "posts:read  export:csv": "",
		"posts:read\texport:csv": "", "*": "", "posts:*": "", "introspect": "", "admin": "", "openid": "",
	} {
		a := s.post("/oauth/token", grant+"&scope="+strings.NewReplacer(" ", "+", "\t", "%09").Replace(wanted))
		if got == "" {
			a.is(http.StatusBadRequest, "invalid_scope")
		} else if a.is(http.StatusOK, "").body["scope"] != got {
			t.Errorf("%q: %s", wanted, a.text)
		}
	}
	f.service().post("/oauth/token", grant).is(http.StatusBadRequest, "invalid_scope")
}

// Whatever is malformed is refused by the word that RFC 6749 section 5.2 has for it.
func TestTokenRequest(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	s := f.service("posts:read")
	for _, c := range []struct {
		path, form string
		status     int
		word       string
	}{
		{"", "", 400, "invalid_request"},
		{"", "grant_type=", 400, "invalid_request"},
		{"", "grant_type=password&username=a&password=b", 400, "unsupported_grant_type"},
		{"", "grant_type=Client_Credentials", 400, "unsupported_grant_type"},
		{"", grant + "&" + grant, 400, "invalid_request"},
		{"", grant + "&scope=posts:read&scope=posts:read", 400, "invalid_request"},
		{"", grant + "&scope", 200, ""},
		{"", grant + "&unknown=x", 200, ""},
		{"", grant + "&client_id=" + string(s.ID), 200, ""},
		{"", grant + "&client_id=cli_other", 400, "invalid_request"},
		{"", grant + "&client_secret=" + s.secret, 400, "invalid_request"},
		{"", grant + "&scope=%zz", 400, "invalid_request"},
		{"?" + grant, "", 400, "invalid_request"},
		{"?scope=posts:read", grant, 400, "invalid_request"},
		{"", grant + "&x=" + strings.Repeat("x", 64<<10), 413, "invalid_request"},
	} {
		a := s.post("/oauth/token"+c.path, c.form).is(c.status, c.word)
		if description, _ := a.body["error_description"].(string); strings.ContainsAny(description, "\"\\\n") || c.word != "" && description == "" {
			t.Errorf("%s: %s", c.form[:min(len(c.form), 80)], a.text)
		}
	}
	f.post("/oauth/token", `{"grant_type":"client_credentials"}`, func(r *http.Request) {
		r.SetBasicAuth(string(s.ID), s.secret)
		r.Header.Set("Content-Type", "application/json")
	}).is(http.StatusUnsupportedMediaType, "invalid_request")
}

// Only the ID and the secret of a client count: no secret in the body, no key, no cookie, and no
// token of anybody; and all refusals are one answer.
func TestTokenClient(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	s := f.service("posts:read")
	in := f.person()
	same := ""
	for name, prepare := range map[string]func(*http.Request){
		"nothing":      nil,
		"wrong secret": func(r *http.Request) { r.SetBasicAuth(string(s.ID), "gcs_wrong") },
		"unknown":      func(r *http.Request) { r.SetBasicAuth("cli_unknown", s.secret) },
		"a person":     func(r *http.Request) { r.SetBasicAuth(house.Alice, house.Passphrase) },
		"its token":    func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+s.token("")) },
		"a user's":     func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+in.Access) },
		"a key":        func(r *http.Request) { r.Header.Set("X-Api-Key", s.secret) },
		"a cookie":     func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "__Host-session", Value: s.secret}) },
	} {
		a := f.post("/oauth/token", grant+"&client_id="+string(s.ID)+"&client_secret="+s.secret, prepare).is(http.StatusUnauthorized, "invalid_client")
		if same == "" {
			same = a.text
		}
		if a.text != same {
			t.Errorf("%s: %s, and another was told %s", name, a.text, same)
		}
	}
}

// Disabled, changed, rotated without overlap or deleted: the secret or the tokens that there are
// end with the next request.
func TestTokensEnd(t *testing.T) {
	each(t, func(f *fixture) {
		store := f.Gate.Clients
		for name, end := range map[string]func(id identity.ClientID) error{
			"disabled": func(id identity.ClientID) error { return store.SetState(f.Context(), id, identity.Disabled) },
			"rescoped": func(id identity.ClientID) error {
				return store.Change(f.Context(), id, client.Change{Scopes: []string{"export:csv"}})
			},
			"rotated": func(id identity.ClientID) error { _, err := store.Rotate(f.Context(), id, 0); return err },
			"deleted": func(id identity.ClientID) error { return store.Delete(f.Context(), id) },
		} {
			s := f.service("posts:read")
			text := s.token("posts:read")
			if got := f.calls(guard.Rule{Scope: "posts:read"}, text); got != http.StatusOK || !f.active(text) {
				f.Errorf("%s: before: %d", name, got)
			}
			f.Must(end(s.ID))
			if got := f.calls(guard.Rule{Scope: "posts:read"}, text); got != http.StatusUnauthorized || f.active(text) {
				f.Errorf("%s: after: %d", name, got)
			}
			if name != "rescoped" {
				s.post("/oauth/token", grant).is(http.StatusUnauthorized, "invalid_client")
			}
		}
	})
}

// One address asks three hundred times a minute at most.
func TestTokenLimit(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), func(c *gatehouse.Config) { c.Limits = nil })
	for range 300 {
		f.post("/oauth/token", grant, nil).is(http.StatusUnauthorized, "invalid_client")
	}
	if a := f.post("/oauth/token", grant, nil).is(http.StatusTooManyRequests, "temporarily_unavailable"); a.header.Get("Retry-After") == "" {
		t.Error("nobody says when to come back")
	}
}
