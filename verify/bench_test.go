package verify_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/jose"
	"github.com/gatehouse-id/gatehouse/verify"
)

var usual = object{"roles": list("user"), "amr": list("pwd"), "acr": "aal1", "perms": list("posts:create", "posts:delete:own")}

// timed is the Verifier of an application: with the clock of the machine, so that the benchmark
// pays for it, and a token that is good for long enough.
func timed(b *testing.B) (i *issuer, v *verify.Verifier, until object) {
	i = newIssuer(b)
	i.clock.Store(int64(time.Since(start)))
	v = i.guard(func(c *verify.Config) { c.Now = nil })
	return i, v, usual
}

// BenchmarkVerifySeen is a token whose signature was checked before.
func BenchmarkVerifySeen(b *testing.B) {
	i, v, claims := timed(b)
	token := i.token(claims)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyNew is a token that was never seen.
func BenchmarkVerifyNew(b *testing.B) {
	for _, alg := range []jose.Algorithm{jose.ES256, jose.RS256, jose.EdDSA} {
		b.Run(string(alg), func(b *testing.B) {
			i, v, claims := timed(b)
			i.key = generate(b, alg, "k2")
			i.publishes(i.key)
			tokens := make([]string, 256)
			for n := range tokens {
				claims["jti"] = strconv.Itoa(n)
				tokens[n] = i.token(claims)
			}
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if n%len(tokens) == 0 { // a Verifier that has seen none of them
					b.StopTimer()
					v = i.guard(func(c *verify.Config) { c.Now = nil })
					if err := v.Open(b.Context()); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
				if _, err := v.Verify(b.Context(), tokens[n%len(tokens)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkProtect is what a request pays before its handler runs.
func BenchmarkProtect(b *testing.B) {
	i, v, claims := timed(b)
	h := v.Protect(verify.Demand{Permission: "posts:create"}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+i.token(claims))
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}
