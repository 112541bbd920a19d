package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse"
)

// serveOnce hands a request to the house without a network between.
func (f *fixture) serveOnce(path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(f.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	f.gate.Handler().ServeHTTP(w, r)
	return w
}

// BenchmarkLogin is a sign-in, of which nearly all is the password's hash: here as cheap as
// in tests.
func BenchmarkLogin(b *testing.B) {
	f := one(b, func(c *gatehouse.Config) { c.NoLimits = true })
	f.person(alice)
	body := encoded(message{"email": alice, "password": passphrase, "mode": "native"})
	for b.Loop() {
		if w := f.serveOnce("/auth/login", body); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}

// BenchmarkRefresh is what every client costs each quarter of an hour.
func BenchmarkRefresh(b *testing.B) {
	f := one(b)
	f.person(alice)
	refresh := f.signedIn(alice, "native").refresh
	for b.Loop() {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/auth/refresh", strings.NewReader(encoded(message{"refreshToken": refresh})))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		f.gate.Handler().ServeHTTP(w, r)
		refresh = take(b, "POST /auth/refresh", w.Result()).is(200, "").str("refreshToken")
	}
}
