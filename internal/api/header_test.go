package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/jose"
)

// always are the header fields of every answer (HDR-01, HDR-04..09).
var always = map[string]string{
	"X-Content-Type-Options":            "nosniff",
	"Referrer-Policy":                   "no-referrer",
	"X-Frame-Options":                   "DENY",
	"X-XSS-Protection":                  "0",
	"Cross-Origin-Opener-Policy":        "same-origin",
	"Cross-Origin-Resource-Policy":      "same-origin",
	"Origin-Agent-Cluster":              "?1",
	"X-DNS-Prefetch-Control":            "off",
	"X-Permitted-Cross-Domain-Policies": "none",
	"X-Download-Options":                "noopen",
	"Content-Security-Policy":           "default-src 'none'; frame-ancestors 'none'",
	"Strict-Transport-Security":         "",
	"Server":                            "",
	"X-Powered-By":                      "",
	"X-RateLimit-Limit":                 "",
}

// Every answer has the header fields, whatever it is: success, each kind of failure, what
// is not there, and what is below no path of ours.
func TestHeaders(t *testing.T) {
	for _, public := range []string{"http://localhost:8080", "https://id.example.com/id"} {
		f := one(t, at(public))
		f.person(alice)
		d := f.signedIn(alice, "token")
		bare := f.program()
		answers := []answer{
			d.me().is(200, ""),
			bare.do("GET", "/auth/me", nil).is(401, "NO_CREDENTIALS"),
			bare.do("POST", "/auth/login", "x").is(400, "VALIDATION_FAILED"),
			bare.do("POST", "/auth/login", message{"email": alice, "password": "x"}).is(401, "INVALID_CREDENTIALS"),
			d.call("GET", "/admin/api/users", nil).is(403, "INSUFFICIENT_PERMISSIONS"),
			d.call("DELETE", "/auth/sessions/ses_none", nil).is(404, "NOT_FOUND"),
			bare.do("GET", "/nowhere", nil).is(404, "NOT_FOUND"),
			bare.do("GET", "/auth/login", nil).is(405, "METHOD_NOT_ALLOWED"),
			bare.do("OPTIONS", "/auth/login", nil).is(405, "METHOD_NOT_ALLOWED"),
			bare.send(outside(bare)).is(404, "NOT_FOUND"),
			d.call("DELETE", "/auth/sessions/"+d.me().str("session.id"), nil).is(204, ""),
		}
		for _, a := range answers {
			for name, want := range always {
				if name == "Strict-Transport-Security" && f.public.Scheme == "https" {
					want = "max-age=31536000; includeSubDomains"
				}
				if got := a.header.Get(name); got != want || len(a.header.Values(name)) > 1 {
					t.Errorf("%s %s: %d: %s: %q, want %q", public, a.request, a.status, name, got, want)
				}
			}
			if a.header.Get("Permissions-Policy") == "" || a.header.Get("Cache-Control") == "" && a.text != "" {
				t.Errorf("%s: %v", a.request, a.header)
			}
		}
	}
}

// outside is a request to the same host, but not to the house.
func outside(d *device) *http.Request {
	r := d.request("GET", "/", nil)
	r.URL.Path = "/elsewhere"
	return r
}

// A known path with another method says which it knows (RFC 9110 section 15.5.6).
func TestAllow(t *testing.T) {
	d := one(t).program()
	for _, c := range []struct{ method, path, allow string }{
		{"GET", "/auth/login", "POST"},
		{"DELETE", "/auth/login", "POST"},
		{"GET", "/auth/logout", "POST"}, // no image can sign anybody out (SES-25, CSR-05)
		{"PUT", "/auth/login/password", "POST"},
		{"POST", "/auth/me", "GET, HEAD"},
		{"POST", "/auth/sessions/ses_1", "DELETE"},
		{"DELETE", "/admin/api/users", "GET, HEAD, POST"},
		{"POST", "/admin/api/users/usr_1", "DELETE, GET, HEAD, PATCH"},
		{"OPTIONS", "/auth/me", "GET, HEAD"},
		{"TRACE", "/auth/me", "GET, HEAD"},
	} {
		if a := d.do(c.method, c.path, nil).is(405, "METHOD_NOT_ALLOWED"); a.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: Allow: %s, want %s", c.method, c.path, a.header.Get("Allow"), c.allow)
		}
	}
	for _, path := range []string{"/auth", "/auth/", "/auth/me/", "/Auth/Me", "/auth/login/a/b", "/.well-known/", "/auth/me%2f"} {
		if a := d.do("DELETE", path, nil).is(404, "NOT_FOUND"); a.header.Get("Allow") != "" {
			t.Errorf("%s: Allow: %s", path, a.header.Get("Allow"))
		}
	}
}

// The key set is for everybody, may be kept a minute, and holds public keys only (JWT-13,
// GEN-11).
func TestKeySet(t *testing.T) {
	for _, c := range []struct {
		algorithm jose.Algorithm
		members   string
	}{
		{jose.ES256, "alg crv kid kty use x y"},
		{jose.RS256, "alg e kid kty n use"},
		{jose.EdDSA, "alg crv kid kty use x"},
		{jose.HS256, ""},
	} {
		d := one(t, func(g *gatehouse.Config) { g.Algorithm = c.algorithm }).program()
		a := d.do("GET", "/.well-known/jwks.json", nil).is(200, "").has("", "keys")
		keys := a.at("keys").([]any)
		if (len(keys) == 0) != c.algorithm.Symmetric() {
			t.Errorf("%s: %s", c.algorithm, a.text)
		}
		for _, k := range keys {
			var members []string
			for name := range k.(map[string]any) {
				members = append(members, name)
			}
			slices.Sort(members)
			if got := strings.Join(members, " "); got != c.members {
				t.Errorf("%s: %s, want %s", c.algorithm, got, c.members)
			}
		}
		tag := a.header.Get("ETag")
		r := d.request("GET", "/.well-known/jwks.json", nil)
		r.Header.Set("If-None-Match", tag)
		again := d.send(r)
		for _, a := range []answer{a, again} {
			if a.header.Get("ETag") != tag || tag == "" || a.header.Get("Cache-Control") != "public, max-age=60" ||
				a.header.Get("Cross-Origin-Resource-Policy") != "cross-origin" || a.header.Get("Set-Cookie") != "" {
				t.Errorf("%d %v", a.status, a.header)
			}
		}
		if again.status != 304 || again.text != "" || a.header.Get("Content-Type") != "application/jwk-set+json" {
			t.Errorf("%d %v", again.status, a.header)
		}
	}
}
