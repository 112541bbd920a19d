package api_test

import (
	"net/http"
	"strings"
	"testing"
)

func (d *device) preflight(origin, path string) answer {
	d.Helper()
	r := d.request("OPTIONS", path, nil)
	r.Header = http.Header{
		"Origin": {origin}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"content-type,x-csrf-token"},
	}
	return d.send(r)
}

// What a configured origin is told, exactly (HDR-13, HDR-14).
func TestAllowedOrigin(t *testing.T) {
	f := one(t, withApp)
	f.person(alice)
	d := f.program()
	for _, path := range []string{"/auth/login", "/auth/me", "/nowhere"} {
		a := d.preflight("https://app.example.com", path).is(204, "")
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin":      "https://app.example.com",
			"Access-Control-Allow-Credentials": "true",
			"Access-Control-Allow-Methods":     "GET, POST, PUT, PATCH, DELETE",
			"Access-Control-Allow-Headers":     "Content-Type, Authorization, X-CSRF-Token, DPoP",
			"Access-Control-Expose-Headers":    "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy",
			"Access-Control-Max-Age":           "600",
			"Vary":                             "Origin",
		} {
			if got := strings.Join(a.header.Values(name), "; "); got != want {
				t.Errorf("%s: %s: %q, want %q", path, name, got, want)
			}
		}
	}
	app := f.browser()
	app.header = http.Header{"Sec-Fetch-Site": {"same-site"}, "Origin": {"https://app.example.com"}}
	app.login(alice, "cookie")
	for _, a := range []answer{app.me().is(200, ""), app.call("POST", "/auth/token", nil).is(200, ""), app.do("GET", "/nowhere", nil).is(404, "NOT_FOUND")} {
		if a.header.Get("Access-Control-Allow-Origin") != "https://app.example.com" || a.header.Get("Access-Control-Allow-Credentials") != "true" ||
			strings.Join(a.header.Values("Vary"), ",") != "Origin" || a.header.Get("Access-Control-Allow-Methods") != "" {
			t.Errorf("%s: %v", a.request, a.header)
		}
	}
}

// Other origins are told nothing, however they look like ours; no one is told "*".
func TestOtherOrigins(t *testing.T) {
	f := one(t, withApp)
	d := f.program()
	for _, origin := range []string{
		"https://evil.example", "null", "*", "", "http://app.example.com", "https://app.example.com:8443", "https://app.example.com.evil.example",
		"https://evilapp.example.com", "https://app.example.com@evil.example", "https://APP.example.com", "https://app.example.com/",
		"https://example.com", "https://id.example.com", "https://app.example.com, https://evil.example", "https://app.example.com null",
	} {
		r := d.request("GET", "/healthz", nil)
		r.Header["Origin"] = []string{origin}
		for _, a := range []answer{d.preflight(origin, "/auth/login"), d.send(r).is(200, "")} {
			for name := range a.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s is told %s: %s", origin, name, a.header.Get(name))
				}
			}
			if a.header.Get("Vary") != "Origin" {
				t.Errorf("%s: Vary: %s: a cache would mix it up", origin, a.header.Get("Vary"))
			}
		}
	}
	if a := one(t).program().preflight("https://app.example.com", "/auth/login").is(405, "METHOD_NOT_ALLOWED"); a.header.Get("Vary") != "" {
		t.Errorf("nobody is allowed, but Vary: %s", a.header.Get("Vary"))
	}
}
