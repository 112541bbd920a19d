package pages_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/gatehouse-id/gatehouse/internal/pages"
)

func TestReturnTo(t *testing.T) {
	text, err := os.ReadFile("testdata/return_to.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Text string
		Path *string
	}
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors) == 0 {
		t.Fatal(err)
	}
	for _, v := range vectors {
		path, ok := pages.ReturnTo(v.Text)
		if ok != (v.Path != nil) || ok && path != *v.Path || !ok && path != "" {
			t.Errorf("ReturnTo(%q) = %q, %v", v.Text, path, ok)
		}
	}
	if _, ok := pages.ReturnTo("/" + strings.Repeat("a", 2048)); ok {
		t.Error("a path has no longest length")
	}
}

// Whatever is let through stays where it is when it is read once more, and is read by a
// browser as a path of this origin.
func FuzzReturnTo(f *testing.F) {
	for _, s := range []string{"/", "/a?b#c", "//x", `/\x`, "/%2fx", "/a/../b", "/\t/x", "/auth/x", "/@x:y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path, ok := pages.ReturnTo(text)
		if !ok {
			return
		}
		if again, ok := pages.ReturnTo(path); !ok || again != path {
			t.Errorf("%q becomes %q, which becomes %q", text, path, again)
		}
		if path[0] != '/' || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\t\r\n ") || strings.HasPrefix(path, "/auth/") {
			t.Errorf("%q becomes %q", text, path)
		}
	})
}

func TestForgedForms(t *testing.T) {
	h := open(t)
	p := h.person()
	p.register()
	account := p.signIn()
	stranger := h.person()
	login, signup := stranger.open("/login"), stranger.open("/signup")

	for _, c := range []struct {
		name  string
		sends map[string]string
		page  *page
		to    string
		token string
		title string
	}{
		{"another site", map[string]string{"Sec-Fetch-Site": "cross-site"}, login, "/login", "", "We could not verify this request"},
		{"a sibling site", map[string]string{"Sec-Fetch-Site": "same-site"}, login, "/login", "", "We could not verify this request"},
		{"another origin", map[string]string{"Sec-Fetch-Site": "", "Origin": "https://evil.example"}, login, "/login", "", "We could not verify this request"},
		{"no origin told, no token", map[string]string{"Sec-Fetch-Site": "", "Origin": "null"}, login, "/login", "x", "Error: Sign in to Acme"},
		{"no origin told, no token", map[string]string{"Sec-Fetch-Site": "", "Origin": "null"}, signup, "/signup", "x", "Error: Create your account"},
		{"signed in, no token", nil, account, "/account", "x", "Error: Profile"},
		{"signed in, another site", map[string]string{"Sec-Fetch-Site": "cross-site"}, account, "/account", "", "We could not verify this request"},
	} {
		who := c.page.person
		before := who.sends
		who.sends = map[string]string{"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
		for name, value := range c.sends {
			who.sends[name] = value
		}
		pairs := []string{"email", "eve@example.com", "password", newWords, "name", "Eve"}
		if c.token != "" {
			pairs = append(pairs, "csrf_token", c.token)
		}
		pg := c.page.submit(c.to, pairs...).is(http.StatusForbidden, c.title)
		kept := strings.Contains(pg.text, `value="eve@example.com"`) || strings.Contains(pg.text, `value="Eve"`)
		if kept == strings.HasPrefix(c.title, "We could") || strings.Contains(pg.text, newWords) {
			t.Errorf("%s: what was typed is kept: %v", c.name, kept)
		}
		who.sends = before
	}

	// What a browser does over plain http: no metadata, no origin, but our token.
	stranger.sends["Sec-Fetch-Site"], stranger.sends["Origin"] = "", "null"
	stranger.open("/login").submit("/login", "email", ada, "password", secret).is(http.StatusOK, "Profile").
		submit("/account", "name", "Ada").is(http.StatusOK, "Profile", "Your name was saved.")
}

func TestFailures(t *testing.T) {
	h := open(t)
	p := h.person()
	form := "application/x-www-form-urlencoded"
	for _, c := range []struct {
		method, path, media, body string
		status                    int
		title, out                string
	}{
		{"GET", "/nothing", "", "", http.StatusNotFound, "There is no such page", "/"},
		{"GET", "/static/x/nothing.css", "", "", http.StatusNotFound, "There is no such page", "/"},
		{"DELETE", "/login", "", "", http.StatusMethodNotAllowed, "That cannot be done here", "/"},
		{"POST", "/logged-out", form, "", http.StatusMethodNotAllowed, "That cannot be done here", "/"},
		{"POST", "/login", "application/json", "{}", http.StatusUnsupportedMediaType, "That was not a form", "/"},
		{"POST", "/login", form, "email=" + strings.Repeat("a", 70_000), http.StatusRequestEntityTooLarge, "That was too much", "/"},
		{"POST", "/login", form, "email=a&email=b", http.StatusBadRequest, "That did not work", "/"},
		{"POST", "/login", form, "%zz", http.StatusBadRequest, "That did not work", "/"},
	} {
		p.sends["Content-Type"] = c.media
		pg := p.do(c.method, c.path, c.body).is(c.status, c.title)
		out := pg.all(func(n *html.Node) bool { return n.Data == "a" && attr(n, "class") == "btn wide" })
		if len(out) != 1 || attr(out[0], "href") != c.out || !strings.Contains(pg.text, pg.header.Get("X-Request-Id")) {
			t.Errorf("%s %s: no way out, or no request id", c.method, c.path)
		}
	}
	if allow := p.do(http.MethodDelete, "/login", "").header.Get("Allow"); !strings.Contains(allow, "POST") {
		t.Errorf("Allow is %q", allow)
	}
}

// Programs get JSON, whatever they accept; pages are HTML, whatever is accepted.
func TestFailuresOfPrograms(t *testing.T) {
	h := open(t)
	p := h.person()
	for _, c := range []struct {
		path, accept, media string
	}{
		{"/auth/nothing", "text/html", "application/json"},
		{"/auth/me", "text/html", "application/json"},
		{"/admin/api/users", "text/html", "application/json"},
		{"/.well-known/nothing", "text/html", "application/json"},
		{"/oauth/nothing", "text/html", "application/json"},
		{"/nothing", "application/json", "application/json"},
		{"/nothing", "", "application/json"},
		{"/nothing", "text/html", "text/html; charset=utf-8"},
		{"/verify-email", "application/json", "text/html; charset=utf-8"},
		{"/account", "application/json", "text/html; charset=utf-8"},
	} {
		p.sends["Accept"] = c.accept
		if got := p.open(c.path).header.Get("Content-Type"); got != c.media {
			t.Errorf("%s for %q is %q", c.path, c.accept, got)
		}
	}
	p.open("/.well-known/change-password").came("303 /account/password", "303 /login?returnTo=%2Faccount%2Fpassword")
}

func TestTooManyRequests(t *testing.T) {
	h := open(t)
	p := h.person()
	for range 20 { // one comes back every three minutes
		p.open("/verify-email/resend").submit("/verify-email/resend", "email", ada).is(http.StatusOK, "Check your mail")
	}
	h.wait(time.Minute)
	p.open("/verify-email/resend").submit("/verify-email/resend", "email", ada).
		is(http.StatusTooManyRequests, "Error: Get a new link", "Please wait 2 minutes, then try again.")
}
