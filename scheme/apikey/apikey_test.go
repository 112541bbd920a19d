package apikey_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	nouns "github.com/gatehouse-id/gatehouse/apikey"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/scheme/apikey"
	"github.com/gatehouse-id/gatehouse/scheme/schemetest"
	"github.com/gatehouse-id/gatehouse/test/house"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// A fixture is a house with one user who has one key, and a scheme that reads it.
type fixture struct {
	*house.House
	scheme *apikey.Scheme
	user   *identity.User
	key    nouns.Key
	text   string
	dead   string // a key that was revoked
}

func open(t testing.TB, db *sqldb.DB, roles ...string) *fixture {
	t.Helper()
	h := house.Open(t, db)
	f := &fixture{House: h, user: h.Person(house.Alice)}
	f.scheme = &apikey.Scheme{Keys: h.Gate.APIKeys, Limiter: &throttle.Limiter{Store: ephemeral.Memory(h.Now), Now: h.Now}}
	if roles != nil {
		h.Must(h.SetRoles(t.Context(), f.user.ID, roles))
	}
	var err error
	f.key, f.text, err = h.CreateAPIKey(t.Context(), f.user.ID, nouns.New{Name: "build", Scopes: []string{"read", "admin"}})
	h.Must(err)
	gone, dead, err := h.CreateAPIKey(t.Context(), f.user.ID, nouns.New{Name: "old"})
	h.Must(err)
	h.Must(h.Gate.APIKeys.Revoke(t.Context(), f.user.ID, gone.ID))
	f.dead = dead
	return f
}

func with(pairs ...string) func(*http.Request) {
	return func(r *http.Request) {
		for i := 0; i < len(pairs); i += 2 {
			r.Header.Add(pairs[i], pairs[i+1])
		}
	}
}

func (f *fixture) try(change func(*http.Request)) (*identity.Principal, error) {
	r := httptest.NewRequestWithContext(f.Context(), http.MethodGet, "/?api_key="+f.text+"&access_token="+f.text, nil)
	change(r)
	return f.scheme.Authenticate(r)
}

// An API key is as every scheme must be (KEY-10).
func TestScheme(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := open(t, db)
		last := f.text[len(f.text)-1:]
		schemetest.Run(t, schemetest.Case{
			Scheme: f.scheme, Good: with("X-API-Key", f.text), User: f.user.ID,
			Bad: map[string]func(*http.Request){
				"nonsense": with("X-API-Key", "x"), "mistyped": with("X-API-Key", f.text[:20]+"-"+f.text[21:]),
				"unknown": with("X-API-Key", f.dead), "its prefix": with("X-API-Key", f.key.Prefix), "its ID": with("X-API-Key", string(f.key.ID)),
				"an access token": with("X-API-Key", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"), "twice in one field": with("X-API-Key", f.text+", "+f.text),
				"another checksum": with("X-API-Key", strings.TrimSuffix(f.text, last)+string(last[0]^1)),
				"a bearer token":   with("Authorization", "Bearer "+f.dead), "a bearer list": with("Authorization", "Bearer "+f.text+", x"),
				"with a space": with("Authorization", "Bearer "+f.text+" "),
			},
			Revoke: func() { f.Must(f.Gate.APIKeys.Revoke(t.Context(), f.user.ID, f.key.ID)) },
		})
	})
}

// A key is told apart from an access token by how it begins (KEY-09, BUG-11); the principal is
// its owner, limited, and never fresh (KEY-11).
func TestBearer(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), "user", "admin")
	for _, header := range []func(*http.Request){with("X-Api-Key", f.text), with("Authorization", "Bearer "+f.text), with("Authorization", "bEARER "+f.text)} {
		p, err := f.try(header)
		f.Must(err)
		if p.Scheme != f.scheme.ID() || p.UserID != f.user.ID || p.KeyID != f.key.ID || p.Cookie || p.SessionID != "" || !p.AuthTime.IsZero() ||
			!slices.Equal(p.Scopes, []string{"admin", "read"}) || !slices.Equal(p.Roles, []string{"admin", "user"}) {
			t.Errorf("%+v", p)
		}
	}
	// The query of every request here names the key, and none is let in by it.
	for name, header := range map[string]func(*http.Request){
		"nothing": with(), "an empty field": with("X-API-Key", ""), "an access token": with("Authorization", "Bearer eyJhbGciOiJFUzI1NiJ9.e30.c2ln"), "Basic": with("Authorization", "Basic "+f.text),
		"no scheme": with("Authorization", f.text), "two spaces": with("Authorization", "Bearer  "+f.text), "a cookie": with("Cookie", "X-API-Key="+f.text),
	} {
		if p, err := f.try(header); p != nil || err != nil {
			t.Errorf("%s: %+v, %v; want nil, nil", name, p, err)
		}
	}
}

// Two credentials are none: a proxy before us might believe the other one.
func TestAmbiguous(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	for name, header := range map[string]func(*http.Request){
		"twice": with("X-API-Key", f.text, "X-API-Key", f.text), "beside a token": with("X-API-Key", f.text, "Authorization", "Bearer x"),
		"beside itself": with("X-API-Key", f.text, "Authorization", "Bearer "+f.text), "beside nothing": with("X-API-Key", f.text, "Authorization", ""),
	} {
		if p, err := f.try(header); p != nil || !errors.Is(err, identity.ErrInvalid) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

// An address that shows one dead key after the other is told to wait; a good key from there
// passes all the same.
func TestThrottled(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	from := func(key string) func(*http.Request) {
		return func(r *http.Request) {
			*r = *r.WithContext(identity.WithOrigin(r.Context(), &identity.Origin{IP: "2001:db8::1"}))
			r.Header.Set("X-API-Key", key)
		}
	}
	for range 100 {
		if _, err := f.try(from(f.dead)); !errors.Is(err, identity.ErrAPIKey) {
			t.Fatal(err)
		}
	}
	for name, key := range map[string]string{"mistyped": "sk_live_x", "unknown": f.dead} {
		if _, err := f.try(from(key)); !errors.Is(err, identity.ErrRateLimited) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p, err := f.try(from(f.text)); p == nil || err != nil {
		t.Errorf("a good key: %v", err)
	}
	if _, err := f.try(with("X-API-Key", "sk_live_x")); !errors.Is(err, identity.ErrAPIKey) {
		t.Errorf("from another address: %v", err)
	}
}

// The scopes of a key never reach further than what its owner may do, nor the owner's roles
// further than the scopes (KEY-06, BUG-46).
func TestScopes(t *testing.T) {
	for _, c := range []struct {
		roles  []string
		scopes []string
		status int
	}{
		{[]string{"user", "admin"}, []string{"admin"}, http.StatusOK},
		{[]string{"user", "admin"}, []string{"read", "write"}, http.StatusForbidden},
		{[]string{"user", "admin"}, []string{"gatehouse:admin"}, http.StatusOK},
		{[]string{"user"}, []string{"admin"}, http.StatusForbidden},
	} {
		f := open(t, sqldbtest.SQLite(t), c.roles...)
		_, text, err := f.CreateAPIKey(t.Context(), f.user.ID, nouns.New{Name: "x", Scopes: c.scopes})
		f.Must(err)
		h := f.Gate.Protect(guard.Rule{Permission: "gatehouse:admin"}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		if got := f.status(h, "GET", "/", text); got != c.status {
			t.Errorf("%v with %v: %d, want %d", c.roles, c.scopes, got, c.status)
		}
	}
}

func (f *fixture) status(h http.Handler, method, path, key string) int {
	r := httptest.NewRequestWithContext(f.Context(), method, path, nil)
	r.Host = "id.example.com"
	r.Header.Set("X-API-Key", key)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

// No key, whatever its scopes, opens a route of the account of its owner: it cannot make another
// key, nor end a session. What demands a fresh proof is closed to it as well.
func TestAccountIsClosed(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), "user", "admin")
	tried := 0
	for _, route := range f.Gate.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if route.Rule.Public || route.Rule.Permission != "" && route.Rule.Fresh == 0 || route.Rule.Scope != "" || route.Rule.Schemes != nil {
			continue
		}
		tried++
		closed := []int{http.StatusForbidden, http.StatusUnauthorized, http.StatusSeeOther}
		if route.Rule.Organization != nil {
			closed = append(closed, http.StatusNotFound) // there is none called x
		}
		if got := f.status(f.Gate.Handler(), method, strings.NewReplacer("{id}", "x", "{key}", "x").Replace(path), f.text); !slices.Contains(closed, got) {
			t.Errorf("%s: %d", route.Pattern, got)
		}
	}
	if tried < 20 {
		t.Errorf("only %d routes were tried", tried)
	}
}
