package proxy_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

func eachElsewhere(t *testing.T, fn func(*front)) {
	t.Helper()
	t.Run("nginx", func(t *testing.T) { fn(nginx(t, true)) })
	t.Run("caddy", func(t *testing.T) { fn(caddy(t, true)) })
}

// leads asks and returns where that leads.
func (b *browser) leads(to string) string {
	b.Helper()
	return b.gets(to, http.StatusSeeOther).Header.Get("Location")
}

// crosses is the whole way from a page of an application to the house on another host and back, but
// the last step: it returns the address with the code.
func (b *browser) crosses(from string) string {
	b.Helper()
	begin := b.leads(from)
	if want := b.url + "/.gatehouse/begin?to=" + url.QueryEscape(from); begin != want {
		b.Fatalf("%s leads to %q, want %q", from, begin, want)
	}
	allow := b.leads(begin)
	if !strings.HasPrefix(allow, b.door+"/application/allow?") {
		b.Fatalf("it leads to %q", allow)
	}
	next := b.leads(allow)
	if strings.HasPrefix(next, "/login?returnTo=") {
		back := b.fillIn(b.door+next, strings.TrimPrefix(allow, b.door))
		next = b.leads(b.door + back)
	}
	if !strings.HasPrefix(next, b.url+"/.gatehouse/callback?code=") {
		b.Fatalf("it leads to %q", next)
	}
	return next
}

// A sign-in on one host opens an application on another, until it ends; a second application would be
// opened without a second sign-in.
func TestElsewhere(t *testing.T) {
	eachElsewhere(t, func(f *front) {
		b := f.browser()
		if to := b.leads(b.crosses("/posts?a=1&b=2")); to != "/posts?a=1&b=2" {
			f.Errorf("it leads to %q", to)
		}
		f.reached()
		b.gets("/posts?a=1&b=2", http.StatusOK)
		r := f.reached()[0]
		if r.Header.Get("X-Auth-User") != string(f.user.ID) || r.Header.Get("X-Auth-Roles") != "staff,user" || strings.Contains(r.Header.Get("Cookie"), "app=") {
			f.Errorf("the application sees %v", r.Header)
		}
		b.ask("POST", "/", "x=1", "Sec-Fetch-Site", "cross-site")
		if len(f.reached()) > 0 {
			f.Error("a forged POST reached the application")
		}
		if a := b.ask("POST", "/", "x=1", "Sec-Fetch-Site", "", "Origin", b.url); a.StatusCode != http.StatusOK {
			f.Errorf("POST: %s", a.Status)
		}
		f.Must(f.SetRoles(f.Context(), f.user.ID, []string{"user"}))
		b.gets("/", http.StatusForbidden)
		f.Must(f.SetRoles(f.Context(), f.user.ID, []string{"user", "staff"}))
		b.gets("/", http.StatusOK)
		f.Must(f.Gate.SignOut(f.Context(), f.user.ID))
		b.gets("/", http.StatusSeeOther)
	})
}

// A code works once, for a minute, and in the browser that asked for it: nobody is made to work in
// the application as somebody else (BUG-47).
func TestCodeElsewhere(t *testing.T) {
	f := nginx(t, true)
	mine, theirs := f.browser(), f.browser()
	theirs.leads(theirs.leads("/")) // has a name of its own on the application's host
	code := mine.crosses("/")
	theirs.gets(code, http.StatusBadRequest)
	theirs.gets("/", http.StatusSeeOther)
	mine.gets(code, http.StatusBadRequest) // for it came to the wrong place first
	mine.leads(mine.crosses("/"))
	mine.gets("/", http.StatusOK)

	code = f.browser().crosses("/")
	f.browser().gets(code, http.StatusBadRequest) // that has no name at all
	late := f.browser()
	code = late.crosses("/")
	f.Wait(61 * time.Second)
	late.gets(code, http.StatusBadRequest)
	ended := f.browser()
	code = ended.crosses("/")
	f.Must(f.Gate.SignOut(f.Context(), f.user.ID))
	ended.gets(code, http.StatusBadRequest)
}

// Only applications that the operator has listed are handed anything, and paths of theirs are all that
// a link can lead to.
func TestUnlistedElsewhere(t *testing.T) {
	f := nginx(t, true)
	b := f.browser()
	b.leads(b.crosses("/"))
	for _, origin := range []string{"https://evil.example", "", "http://localhost", strings.ToUpper(f.url), f.url + "/", f.door} {
		b.gets(f.door+"/application/allow?"+url.Values{"origin": {origin}, "state": {"AAAA"}}.Encode(), http.StatusBadRequest)
		b.gets(f.door+"/application/allow?"+url.Values{"origin": {origin}}.Encode(), http.StatusBadRequest)
	}
	b.gets(f.door+"/application/begin", http.StatusNotFound) // not for an application
	for _, to := range []string{"//evil.example", "https://evil.example", "/\\evil.example", "/../x"} {
		begin := b.leads("/.gatehouse/begin?to=" + url.QueryEscape(to))
		if got := b.leads(b.leads(begin)); got != "/" {
			t.Errorf("%q leads to %q", to, got)
		}
	}
}

// The cookie of an application opens the check for its host and nothing of the house, however it gets
// there (ZTR-03), and not after the session has grown by another proof (BUG-20).
func TestCookieElsewhere(t *testing.T) {
	f := nginx(t, true)
	b := f.browser()
	b.leads(b.crosses("/"))
	jar, err := url.Parse(f.url)
	f.Must(err)
	var app string
	for _, c := range b.client.Jar.Cookies(jar) {
		if c.Name == "app" {
			app = "app=" + c.Value
		}
	}
	host := strings.TrimPrefix(f.url, "http://")
	thief := f.browser()
	for _, path := range []string{"/auth/me", "/auth/sessions", "/auth/check"} {
		thief.gets(f.door+path, http.StatusUnauthorized, "Cookie", app)
	}
	thief.gets(f.door+"/auth/me", http.StatusUnauthorized, "Cookie", app, "X-Forwarded-Host", host)
	thief.gets(f.door+"/account", http.StatusSeeOther, "Cookie", app, "X-Forwarded-Host", host)
	b.gets("/", http.StatusOK)

	list, err := f.Sessions.List(f.Context(), f.user.ID)
	f.Must(err)
	f.Wait(time.Minute)
	_, err = f.Sessions.Renew(f.Context(), list[0].ID, list[0].Generation, append(list[0].Proofs, identity.Proof{Method: "totp", At: f.Now()}))
	f.Must(err)
	b.gets("/", http.StatusSeeOther)
}
