package guard_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// A chain of the fixture counts how often somebody was authenticated.
func (f *fixture) counting() *int {
	n, scheme := 0, f.Schemes[0]
	f.Schemes = []guard.Scheme{found(func(r *http.Request) (*identity.Principal, error) {
		n++
		return scheme.Authenticate(r)
	})}
	return &n
}

// pass is a handler that lets everything in.
var pass = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })

func (f *fixture) send(h http.Handler) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(f.Context(), http.MethodPost, "/", nil)
	r.Header.Set("Authorization", "Bearer first")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// In a chain who calls is found out once, whatever stands between its doors (MWS-01).
func TestChainPaysOnce(t *testing.T) {
	f := open(t)
	f.caller = user("usr_alice", "editor")
	n := f.counting()
	inner := f.Protect("inner", guard.Rule{Permission: "posts:delete"}, pass)
	between := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inner.ServeHTTP(w, r) })
	if w := f.send(f.Protect("outer", guard.Rule{}, between)); w.Code != 204 || *n != 1 {
		t.Errorf("%d, authenticated %d times", w.Code, *n)
	}
}

// What a handler puts into the context, makes of the principal it is given, or sends on with other
// credentials, no door believes (AUZ-20).
func TestChainSmuggling(t *testing.T) {
	f := open(t)
	f.caller = user("usr_alice", "user")
	n := f.counting()
	inner := f.Protect("inner", guard.Rule{Permission: "posts:delete"}, pass)
	other := open(t)
	other.caller = user("usr_alice", "editor")
	for what, between := range map[string]http.HandlerFunc{
		"another principal in the context": func(w http.ResponseWriter, r *http.Request) {
			inner.ServeHTTP(w, r.WithContext(identity.NewContext(r.Context(), user("usr_eve", "admin"))))
		},
		"a principal that was changed": func(w http.ResponseWriter, r *http.Request) {
			identity.FromContext(r.Context()).Roles = []string{"admin"}
			inner.ServeHTTP(w, r)
			f.caller = user("usr_alice", "user")
		},
	} {
		*n = 0
		if w := f.send(f.Protect("outer", guard.Rule{}, between)); w.Code != 403 || *n != 1 {
			t.Errorf("%s: %d, authenticated %d times", what, w.Code, *n)
		}
	}
	f.caller = user("usr_alice", "editor")
	for what, change := range map[string]func(*http.Request){
		"another token":  func(r *http.Request) { r.Header.Set("Authorization", "Bearer second") },
		"a key":          func(r *http.Request) { r.Header.Set("X-Api-Key", "key") },
		"another cookie": func(r *http.Request) { r.Header.Set("Cookie", "session=2") },
		"a certificate":  func(r *http.Request) { r.Header.Set("Client-Cert", ":AA==:") },
	} {
		*n = 0
		outer := f.Protect("outer", guard.Rule{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r = r.Clone(r.Context())
			change(r)
			inner.ServeHTTP(w, r)
		}))
		if f.send(outer); *n != 2 {
			t.Errorf("%s: authenticated %d times, want it done again", what, *n)
		}
	}
	*n, f.caller = 0, user("usr_alice", "user")
	if w := f.send(other.Protect("outer", guard.Rule{}, inner)); w.Code != 403 || *n != 1 {
		t.Errorf("another house's guard: %d, authenticated %d times", w.Code, *n)
	}
}

// RequirePermission and OwnsResource together are a Rule: who may act on any passes, and who may act
// on their own where it is theirs. What does not stand right behind is not relied on (BUG-36,
// AUZ-18).
func TestChainOwner(t *testing.T) {
	f := open(t)
	owner := func(*http.Request) (policy.Resource, error) {
		return policy.Resource{Owner: "usr_bob", Value: "a post"}, nil
	}
	door := func(rule guard.Rule, next http.Handler) http.Handler { return f.Protect("door", rule, next) }
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if guard.Loaded[string](r.Context()) == "" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	may, read, owns := guard.Rule{Permission: "posts:delete"}, guard.Rule{Permission: "posts:read"}, guard.Rule{Owner: owner}
	opaque := func(h http.Handler) http.Handler { return http.HandlerFunc(h.ServeHTTP) }
	chain := door(guard.Rule{}, door(may, door(guard.Rule{Roles: []string{"author", "editor", "user", "admin"}}, door(owns, handler))))
	apart := door(may, opaque(door(owns, handler)))
	reading := door(read, opaque(door(owns, handler)))
	two := door(read, door(may, door(owns, handler)))
	full := door(may, door(guard.Rule{Permission: "posts:read", Owner: owner}, handler))
	twice := door(guard.Rule{Permission: "posts:read", Owner: owner}, door(owns, handler))
	foreign := open(t)
	foreign.caller = user("usr_bob", "author")
	elsewhere := foreign.Protect("door", may, door(owns, handler))
	for _, c := range []struct {
		what   string
		chain  http.Handler
		caller *identity.Principal
		status int
	}{
		{"any", chain, user("usr_alice", "editor"), 204},
		{"own", chain, user("usr_bob", "author"), 204},
		{"somebody else's", chain, user("usr_alice", "author"), 404},
		{"none", chain, user("usr_bob", "user"), 403},
		{"everything", chain, user("usr_alice", "admin"), 204},
		{"a key for it", chain, of(user("usr_bob", "author"), identity.SchemeAPIKey, "posts:delete"), 204},
		{"a key for something else", chain, of(user("usr_bob", "author"), identity.SchemeAPIKey, "posts:read"), 403},
		{"own, with something between", apart, user("usr_bob", "author"), 403},
		{"any, with something between, not theirs", apart, user("usr_alice", "editor"), 404},
		{"a permission for the whole router opens no resource", reading, user("usr_alice", "reader"), 404},
		{"nor with a key", reading, of(user("usr_bob", "reader"), identity.SchemeAPIKey, "posts:read"), 403},
		{"two permissions, one of them", two, user("usr_bob", "author"), 403},
		{"two permissions, both", two, user("usr_bob", "author", "reader"), 204},
		{"two permissions, one of them on their own", two, user("usr_bob", "diarist"), 403},
		{"a permission, and a rule with another", full, user("usr_bob", "author", "reader"), 403},
		{"a rule with a permission, and an owner", twice, user("usr_alice", "reader"), 404},
		{"behind the door of another house", elsewhere, user("usr_bob", "author"), 403},
		{"two permissions, somebody else's", two, user("usr_alice", "author", "reader"), 404},
	} {
		f.caller = c.caller
		if w := f.send(c.chain); w.Code != c.status {
			t.Errorf("%s: %d %s, want %d", c.what, w.Code, w.Body, c.status)
		}
	}
}
