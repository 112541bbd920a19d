package provider_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/provider"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// The metadata stands where RFC 8414 section 3 says, at the root and where the house is mounted
// below it, and claims nothing that the house does not do.
func TestMetadata(t *testing.T) {
	for _, c := range []struct{ issuer, at string }{
		{"https://id.example.com", "/.well-known/oauth-authorization-server"},
		{"https://example.com/id", "/.well-known/oauth-authorization-server/id"},
		{"https://example.com/a/b", "/.well-known/oauth-authorization-server/a/b"},
		{"https://example.com/id", "/.well-known/oauth-authorization-server"}, // what stood there before
	} {
		h := house.Open(t, sqldbtest.SQLite(t), func(g *gatehouse.Config) { g.PublicURL = c.issuer })
		w := httptest.NewRecorder()
		h.Gate.WellKnown().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, c.at, nil))
		var m provider.Metadata
		if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", c.at, w.Code, w.Body)
		}
		if m.Issuer != c.issuer || m.JWKS != c.issuer+"/.well-known/jwks.json" || m.Token != c.issuer+"/oauth/token" ||
			m.Introspection != c.issuer+"/oauth/introspect" || m.ResponseTypes == nil {
			t.Errorf("%s: %s", c.at, w.Body)
		}
		head := w.Header()
		if head.Get("Cache-Control") != "public, max-age=3600" || head.Get("Cross-Origin-Resource-Policy") != "cross-origin" ||
			head.Get("Content-Type") != "application/json" || head.Get("Set-Cookie") != "" {
			t.Errorf("%v", head)
		}
	}
}

// What stands below no well-known name is none of its documents.
func TestNotWellKnown(t *testing.T) {
	h := house.Open(t, sqldbtest.SQLite(t), func(g *gatehouse.Config) { g.PublicURL = "https://example.com/id" })
	for _, path := range []string{
		"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/other", "/.well-known/id",
		"/.well-known/", "/healthz", "/.well-known/../healthz",
	} {
		w := httptest.NewRecorder()
		h.Gate.WellKnown().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
