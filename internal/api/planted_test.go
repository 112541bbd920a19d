package api_test

import (
	"net/http"
	"testing"
)

// A sibling host can plant an accessToken cookie, but none with the prefix __Host-: the
// session's cookie is the one that counts.
func TestPlantedToken(t *testing.T) {
	f := one(t)
	f.person(alice)
	f.person(bob)
	thief := f.signedIn(bob, "native")
	victim := f.signedIn(alice, "cookie")
	for name, token := range map[string]string{"another's": thief.access, "none at all": "junk"} {
		r := victim.request(http.MethodGet, "/auth/me", nil)
		r.AddCookie(&http.Cookie{Name: "accessToken", Value: token})
		if a := victim.labelled(name).send(r).is(200, ""); a.at("user.email") != alice {
			t.Errorf("%s: signed in as %v", name, a.at("user.email"))
		}
	}
}

// Sign-out ends the session of the browser even where a token that has run out is sent
// beside its cookie: the browser is told to forget it, so it must be over (SES-26).
func TestLogoutBesideToken(t *testing.T) {
	f := one(t)
	f.person(alice)
	d := f.signedIn(alice, "cookie")
	kept := *d
	kept.jar = d.jar
	cookies := d.jar.Cookies(d.public)
	r := d.request(http.MethodPost, "/auth/logout", nil)
	r.Header.Set("Authorization", "Bearer junk")
	d.send(r).is(200, "")
	again := kept.request(http.MethodGet, "/auth/me", nil)
	for _, c := range cookies {
		again.AddCookie(c)
	}
	kept.send(again).is(401, "NO_CREDENTIALS")
}

// The public URL is an address too, and what is not clean is nobody's.
func TestAddresses(t *testing.T) {
	for _, public := range []string{"http://localhost:8080", "https://id.example.com/id"} {
		d := one(t, at(public)).browser()
		for path, status := range map[string]int{"": 303, "/": 303, "//auth/me": 404, "/auth//me": 404, "/auth/./me": 404, "/auth/me/": 404} {
			r := d.request(http.MethodGet, path, nil)
			a := d.send(r)
			if a.status != status {
				t.Errorf("%s%s: %d %s, want %d", public, path, a.status, a.header.Get("Location"), status)
			}
			if want := d.public.Path + "/login"; status == 303 && a.header.Get("Location") != want {
				t.Errorf("%s%s leads to %s", public, path, a.header.Get("Location"))
			}
		}
	}
}
