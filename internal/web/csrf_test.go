package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// A ring has the keys that its letters name, the first of which is current.
type ring string

func (r ring) CSRFSecret() []byte { return []byte(r[:1]) }

func (r ring) CSRFSecrets() (keys [][]byte) {
	for _, letter := range string(r) {
		keys = append(keys, []byte(string(letter)))
	}
	return keys
}

func post(contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

const form = "application/x-www-form-urlencoded"

// A page that was open during a rotation can still be sent; one from before the key was
// dropped cannot.
func TestForgeryKeysRotate(t *testing.T) {
	s := at(t, "http://localhost:8080")
	r := get("/")
	r.Header.Set("Cookie", "visit="+strings.Repeat("A", 43))
	token := (&web.Forgery{Site: s, Keys: ring("a")}).Token(httptest.NewRecorder(), r)
	for keys, want := range map[ring]string{"a": "", "ba": "", "cba": "", "b": "INVALID_CSRF", "cb": "INVALID_CSRF"} {
		sent := post(form, "csrf_token="+token)
		sent.Header.Set("Cookie", r.Header.Get("Cookie"))
		sent.Header.Set("Origin", "null")
		if err := (&web.Forgery{Site: s, Keys: keys}).Check(httptest.NewRecorder(), sent, false); identity.CodeOf(err) != want {
			t.Errorf("keys %s: %v", keys, err)
		}
	}
}

// What only reads is never refused, and nothing else is let by without proof (CSR-05).
func TestUnsafeMethods(t *testing.T) {
	f := &web.Forgery{Site: at(t, "http://localhost:8080"), Keys: ring("a")}
	for method, want := range map[string]string{
		"GET": "", "HEAD": "", "OPTIONS": "", "POST": "INVALID_CSRF", "PUT": "INVALID_CSRF", "PATCH": "INVALID_CSRF",
		"DELETE": "INVALID_CSRF", "TRACE": "INVALID_CSRF", "get": "INVALID_CSRF", "PURGE": "INVALID_CSRF",
	} {
		r := get("/")
		r.Method = method
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if err := f.Check(httptest.NewRecorder(), r, false); identity.CodeOf(err) != want {
			t.Errorf("%s: %v", method, err)
		}
	}
}

// The token comes by header or in a form, and nowhere else: not in a query, where it would
// be logged, and not in a body of another type.
func TestSentToken(t *testing.T) {
	withHeader := post(form, "csrf_token=field")
	withHeader.Header.Set("X-CSRF-Token", "header")
	inQuery := post(form, "")
	inQuery.URL.RawQuery = "csrf_token=query"
	for what, c := range map[string]struct {
		r    *http.Request
		want string
	}{
		"header before field": {withHeader, "header"},
		"field":               {post(form, "a=1&csrf_token=field"), "field"},
		"field, with charset": {post(form+"; charset=utf-8", "csrf_token=field"), "field"},
		"twice":               {post(form, "csrf_token=a&csrf_token=b"), ""},
		"none":                {post(form, "a=1"), ""},
		"query":               {inQuery, ""},
		"JSON":                {post("application/json", `{"csrf_token":"x"}`), ""},
		"multipart":           {post("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=csrf_token\r\n\r\nx\r\n--x--"), ""},
		"no type":             {post("", "csrf_token=x"), ""},
	} {
		if got := web.SentToken(httptest.NewRecorder(), c.r); got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

// A token says nothing of what it is bound to, and fits nothing else (CSR-02).
func TestToken(t *testing.T) {
	seen := map[string]bool{}
	for _, key := range []string{"a", "b"} {
		for _, binding := range []string{"session ses_1", "session ses_2", "visit ses_1", ""} {
			token := web.CSRFToken([]byte(key), binding)
			if len(token) != 43 || seen[token] || strings.Contains(token, "ses") {
				t.Errorf("%s %s: %s", key, binding, token)
			}
			seen[token] = true
		}
	}
}

// Over plain http a browser may not tell where it comes from: then the token must.
func TestProvenance(t *testing.T) {
	s := at(t, "http://intranet.localhost:8080")
	for _, c := range []struct {
		site, origin string
		want         web.Provenance
	}{
		{"", "", web.Ours},
		{"", "null", web.Opaque},
		{"", "http://intranet.localhost:8080", web.Ours},
		{"", "https://intranet.localhost:8080", web.Foreign},
		{"", "http://intranet.localhost", web.Foreign},
		{"same-origin", "null", web.Ours}, // a form under Referrer-Policy: no-referrer
		{"same-site", "http://intranet.localhost:8080", web.Ours},
		{"cross-site", "null", web.Foreign},
		{"cross-site", "", web.Foreign},
		{"surprise", "", web.Foreign},
	} {
		r := get("/")
		for name, value := range map[string]string{"Sec-Fetch-Site": c.site, "Origin": c.origin} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		if got := s.ProvenanceOf(r); got != c.want {
			t.Errorf("Sec-Fetch-Site: %s, Origin: %s: %d, want %d", c.site, c.origin, got, c.want)
		}
	}
}
