package verify_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/verify"
)

// What New refuses before it calls anybody.
func TestNew(t *testing.T) {
	for issuer, want := range map[string]bool{
		"https://id.example.com": true, "https://id.example.com/": true, "https://id.example.com:8443/id": true, "http://localhost:8080": true,
		"http://127.0.0.1:1": true, "http://[::1]:8080/id": true, "http://id.localhost": true,
		"http://id.example.com": false, "": false, "id.example.com": false, "https://": false, "https://id.example.com?": false,
		"https://id.example.com?a=b": false, "https://id.example.com#": false, "https://ada@id.example.com": false, "ftp://localhost": false,
		"https://id.example.com/\x00": false, "http://localhost.evil.example": false, "http://10.0.0.1": false,
	} {
		if _, err := verify.New(issuer, verify.Config{}); (err == nil) != want {
			t.Errorf("%q: %v", issuer, err)
		}
	}
	for name, c := range map[string]verify.Config{
		"a leeway of hours":    {Leeway: time.Hour},
		"remembered too long":  {Remember: 11 * time.Second},
		"remembered backwards": {Remember: -1},
		"half a client":        {ClientID: "cli_shop"},
		"the other half":       {ClientSecret: "s3cret"},
	} {
		if _, err := verify.New("https://id.example.com", c); err == nil {
			t.Error(name)
		}
	}
}

// The document is found where RFC 8414 section 3.1 puts it, then where others do.
func TestPlaces(t *testing.T) {
	for _, c := range []struct{ path, at string }{
		{"", oauth}, {"", openID}, {"/", oauth}, {"/id", oauth + "/id"}, {"/id", "/id" + oauth}, {"/id", "/id" + openID}, {"/a%2Fb/c/", oauth + "/a/b/c"},
	} {
		i := newIssuer(t)
		issuer := i.URL + c.path
		i.does(oauth, nil)
		i.does(oauth+"/id", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }) // answers to everything
		i.says(c.at, http.StatusOK, object{"issuer": issuer, "jwks_uri": i.URL + "/keys", "more": []int{1}})
		i.does("/keys", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":[]}`)) })
		v, err := verify.New(issuer, verify.Config{})
		i.must(err)
		i.refuses(c.path+" at "+c.at, v.Open(t.Context()), nil)
	}
}

// Documents that are not the issuer's, or send us elsewhere.
func TestDocuments(t *testing.T) {
	i := newIssuer(t)
	host := strings.TrimPrefix(i.URL, "http://")
	for name, doc := range map[string]any{
		"another issuer":         object{"issuer": "https://evil.example", "jwks_uri": i.URL + jwks},
		"an issuer with a slash": object{"issuer": i.URL + "/", "jwks_uri": i.URL + jwks},
		"an issuer in capitals":  object{"issuer": strings.ToUpper(i.URL), "jwks_uri": i.URL + jwks},
		"no issuer":              object{"jwks_uri": i.URL + jwks},
		"no keys":                object{"issuer": i.URL},
		"keys elsewhere":         object{"issuer": i.URL, "jwks_uri": "https://evil.example/jwks.json"},
		"keys inside":            object{"issuer": i.URL, "jwks_uri": "http://169.254.169.254/latest"},
		"keys at another port":   object{"issuer": i.URL, "jwks_uri": "http://127.0.0.1:1/jwks.json"},
		"keys by another scheme": object{"issuer": i.URL, "jwks_uri": "https://" + host + jwks},
		"keys as somebody":       object{"issuer": i.URL, "jwks_uri": "http://ada@" + host + jwks},
		"keys of a file":         object{"issuer": i.URL, "jwks_uri": "file:///etc/passwd"},
		"our secret elsewhere":   object{"issuer": i.URL, "jwks_uri": i.URL + jwks, "introspection_endpoint": "https://evil.example/"},
		"an issuer twice":        `{"issuer":"` + i.URL + `","issuer":"` + i.URL + `","jwks_uri":"` + i.URL + jwks + `"}`,
		"no JSON":                "<html>",
		"too long":               object{"issuer": i.URL, "jwks_uri": i.URL + jwks, "x": strings.Repeat("x", 64<<10)},
	} {
		i.says(oauth, http.StatusOK, doc)
		i.refuses(name, i.guard().Open(t.Context()), identity.ErrUnavailable)
	}
	if n := i.called(jwks); n != 0 {
		t.Errorf("the keys were fetched %d times", n)
	}
}

// An open redirect on the issuer's host must not choose our keys, whichever client asks.
func TestRedirects(t *testing.T) {
	for _, path := range []string{oauth, jwks} {
		for name, own := range map[string]*http.Client{"ours": nil, "theirs": {}} {
			i := newIssuer(t)
			i.mu.Lock()
			i.answers["/moved"] = i.answers[path]
			i.mu.Unlock()
			i.does(path, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/moved", http.StatusFound) })
			i.refuses(path+" "+name, i.guard(func(c *verify.Config) { c.HTTPClient = own }).Open(t.Context()), identity.ErrUnavailable)
			if i.called("/moved") != 0 || own != nil && own.CheckRedirect != nil {
				t.Errorf("%s %s: followed, or the application's client was changed", path, name)
			}
		}
	}
}

// An issuer that does not answer holds nobody for long, and whoever goes away is not held at all.
func TestSlow(t *testing.T) {
	i := newIssuer(t)
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	i.does(oauth, func(http.ResponseWriter, *http.Request) { <-hold })
	v := i.guard(func(c *verify.Config) { c.HTTPClient = &http.Client{Timeout: 50 * time.Millisecond} })
	i.refuses("silence", v.Open(t.Context()), identity.ErrUnavailable)
	if i.called(openID) != 0 {
		t.Error("an issuer that cannot be reached is asked at all its addresses")
	}
	r := httptest.NewRequestWithContext(expired(t), http.MethodGet, "/", http.NoBody)
	r.Header.Set("Authorization", "Bearer x")
	w := httptest.NewRecorder()
	i.guard().Protect(verify.Demand{}, hello).ServeHTTP(w, r)
	if got := verdict(w); got != "503 UNAVAILABLE" || w.Header().Get("Retry-After") == "" {
		t.Errorf("%s %v", got, w.Header())
	}
}

// Whoever imports verify compiles none of the server.
func TestLight(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]bool{"identity": true, "internal/jose": true, "verify": true}
	for pkg := range strings.FieldsSeq(string(out)) {
		const module = "github.com/gatehouse-id/gatehouse"
		if name, ours := strings.CutPrefix(pkg, module+"/"); pkg == module || ours && !own[name] {
			t.Errorf("compiles %s", pkg)
		}
		for _, heavy := range []string{"database/sql", "sqlite", "pgx", "argon2", "cedar", "grpc", "yaml", "prometheus", "koanf", "html/template", "webauthn"} {
			if strings.Contains(pkg, heavy) {
				t.Errorf("compiles %s", pkg)
			}
		}
	}
}

// The causes are told to the log only.
func TestCauses(t *testing.T) {
	i := newIssuer(t)
	i.breaks()
	err := i.guard().Open(t.Context())
	if text := fmt.Sprint(err); !strings.Contains(text, oauth+": answered 500") {
		t.Error(text)
	}
	if w := send(i.guard().Protect(verify.Demand{}, hello), "x"); strings.Contains(w.Body.String(), "500") || verdict(w) != "503 UNAVAILABLE" {
		t.Error(w.Body)
	}
}
