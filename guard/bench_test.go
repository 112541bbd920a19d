package guard_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/apikey"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// signIn opens a house and returns a route of it that does nothing, and what somebody who
// signs in is handed.
func signIn(b *testing.B, mode identity.Mode) (http.Handler, *authn.SignedIn) {
	gate, err := gatehouse.New(b.Context(), gatehouse.Config{
		Breaches: gatehouse.Breaches{Off: true}, DB: sqldbtest.SQLite(b), PublicURL: "http://localhost:8080", MasterKey: make([]byte, 32), Unverified: true,
		Passwords: gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 8192, Time: 1, Parallelism: 1}},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = gate.Close(context.Background()) })
	if _, err := gate.Flow.CreateUser(b.Context(), account.NewUser{Email: "alice@example.com"}, "violet hammer seventeen"); err != nil {
		b.Fatal(err)
	}
	out, err := gate.Flow.Finish(b.Context(), authn.Answer{
		Method: authn.Password, Start: authn.Start{Mode: mode},
		Input: authn.Input{Email: "alice@example.com", Password: "violet hammer seventeen"},
	})
	if err != nil {
		b.Fatal(err)
	}
	return gate.Protect(guard.Rule{}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})), out.SignedIn
}

func measure(b *testing.B, h http.Handler, name, value string) {
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/", nil)
	r.Header.Set(name, value)
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}

// BenchmarkGuardCookie is what a request by session cookie pays before its handler runs
// (SES-16).
func BenchmarkGuardCookie(b *testing.B) {
	h, in := signIn(b, identity.ModeCookie)
	measure(b, h, "Cookie", "session="+in.Cookie)
}

// BenchmarkGuardBearer is what a request by access token pays.
func BenchmarkGuardBearer(b *testing.B) {
	h, in := signIn(b, identity.ModeNative)
	measure(b, h, "Authorization", "Bearer "+in.Access)
}

// BenchmarkGuardRefused is what a flood of strangers costs for each request that is refused.
func BenchmarkGuardRefused(b *testing.B) {
	f := open(b)
	h := f.Protect("route", guard.Rule{}, http.NotFoundHandler())
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/", nil)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
				b.Error(w.Body)
			}
		}
	})
}

// BenchmarkGuardAPIKey is what a request by API key pays, on a route that names a permission.
func BenchmarkGuardAPIKey(b *testing.B) {
	gate, err := gatehouse.New(b.Context(), gatehouse.Config{
		Breaches: gatehouse.Breaches{Off: true}, DB: sqldbtest.SQLite(b), PublicURL: "http://localhost:8080", MasterKey: make([]byte, 32), Unverified: true, Idle: true, Policy: &roles,
		Passwords: gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 8192, Time: 1, Parallelism: 1}},
	})
	if err != nil {
		b.Fatal(err)
	}
	user, err := gate.Flow.CreateUser(b.Context(), account.NewUser{Email: "alice@example.com", Roles: []string{"any"}}, "violet hammer seventeen")
	if err != nil {
		b.Fatal(err)
	}
	_, key, err := gate.APIKeys.Create(b.Context(), user.ID, apikey.New{Name: "build", Scopes: []string{"write"}})
	if err != nil {
		b.Fatal(err)
	}
	rule := guard.Rule{Permission: "posts:delete"}
	measure(b, gate.Protect(rule, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})), "X-API-Key", key)
}
