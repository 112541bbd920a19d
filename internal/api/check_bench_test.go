package api_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkCheck is what a proxy adds to every request of the application behind it.
func BenchmarkCheck(b *testing.B) {
	f := one(b, behind)
	f.person(alice, "editor")
	for name, way := range map[string]string{"cookie": "cookie", "bearer": "token"} {
		d := f.signedIn(alice, way)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/id/auth/check?permission=posts:read", nil)
				if d.access != "" {
					r.Header.Set("Authorization", "Bearer "+d.access)
				} else {
					for _, c := range d.jar.Cookies(d.public) {
						r.AddCookie(c)
					}
				}
				w := httptest.NewRecorder()
				if f.gate.Handler().ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
			}
		})
	}
}
