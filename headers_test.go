package gatehouse_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/sqlite"
)

// beside is an origin of the same site.
var beside = map[string]string{"https://id.example.com": "https://app.example.com", "http://localhost": "http://localhost:3000"}

// gate opens a house for a test of what it answers.
func gate(t *testing.T, public string, options ...func(*gatehouse.Config)) *gatehouse.Gate {
	t.Helper()
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "gatehouse.db"))
	if err != nil {
		t.Fatal(err)
	}
	c := gatehouse.Config{
		DB: db, MasterKey: make([]byte, 32), PublicURL: public, Idle: true, SecurityContact: "mailto:security@example.com",
		Origins: []string{beside[public]}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	}
	for _, option := range options {
		option(&c)
	}
	g, err := gatehouse.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close(t.Context()); _ = db.Close() })
	return g
}

func asked(h http.Handler, method, url string, fields ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, nil)
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	if r.Header.Get("X-Forwarded-Proto") != "" {
		r.RemoteAddr, r.TLS = "10.0.0.1:1", nil
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var changing = regexp.MustCompile(`req_[0-9a-z]{26}|"[0-9a-f]{16}"|=[A-Za-z0-9_-]{43};|/static/[0-9a-f]{16}/`)

// TestHeaders compares the header fields of every kind of answer with the list that was reviewed: what
// got weaker shows as a changed line (HDR-01..09, CON-14; ASVS V3.4, V13.4.6, V14.3.2).
func TestHeaders(t *testing.T) {
	var got bytes.Buffer
	for _, public := range []string{"https://id.example.com", "http://localhost"} {
		g := gate(t, public)
		h := g.Handler()
		static := regexp.MustCompile(`/static/[0-9a-f]{16}/[a-z]+\.css`).FindString(asked(h, "GET", public+"/login").Body.String())
		for _, a := range []struct {
			what, method, path string
			fields             []string
		}{
			{"page", "GET", "/login", []string{"Accept", "text/html"}},
			{"page that is not there", "GET", "/nowhere", []string{"Accept", "text/html"}},
			{"page for somebody else", "GET", "/account", []string{"Accept", "text/html"}},
			{"file of pages", "GET", static, nil},
			{"answer for programs", "GET", "/auth/methods", nil},
			{"answer that carries a credential", "GET", "/auth/csrf-token", nil},
			{"refusal", "GET", "/auth/me", nil},
			{"refused body", "POST", "/auth/login", nil},
			{"refused method", "TRACE", "/auth/login", nil},
			{"refused origin", "GET", "/auth/methods", []string{"Origin", "https://evil.example"}},
			{"allowed origin", "GET", "/auth/methods", []string{"Origin", beside[public]}},
			{"question of an allowed origin", "OPTIONS", "/auth/login", []string{"Origin", beside[public], "Access-Control-Request-Method", "POST"}},
			{"keys", "GET", "/.well-known/jwks.json", nil},
			{"metadata", "GET", "/.well-known/oauth-authorization-server", nil},
			{"OpenAPI document", "GET", "/openapi.json", nil},
			{"where to report a flaw", "GET", "/.well-known/security.txt", nil},
			{"where to change a password", "GET", "/.well-known/change-password", nil},
			{"health", "GET", "/healthz", nil},
			{"plain http", "GET", "/login", []string{"X-Forwarded-Proto", "http"}},
		} {
			w := asked(h, a.method, public+a.path, a.fields...)
			fmt.Fprintf(&got, "%s: %s: %d\n", public, a.what, w.Code)
			for _, name := range slices.Sorted(keys(w.Header())) {
				for _, value := range w.Header()[name] {
					fmt.Fprintf(&got, "\t%s: %s\n", name, changing.ReplaceAllString(value, "*"))
				}
			}
		}
	}
	golden := filepath.Join("testdata", "headers.golden")
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the header fields are not those of %s (go test -run TestHeaders -update . writes it anew): %v\n%s", golden, err, got.String())
	}
}

func keys(h http.Header) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range h {
			if !yield(name) {
				return
			}
		}
	}
}

// TestObservatory holds every page that a stranger can open against the rules of the Mozilla HTTP
// Observatory, of which each must be met in full, and looks for what stands inline or elsewhere
// (HDR-02, XSS-01, BUG-44).
func TestObservatory(t *testing.T) {
	g := gate(t, "https://id.example.com")
	pages := 0
	for _, r := range g.Routes() {
		path, get := strings.CutPrefix(r.Pattern, "GET ")
		if !get || strings.Contains(strings.ReplaceAll(path, "{$}", ""), "{") {
			continue
		}
		path = strings.TrimSuffix(path, "{$}")
		w := asked(g.Handler(), "GET", "https://id.example.com"+path, "Accept", "text/html")
		for _, finding := range observed(w.Header(), r) {
			t.Errorf("%s: %d: %s", path, w.Code, finding)
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			pages++
			for _, finding := range inline(t, w.Body.String()) {
				t.Errorf("%s: %s", path, finding)
			}
		}
	}
	if pages < 10 {
		t.Errorf("%d pages were looked at", pages)
	}
}

// observed returns the rules that an answer breaks.
func observed(h http.Header, r guard.Route) (findings []string) {
	policy := map[string]string{}
	for _, directive := range strings.Split(h.Get("Content-Security-Policy"), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), " ")
		policy[name] = value
	}
	must := func(holds bool, rule string) {
		if !holds {
			findings = append(findings, rule)
		}
	}
	must(policy["default-src"] == "'none'", "everything is denied that is not allowed")
	must(policy["frame-ancestors"] == "'none'" && h.Get("X-Frame-Options") == "DENY", "nobody frames it")
	for name, value := range policy {
		must(!strings.Contains(value, "unsafe") && !strings.Contains(value, "*") && !strings.Contains(value, "data:") && !strings.Contains(value, "http:"), name+" lets in "+value)
	}
	if strings.HasPrefix(h.Get("Content-Type"), "text/html") {
		must(policy["base-uri"] == "'none'" && policy["form-action"] != "" && policy["object-src"] == "", "the page is told where it may send, and has no base and no object")
	}
	must(h.Get("Strict-Transport-Security") == "max-age=31536000; includeSubDomains", "HSTS is a year, and not preloaded unasked")
	must(h.Get("X-Content-Type-Options") == "nosniff" && h.Get("Referrer-Policy") == "no-referrer", "nothing is guessed, nothing told on")
	must(slices.Contains([]string{"same-origin", "cross-origin"}, h.Get("Cross-Origin-Resource-Policy")), "it says who may embed it")
	must(h.Get("Access-Control-Allow-Origin") == "", "no other origin reads it unasked")
	must(h.Get("Server")+h.Get("X-Powered-By") == "", "it does not say what it runs on (ASVS V13.4.6)")
	must(h.Get("Cache-Control") != "" && (r.Rule.Public || h.Get("Cache-Control") == "no-store"), "what is somebody's is stored nowhere (ASVS V14.3.2)")
	for _, cookie := range h["Set-Cookie"] {
		must(strings.Contains(cookie, "; Secure") && strings.Contains(cookie, "SameSite=") && (strings.Contains(cookie, "; HttpOnly") || strings.HasPrefix(cookie, "gh_hint=")), "cookie "+cookie)
	}
	return findings
}

// inline returns what of a page the policy would not let run, or would have to be let in for.
func inline(t *testing.T, text string) (findings []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if (n.Data == "script" || n.Data == "style") && n.FirstChild != nil {
			findings = append(findings, "inline "+n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
				findings = append(findings, "attribute "+a.Key)
			case (a.Key == "src" || a.Key == "href" || a.Key == "action") && (strings.Contains(a.Val, "//") || strings.HasPrefix(a.Val, "javascript:") || strings.HasPrefix(a.Val, "data:")):
				findings = append(findings, a.Key+" "+a.Val)
			}
		}
	}
	return findings
}

// Preloading is asked for, or there is none (CON-14, HDR-12).
func TestPreload(t *testing.T) {
	g := gate(t, "https://id.example.com", func(c *gatehouse.Config) { c.Preload = true })
	if got := asked(g.Handler(), "GET", "https://id.example.com/login").Header().Get("Strict-Transport-Security"); got != "max-age=31536000; includeSubDomains; preload" {
		t.Error(got)
	}
}
