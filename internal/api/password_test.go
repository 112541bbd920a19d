package api_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/throttle"
)

func (d *device) change(current, chosen string) answer {
	d.Helper()
	return d.call("POST", "/auth/change-password", message{"currentPassword": current, "newPassword": chosen})
}

// A new password ends every other sign-in and keeps this one under a new secret; the owner
// is told (SES-29, BUG-30, the contract "Password change").
func TestChangePassword(t *testing.T) {
	each(t, func(f *fixture) {
		old, chosen := passphrase, another
		user := f.person(alice)
		for i, m := range modes {
			d := f.browser()
			if m.mode == "native" {
				d = f.program()
			}
			in := func(d *device, mode string) {
				t.Helper()
				d.remember(d.try(message{"email": alice, "password": old, "mode": mode}).is(200, ""))
			}
			elsewhere, program := f.browser(), f.program()
			in(d, m.mode)
			in(elsewhere, "cookie")
			in(program, "native")
			session := d.me().str("session.id")
			before := d.stolen()

			a := d.remember(d.change(old, chosen).is(200, ""))
			if a.str("session.id") != session || a.str("user.id") != string(user.ID) {
				t.Errorf("%s: %s", m.mode, a.text)
			}
			elsewhere.me().is(401, "NO_CREDENTIALS")
			program.me().is(401, "TOKEN_REVOKED")
			program.renew().is(401, "TOKEN_REVOKED")
			if m.mode == "cookie" {
				before.me().is(401, "NO_CREDENTIALS")
			} else {
				before.me().is(401, "TOKEN_OUTDATED")
				d.renew().is(200, "")
			}
			if me := d.me().is(200, ""); me.str("session.id") != session {
				t.Errorf("%s: %s", m.mode, me.text)
			}
			f.browser().try(message{"email": alice, "password": old}).is(401, "INVALID_CREDENTIALS")
			f.mails(alice, i+1)
			old, chosen = chosen, old
		}
		if n := f.events(user.ID)[identity.EventPasswordChanged]; n != len(modes) {
			t.Errorf("%d events", n)
		}
	}, calm)
}

// The password is hashed when it is changed and at no other change (PWD-11).
func TestHashedOnce(t *testing.T) {
	f := one(t)
	f.person(admin, "admin")
	path := "/admin/api/users/" + string(f.person(alice).ID)
	boss := f.signedIn(admin, "token")
	before := f.gate.Flow.Passwords.Hasher.Hashes()
	boss.call("PATCH", path, message{"name": "Alice"}).is(200, "")
	boss.call("PUT", path+"/roles", message{"roles": []string{"user", "moderator"}}).is(200, "")
	boss.call("PATCH", path, message{"disabled": true}).is(200, "")
	boss.call("PATCH", path, message{"disabled": false}).is(200, "")
	if n := f.gate.Flow.Passwords.Hasher.Hashes() - before; n != 0 {
		t.Errorf("%d hashes", n)
	}
	f.signedIn(alice, "token")
}

// What is refused changes nothing.
func TestRefusedChange(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		d, elsewhere := f.signedIn(alice, "cookie"), f.signedIn(alice, "token")
		d.change(another, another).is(401, "INVALID_CREDENTIALS")
		d.change("", another).is(400, "VALIDATION_FAILED").names("currentPassword")
		d.change(passphrase, "").is(400, "VALIDATION_FAILED").names("newPassword")
		d.change(passphrase, "too short").is(400, "WEAK_PASSWORD").names("newPassword")
		d.change(passphrase, "alice example com").is(400, "WEAK_PASSWORD").names("newPassword")
		d.do("POST", "/auth/change-password", message{"currentPassword": passphrase, "newPassword": another}).is(403, "INVALID_CSRF")
		f.program().change(passphrase, another).is(401, "NO_CREDENTIALS")
		elsewhere.me().is(200, "")
		d.me().is(200, "")
		f.signedIn(alice, "token")
	})
}

// Who holds a session but not the password cannot guess it here either.
func TestChangeIsThrottled(t *testing.T) {
	f := one(t)
	f.person(alice)
	d := f.signedIn(alice, "token")
	for i := range 10 {
		d.change(another, another).is(401, "INVALID_CREDENTIALS")
		f.wait(throttle.Pause(i + 1))
	}
	d.change(passphrase, another).is(429, "ACCOUNT_LOCKED")
	d.me().is(200, "")
}

// The new secret stays in the browser for as long as the old one would have (SES-08).
func TestChangeKeepsLifetime(t *testing.T) {
	f, p := one(t), places[0]
	f.person(alice)
	old, chosen := passphrase, another
	for remember, age := range map[any]int{nil: 86400 - 3600, false: 0, true: 30*86400 - 3600} {
		body := message{"email": alice, "password": old, "mode": "cookie"}
		if remember != nil {
			body["rememberMe"] = remember
		}
		d := f.browser()
		d.try(body).is(200, "")
		for range 3 {
			f.wait(20 * time.Minute)
			d.me().is(200, "")
		}
		d.change(old, chosen).is(200, "").sets(p.set(map[string]int{"session": age})...)
		old, chosen = chosen, old
	}
}
