package proxy_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/apikey"
)

func each(t *testing.T, fn func(*front)) {
	t.Helper()
	t.Run("nginx", func(t *testing.T) { fn(nginx(t, false)) })
	t.Run("caddy", func(t *testing.T) { fn(caddy(t, false)) })
}

// From a page to the sign-in and back to the page, until the role is taken away, and until the
// session is: with the next request (AUZ-10, SES-17).
func TestJourney(t *testing.T) {
	each(t, func(f *front) {
		b := f.browser()
		b.signIn("/docs/?a=1&b=2")
		if a := b.gets("/docs/?a=1&b=2", http.StatusOK); a.text != page {
			f.Errorf("the page is %q", a.text)
		}
		b.gets("/", http.StatusOK)
		f.Must(f.SetRoles(f.Context(), f.user.ID, []string{"user"}))
		b.gets("/docs/", http.StatusForbidden)
		b.gets("/", http.StatusForbidden)
		f.Must(f.SetRoles(f.Context(), f.user.ID, []string{"user", "staff"}))
		b.gets("/docs/", http.StatusOK)
		f.reached()
		f.Must(f.Gate.SignOut(f.Context(), f.user.ID))
		b.gets("/docs/", http.StatusSeeOther)
		b.gets("/", http.StatusSeeOther)
		if n := len(f.reached()); n > 0 {
			f.Errorf("%d requests reached the application", n)
		}
	})
}

// Programs are told 401, and come in by a key.
func TestProgram(t *testing.T) {
	each(t, func(f *front) {
		b := f.browser()
		for _, header := range [][]string{{"Accept", "application/json"}, {"X-Api-Key", "wrong"}, {"Authorization", "Bearer x"}} {
			if a := b.gets("/", http.StatusUnauthorized, header...); !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer ") {
				t.Errorf("%q: %v", header, a.Header)
			}
		}
		if a := b.ask("POST", "/", "x=1"); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("POST: %s", a.Status)
		}
		if n := len(f.reached()); n > 0 {
			t.Errorf("%d requests reached the application", n)
		}
		_, key, err := f.Gate.APIKeys.Create(f.Context(), f.user.ID, apikey.New{Name: "program", Scopes: []string{"docs:read"}})
		f.Must(err)
		b.gets("/", http.StatusOK, "X-Api-Key", key)
		for _, r := range f.reached() {
			if r.Header.Get("X-Auth-User") != string(f.user.ID) || r.Header.Get("X-Auth-Scopes") != "docs:read" {
				t.Errorf("the application sees %v", r.Header)
			}
		}
	})
}

// What a client says of itself does not reach the application; what the house says of it does. Nor
// does the application learn the secret of the session.
func TestForgedFields(t *testing.T) {
	each(t, func(f *front) {
		b := f.browser()
		b.signIn("/")
		f.reached()
		b.gets("/", http.StatusOK, "X-Auth-User", "usr_root", "X-Auth-Client", "root", "X-Auth-Roles", "admin", "X-Auth-Org", "org_1",
			"X-Auth-Org-Roles", "owner", "X-Auth-Scopes", "", "X_Auth_User", "usr_root", "x-auth-user", "usr_root",
			"Cookie", "theme=dark")
		r := f.reached()[0]
		for name, want := range map[string]string{
			"X-Auth-User": string(f.user.ID), "X-Auth-Client": "", "X-Auth-Roles": "staff,user", "X-Auth-Org": "", "X-Auth-Org-Roles": "",
			"X-Auth-Scopes": "*", "X_Auth_User": "",
		} {
			if got := strings.Join(r.Header[http.CanonicalHeaderKey(name)], "|"); got != want {
				f.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if c := r.Header.Get("Cookie"); strings.Contains(c, "session=") || !strings.Contains(c, "theme=dark") {
			f.Errorf("the application is sent the cookies %q", c)
		}
	})
}

// A page of another site cannot change anything in the application by its reader's cookies, and
// nobody can say of a POST that it is a GET (CSR-02, BUG-45).
func TestForgedPost(t *testing.T) {
	each(t, func(f *front) {
		b := f.browser()
		b.signIn("/")
		f.reached()
		for _, header := range [][]string{
			{"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-site"},
			{"Sec-Fetch-Site", "", "Origin", "https://evil.example"},
			{"Sec-Fetch-Site", "cross-site", "X-Original-Method", "GET", "X-Forwarded-Method", "GET"},
		} {
			if a := b.ask("POST", "/", "x=1", header...); a.StatusCode != http.StatusForbidden {
				t.Errorf("POST %q: %s", header, a.Status)
			}
		}
		if n := len(f.reached()); n > 0 {
			t.Errorf("%d requests reached the application", n)
		}
		if a := b.ask("POST", "/", "x=1"); a.StatusCode != http.StatusOK || len(f.reached()) != 1 {
			t.Errorf("POST: %s", a.Status)
		}
		b.gets("/", http.StatusOK, "Sec-Fetch-Site", "cross-site")
	})
}

// Where a request was to go is the proxy's to say: whoever writes it into the request itself is led
// to where they went.
func TestForgedWay(t *testing.T) {
	each(t, func(f *front) {
		a := f.browser().gets("/", http.StatusSeeOther, "X-Original-Uri", "/evil", "X-Forwarded-Uri", "/evil", "X-Forwarded-Host", "evil.example")
		if got, want := a.Header.Get("Location"), f.url+"/id/login?returnTo=%2F"; got != want {
			t.Errorf("to %q, want %q", got, want)
		}
	})
}
