package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}

// from is the address that a request is counted by.
func from(t testing.TB, s *web.Site, peer string, h http.Header) string {
	t.Helper()
	r := get("/")
	r.RemoteAddr, r.Header = peer, h
	return identity.OriginOf(s.Enter(httptest.NewRecorder(), r).Context()).IP
}

// Where a request comes from: the peer or, behind trusted proxies, the rightmost address
// that is not theirs (RAT-07).
func TestClientAddress(t *testing.T) {
	for _, c := range []struct {
		peer      string
		forwarded []string
		want      string
	}{
		{"192.0.2.1:1", nil, "192.0.2.1"},
		{"192.0.2.1:1", []string{"203.0.113.7"}, "192.0.2.1"},
		{"10.0.0.1:1", nil, "10.0.0.1"},
		{"10.0.0.1:1", []string{""}, "10.0.0.1"},
		{"10.0.0.1:1", []string{"203.0.113.7"}, "203.0.113.7"},
		{"10.0.0.1:1", []string{"203.0.113.7:4711"}, "203.0.113.7"},
		{"10.0.0.1:1", []string{"[2001:db9::7]:4711"}, "2001:db9::7"},
		{"10.0.0.1:1", []string{"[2001:db9::7]"}, "2001:db9::7"},
		{"10.0.0.1:1", []string{"fe80::7%eth0"}, "fe80::7"},
		{"10.0.0.1:1", []string{"forged, 203.0.113.7"}, "203.0.113.7"},
		{"10.0.0.1:1", []string{"198.51.100.1, 203.0.113.7, 10.0.0.2"}, "203.0.113.7"},
		{"10.0.0.1:1", []string{"198.51.100.1", "203.0.113.7"}, "203.0.113.7"},
		{"10.0.0.1:1", []string{"203.0.113.7, unknown"}, "10.0.0.1"},
		{"10.0.0.1:1", []string{"203.0.113.7, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"10.0.0.1:1", []string{"203.0.113.7,"}, "10.0.0.1"},
		{"10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"10.0.0.1:1", []string{"203.0.113.7" + strings.Repeat(", 10.0.0.2", 40)}, "10.0.0.2"},
		{"10.0.0.1:1", []string{"999.0.0.1"}, "10.0.0.1"},
		{"[2001:db8::1]:1", []string{"2001:DB9:0::7"}, "2001:db9::7"},
		{"[::ffff:10.0.0.1]:1", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		{"[::ffff:192.0.2.1]:1", nil, "192.0.2.1"},
		{"@", []string{"203.0.113.7"}, ""},
	} {
		s := at(t, "https://id.example.com")
		s.Proxies = proxies
		if got := from(t, s, c.peer, http.Header{"X-Forwarded-For": c.forwarded}); got != c.want {
			t.Errorf("%s, %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

// A proxy that writes Forwarded instead is believed in that, and in nothing else (RFC 7239).
func TestForwarded(t *testing.T) {
	for _, c := range []struct {
		forwarded []string
		want      string
	}{
		{nil, "10.0.0.1"},
		{[]string{"for=203.0.113.7"}, "203.0.113.7"},
		{[]string{`proto=https;For="203.0.113.7:4711";by=10.0.0.1`}, "203.0.113.7"},
		{[]string{`for="[2001:db9::7]:4711"`}, "2001:db9::7"},
		{[]string{`for=198.51.100.1, for=203.0.113.7, for=10.0.0.2`}, "203.0.113.7"},
		{[]string{"for=198.51.100.1", "for=203.0.113.7"}, "203.0.113.7"},
		{[]string{"for=203.0.113.7, for=unknown"}, "10.0.0.1"},
		{[]string{"for=203.0.113.7, for=_hidden"}, "10.0.0.1"},
		{[]string{"for=203.0.113.7, proto=http"}, "10.0.0.1"},
		{[]string{"203.0.113.7"}, "10.0.0.1"},
	} {
		s := at(t, "https://id.example.com")
		s.Proxies, s.Forwarded = proxies, web.Forwarded
		h := http.Header{"Forwarded": c.forwarded, "X-Forwarded-For": {"192.0.2.66"}}
		if got := from(t, s, "10.0.0.1:1", h); got != c.want {
			t.Errorf("%q: %s, want %s", c.forwarded, got, c.want)
		}
		if got := from(t, s, "192.0.2.1:1", h); got != "192.0.2.1" {
			t.Errorf("%q of somebody who is not trusted: %s", c.forwarded, got)
		}
	}
}

// What anybody can write changes nothing, whoever sends it (RAT-07).
func TestSpoofed(t *testing.T) {
	h := http.Header{}
	for _, name := range []string{"Forwarded", "X-Real-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "Fastly-Client-Ip", "X-Forwarded", "Forwarded-For", "Via"} {
		h.Set(name, "203.0.113.66")
	}
	h.Set("Forwarded", "for=203.0.113.66")
	s := at(t, "https://id.example.com")
	s.Proxies = proxies
	for _, peer := range []string{"192.0.2.1", "10.0.0.1"} {
		if got := from(t, s, peer+":1", h); got != peer {
			t.Errorf("%s became %s", peer, got)
		}
	}
}

// Whatever a proxy hands on, the result is an address that the house can count by.
func FuzzClientAddress(f *testing.F) {
	for _, text := range []string{"203.0.113.7", `for="[2001:db9::7]:1"`, "a, b", "::1%x", "[", `"`, ";=,"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, field := range []string{web.XForwardedFor, web.Forwarded} {
			s := at(t, "https://id.example.com")
			s.Proxies, s.Forwarded = proxies, field
			got := from(t, s, "10.0.0.1:1", http.Header{field: {text}})
			addr, err := netip.ParseAddr(got)
			if err != nil || addr.Zone() != "" || addr.Is4In6() {
				t.Errorf("%s: %q gives %q", field, text, got)
			}
		}
	})
}

// Plain http is sent to the public URL, whatever host it asks for, if a trusted proxy says that it was
// plain; what carries a body is refused (HDR-10, GEN-13, BUG-40).
func TestPlain(t *testing.T) {
	for _, c := range []struct {
		what, public, method, target, peer, proto string
		status                                    int
		location                                  string
	}{
		{"a page", "https://id.example.com", "GET", "http://evil.example/login?a=b%2F", "10.0.0.1:1", "http", 301, "https://id.example.com/login?a=b%2F"},
		{"below a path", "https://id.example.com/id", "HEAD", "/id/login", "10.0.0.1:1", "HTTP", 301, "https://id.example.com/id/login"},
		{"two slashes", "https://id.example.com", "GET", "http://evil.example//evil.example/", "10.0.0.1:1", "http", 301, "https://id.example.com//evil.example/"},
		{"a form", "https://id.example.com", "POST", "/auth/login", "10.0.0.1:1", "http", 400, ""},
		{"no path", "https://id.example.com", "OPTIONS", "*", "10.0.0.1:1", "http", 404, ""},
		{"https", "https://id.example.com", "GET", "/login", "10.0.0.1:1", "https", 0, ""},
		{"a proxy that says nothing", "https://id.example.com", "GET", "/login", "10.0.0.1:1", "", 0, ""},
		{"somebody says so", "https://id.example.com", "POST", "/auth/login", "192.0.2.1:1", "http", 0, ""},
		{"a house of http", "http://localhost:8080", "GET", "/login", "10.0.0.1:1", "http", 0, ""},
	} {
		s := at(t, c.public)
		s.Proxies = proxies
		r := httptest.NewRequest(c.method, c.target, nil)
		r.TLS = nil
		r.RemoteAddr = c.peer
		if c.proto != "" {
			r.Header.Set("X-Forwarded-Proto", c.proto)
		}
		w := httptest.NewRecorder()
		answered := s.Plain(w, s.Enter(w, r))
		if answered != (c.status != 0) || answered && (w.Code != c.status || w.Header().Get("Location") != c.location || w.Header().Get("Strict-Transport-Security") != "") {
			t.Errorf("%s: %v, %d, %v", c.what, answered, w.Code, w.Header())
		}
	}
}

// The listener for plain http knows nothing but the way to https.
func TestRedirect(t *testing.T) {
	s := at(t, "https://id.example.com")
	w := httptest.NewRecorder()
	s.Redirect().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://evil.example/a?b", nil))
	if w.Code != 301 || w.Header().Get("Location") != "https://id.example.com/a?b" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	w = httptest.NewRecorder()
	s.Redirect().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://id.example.com/auth/login", nil))
	if w.Code != 400 || w.Header().Get("Connection") != "close" || !strings.Contains(w.Body.String(), "VALIDATION_FAILED") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}
