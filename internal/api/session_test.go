package api_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/identity"
)

// Everybody sees their own devices and may sign each of them out; what is ended is over
// with the next request (SES-23, SES-24, CON-24). Somebody else's do not exist.
func TestDevices(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		f.person(bob)
		cookie := f.signedIn(alice, "cookie")
		f.wait(time.Minute)
		native, theirs := f.signedIn(alice, "native"), f.signedIn(bob, "cookie")
		a := cookie.call("GET", "/auth/sessions", nil).is(200, "").has("", "items", "nextCursor").
			has("items.0", "id", "createdAt", "lastSeen", "expiresAt", "device", "ip", "place", "mode", "current")
		if len(a.at("items").([]any)) != 2 || a.at("nextCursor") != nil {
			t.Fatalf("%s", a.text)
		}
		if a.at("items.0.mode") != "native" || a.at("items.0.current") != false || a.at("items.1.current") != true || a.str("items.1.device") == "" {
			t.Errorf("%s", a.text)
		}
		id := a.str("items.0.id")
		theirs.call("DELETE", "/auth/sessions/"+id, nil).is(404, "NOT_FOUND").sets()
		native.me().is(200, "")
		cookie.call("DELETE", "/auth/sessions/"+id, nil).is(204, "").sets()
		native.me().is(401, "TOKEN_REVOKED")
		native.renew().is(401, "TOKEN_REVOKED")
		cookie.call("DELETE", "/auth/sessions/"+id, nil).is(404, "NOT_FOUND")
		own := a.str("items.1.id")
		cookie.call("DELETE", "/auth/sessions/"+own, nil).is(204, "").sets(places[0].cleared()...)
		cookie.me().is(401, "NO_CREDENTIALS")
		theirs.me().is(200, "")
	})
}

// Signing out works by whatever is left, and it is no error to be signed out already
// (SES-26, SES-27, REF-14).
func TestLogout(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		p := places[0]
		d := f.signedIn(alice, "token")
		d.do("POST", "/auth/logout", nil).is(200, "").sets(p.cleared()...) // by the refresh cookie alone
		d.me().is(401, "TOKEN_REVOKED")

		native := f.signedIn(alice, "native")
		f.program().do("POST", "/auth/logout", message{"refreshToken": native.refresh}).is(200, "")
		native.me().is(401, "TOKEN_REVOKED")
		native.renew().is(401, "TOKEN_REVOKED")

		for _, bad := range []string{"x", native.refresh} {
			f.program().do("POST", "/auth/logout", message{"refreshToken": bad}).is(200, "").sets(p.cleared()...)
		}
		f.browser().do("POST", "/auth/logout", nil).is(200, "").sets(p.cleared()...)
	})
}

// Everything of a user ends at once, or everything but this (REF-13, JWT-25).
func TestLogoutAll(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		f.person(bob)
		for _, mode := range []string{"token", "cookie", "cookie-token", "native"} {
			d, other, token, theirs := f.signedIn(alice, mode), f.signedIn(alice, "cookie"), f.signedIn(alice, "native"), f.signedIn(bob, mode)
			d.call("POST", "/auth/logout-all", message{"except": "others"}).is(400, "VALIDATION_FAILED").names("except")
			d.call("POST", "/auth/logout-all", message{"except": "current"}).is(200, "").sets()
			other.me().is(401, "NO_CREDENTIALS")
			token.me().is(401, "TOKEN_REVOKED")
			token.renew().is(401, "TOKEN_REVOKED")
			d.stillIn(mode)
			d.call("POST", "/auth/logout-all", nil).is(200, "").sets(places[0].cleared()...)
			if a := d.me(); a.status != 401 {
				t.Errorf("%s: %s", mode, a.text)
			}
			theirs.me().is(200, "")
		}
	})
}

// stillIn is a device whose session was kept: an access token of before is out of date, and
// a silent refresh mends that.
func (d *device) stillIn(mode string) {
	d.Helper()
	if mode != "cookie" {
		d.me().is(401, "TOKEN_OUTDATED")
		d.renew().is(200, "")
	}
	d.me().is(200, "")
}

// New roles count from the next request on: in a session at once, in a token as soon as it
// was renewed (JWT-26, BUG-06).
func TestRolesChange(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.person(alice)
		cookie, token := f.signedIn(alice, "cookie"), f.signedIn(alice, "token")
		cookie.call("GET", "/admin/api/users", nil).is(403, "INSUFFICIENT_PERMISSIONS")
		f.must(f.gate.Accounts.SetRoles(f.Context(), user.ID, []string{"admin", "user"}))
		cookie.call("GET", "/admin/api/users", nil).is(200, "")
		if me := cookie.me(); me.at("permissions.0") != "gatehouse:admin" {
			t.Errorf("%s", me.text)
		}
		token.me().is(401, "TOKEN_OUTDATED")
		token.renew().is(200, "")
		token.call("GET", "/admin/api/users", nil).is(200, "")
	})
}

// A session of mode cookie gives its holder an access token; what cookie-token keeps from
// scripts is not handed to them here.
func TestTokenForCookie(t *testing.T) {
	f := one(t)
	user := f.person(alice)
	a := f.signedIn(alice, "cookie").call("POST", "/auth/token", nil).is(200, "").has("user", "id", "email", "name", "roles")
	c, err := f.gate.Tokens.Verify(a.str("accessToken"))
	f.must(err)
	if c.Subject != user.ID || c.GrantID != "" {
		t.Errorf("%+v", c)
	}
	f.signedIn(alice, "cookie-token").call("POST", "/auth/token", nil).is(401, "NO_CREDENTIALS")
	f.signedIn(alice, "token").call("POST", "/auth/token", nil).is(401, "NO_CREDENTIALS")
	f.browser().do("POST", "/auth/token", nil).is(401, "NO_CREDENTIALS")
}

// A page asks for permissions once: they come with every token, all of them, and none while the sign-in
// rests on less than the roles demand (WEB-15, BUG-41).
func TestPermissionsWithEveryGrant(t *testing.T) {
	f := one(t, withPosts, func(c *gatehouse.Config) { c.Proofs.Roles = map[string]string{"admin": "aal2"} })
	user := f.person(alice)
	tells := func(a answer, want string) {
		t.Helper()
		if got := fmt.Sprint(a.is(200, "").at("permissions")); got != want {
			t.Errorf("tells %s, not %s", got, want)
		}
	}
	const all = "[posts:edit:own posts:read]"
	for _, mode := range []string{"token", "cookie", "cookie-token", "native"} {
		tells(f.browser().login(alice, mode), all)
	}
	token, cookie := f.signedIn(alice, "token"), f.signedIn(alice, "cookie")
	tells(token.renew(), all)
	tells(token.call("POST", "/auth/step-up", message{"password": passphrase}), all)
	exchanged := cookie.call("POST", "/auth/token", nil).has("session", "id", "expiresAt")
	tells(exchanged, all)
	if narrow := cookie.call("POST", "/auth/token", message{"scope": "posts:read"}).is(200, ""); narrow.at("permissions") != nil {
		t.Errorf("a token for one purpose tells %v", narrow.at("permissions"))
	}
	f.must(f.gate.Accounts.SetRoles(f.Context(), user.ID, []string{"admin", "user"}))
	tells(cookie.call("POST", "/auth/step-up", message{"password": passphrase}), "[]")
}

// Everybody can read what happened to their own account, and nobody else's (SES-28).
func TestHistory(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(bob)
		user := f.person(alice)
		f.browser().fail(alice).is(401, "INVALID_CREDENTIALS")
		d := f.signedIn(alice, "token")
		a := d.call("GET", "/auth/events", nil).is(200, "").has("", "items", "nextCursor").has("items.0",
			"id", "seq", "type", "at", "actor", "subject", "org", "ip", "userAgent", "requestId", "data")
		types := map[any]int{}
		for _, item := range a.at("items").([]any) {
			e := item.(map[string]any)
			if types[e["type"]]++; e["subject"] != string(user.ID) {
				t.Errorf("%v", e)
			}
		}
		if types[identity.EventLoginSucceeded] != 1 || types[identity.EventLoginFailed] != 1 || types[identity.EventSessionCreated] != 1 {
			t.Errorf("%v", types)
		}
		one := d.call("GET", "/auth/events?type=login.failed", nil).is(200, "")
		if list := one.at("items").([]any); len(list) != 1 || one.at("items.0.data.method") != "password" {
			t.Errorf("%s", one.text)
		}
		for _, bad := range []string{"0", "201", "-1", "x", "1.5"} {
			d.call("GET", "/auth/events?limit="+bad, nil).is(400, "VALIDATION_FAILED").names("limit")
		}
	})
}
