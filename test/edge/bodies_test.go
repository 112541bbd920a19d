package edge_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/guard"
)

// unsafe returns the routes that may change something.
func (h *house) unsafe() (routes []guard.Route) {
	for _, r := range h.gate.Routes() {
		if !strings.HasPrefix(r.Pattern, "GET ") {
			routes = append(routes, r)
		}
	}
	return routes
}

// Without a session a request that another site sends is refused and not a fault of ours, whatever
// of a session is left in the browser (BUG-47), and signing somebody in is no exception.
func TestForgedWithoutSession(t *testing.T) {
	h := open(t, secured)
	v := h.visitor()
	v.client.Jar = nil
	garbage := "__Host-session=x; __Host-visit=; __Secure-refresh=.; accessToken=a.b.c; __Host-login=%00; __Host-device=x"
	for _, r := range h.unsafe() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		path = filled(path)
		for _, cookie := range []string{"", garbage} {
			for _, token := range []string{"", "x", strings.Repeat("A", 43)} {
				for _, from := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "null"}, {"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "same-origin"}} {
					sends := append([]string{"X-CSRF-Token", token}, from...)
					if cookie != "" {
						sends = append(sends, "Cookie", cookie)
					}
					a := v.do(method, path, "", sends...)
					refused := a.status == http.StatusForbidden
					if a.status >= 500 || r.Rule.Public && !r.Rule.CrossSite && refused == (from[1] == "same-origin") {
						t.Errorf("%s, %s, token %q, from %v: %d %s", r.Pattern, cookie, token, from, a.status, a.text)
					}
				}
			}
		}
	}
}

// wrong are values of which none is a text, a number, a truth and a list at once (BUG-26, V15.3.5).
var wrong = []string{`{"$ne":""}`, `{"$gt":""}`, `[["x"]]`, `[{"$ne":""}]`, `1.5`, `null`}

// Every member of every body has the type that it must have, and operators of no database pass for it
// (BUG-26). Nothing is done where one has not, and no route fails.
func TestTypesOfBodies(t *testing.T) {
	h := open(t, secured)
	h.person()
	v, refused := h.visitor(), 0
	v.sends = []string{"Authorization", "Bearer " + v.signIn("native")}
	for _, r := range h.unsafe() {
		if r.About.In == nil || reflect.TypeOf(r.About.In).Kind() != reflect.Struct {
			continue
		}
		method, path, _ := strings.Cut(r.Pattern, " ")
		for _, member := range members(reflect.TypeOf(r.About.In)) {
			for _, value := range wrong {
				a := v.do(method, filled(path), `{"`+member+`":`+value+`}`)
				if a.status < 400 || a.status >= 500 {
					t.Errorf("%s: %s: %s: %d %s", r.Pattern, member, value, a.status, a.text)
				}
				if a.status == http.StatusBadRequest && strings.Contains(a.text, `"`+member) {
					refused++
				}
			}
		}
	}
	if refused < 200 {
		t.Errorf("only %d members were refused by name; has the shape of routes changed?", refused)
	}
}

// members returns the names of the texts, numbers and truths of a body.
func members(t reflect.Type) (names []string) {
	for _, f := range reflect.VisibleFields(t) {
		kind := f.Type
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" && !f.Anonymous && (kind.Kind() == reflect.String || kind.Kind() == reflect.Bool || kind.Kind() == reflect.Int) {
			names = append(names, name)
		}
	}
	return names
}

// A secret is taken as it was typed, mark-up, blanks and all, by pages and by programs (BUG-33): nothing
// is stripped from it, so one without what looks like mark-up is another.
func TestSecretsAreNotCleaned(t *testing.T) {
	h := open(t, secured)
	h.person()
	for _, secret := range []string{
		"<b>violet</b> & hammer's \"seventeen\"", "<script>alert('seventeen')</script>", "violet &amp; hammer &lt;17&gt;",
		"  violet hammer seventeen  ", "violet\thammer\\n seventeen '; --", "javascript:violet(hammer) %3Cb%3E",
	} {
		v := h.reader()
		v.signIn("cookie")
		set := func(from, to string) int {
			t.Helper()
			body, err := json.Marshal(map[string]string{"currentPassword": from, "newPassword": to})
			must(t, err)
			var csrf struct{ CSRFToken string }
			must(t, json.Unmarshal([]byte(v.do("GET", "/auth/csrf-token", "").text), &csrf))
			return v.do("POST", "/auth/change-password", string(body), "X-CSRF-Token", csrf.CSRFToken).status
		}
		if status := set(passphrase, secret); status != http.StatusOK {
			t.Fatalf("%q: %d", secret, status)
		}
		for typed, want := range map[string]int{strip(secret): http.StatusUnauthorized, secret: http.StatusSeeOther} {
			form := url.Values{"email": {alice}, "password": {typed}}
			if a := h.reader().do("POST", "/login", form.Encode()); a.status != want {
				t.Errorf("%q: %d, want %d", typed, a.status, want)
			}
		}
		if status := set(secret, passphrase); status != http.StatusOK {
			t.Fatalf("%q: %d", secret, status)
		}
	}
}

// strip is what those do who clean what was typed.
func strip(text string) string {
	var b strings.Builder
	depth := 0
	for _, c := range text {
		switch {
		case c == '<':
			depth++
		case c == '>' && depth > 0:
			depth--
		case depth == 0:
			b.WriteRune(c)
		}
	}
	return strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "%3C", "<", "%3E", ">", "'", "", "\t", " ").Replace(strings.TrimSpace(b.String()))
}
