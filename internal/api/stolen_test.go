package api_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
)

// Whoever stole an open session gets no new backup codes, not by the last step alone either:
// with one of them they would pass for somebody who has the second factor (ZTR-05, ZTR-10).
func TestStolenSession(t *testing.T) {
	for name, mode := range map[string]string{"cookie": "cookie", "token": "token"} {
		t.Run(name, func(t *testing.T) {
			each(t, func(f *fixture) {
				f.person(alice)
				d := f.signedIn(alice, mode)
				d.setUp()
				f.wait(5*time.Minute + time.Second)
				if mode == "token" {
					d.renew().is(200, "")
				}
				d.call("POST", "/auth/2fa/backup-codes", nil).is(401, "STALE_TOKEN")
				d.call("POST", "/auth/credentials/backup-code", nil).is(401, "STALE_TOKEN")
				d.call("POST", "/auth/credentials/backup-code/finish", nil).is(409, "CONFLICT")
			})
		})
	}
}

// A thief with an open session and the password, or with a whole browser whose device is
// remembered, has not proved the second factor: neither a new password nor a sign-in makes
// their session fresh (ZTR-05, ZTR-10; ASVS 7.5.1).
func TestStolenPassword(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		d := f.signedIn(alice, "cookie")
		gen, _ := d.setUp()
		d.call("POST", "/auth/2fa/backup-codes", nil).is(200, "") // it was not there when she signed in
		d.remember(d.do("POST", "/auth/login/totp", message{"login": d.halfway2(), "code": gen.code(), "rememberDevice": true}).is(200, ""))
		d.call("POST", "/auth/phone", message{}).is(400, "VALIDATION_FAILED")

		f.wait(5*time.Minute + time.Second)
		const chosen = "crimson ladder fourteen"
		d.remember(d.call("POST", "/auth/change-password", message{"currentPassword": passphrase, "newPassword": chosen}).is(200, ""))
		d.call("DELETE", "/auth/2fa", nil).is(401, "STALE_TOKEN")
		d.call("DELETE", "/auth/account", nil).is(401, "STALE_TOKEN")
		d.remember(d.call("POST", "/auth/change-password", message{"currentPassword": chosen, "newPassword": passphrase}).is(200, ""))

		d.remember(d.do("POST", "/auth/login/totp", message{"login": d.halfway2(), "code": gen.code(), "rememberDevice": true}).is(200, ""))
		f.wait(time.Second)
		d.login(alice, "cookie") // the device is remembered
		d.call("DELETE", "/auth/2fa", nil).is(401, "STALE_TOKEN")
		d.remember(d.call("POST", "/auth/step-up/totp", message{"code": gen.code()}).is(200, ""))
		d.call("DELETE", "/auth/2fa", nil).is(204, "")
	})
}

// Whoever has an account cannot have the house mail any number of strangers: changes of
// address count like every other mail that one network causes (RAT-14).
func TestMailingStrangers(t *testing.T) {
	f := one(t, func(c *gatehouse.Config) { c.Limits = nil })
	f.person(alice)
	d := f.signedIn(alice, "token")
	for i := range 20 {
		d.call("POST", "/auth/email", message{"email": "stranger" + strconv.Itoa(i) + "@example.com"}).is(200, "")
	}
	d.call("POST", "/auth/email", message{"email": "stranger@example.com"}).is(429, "RATE_LIMITED")
}

// The session that set a factor up need not prove it a moment later; another one of the same
// user, however fresh its password is, must (ZTR-10).
func TestOtherSessionOfEnroller(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		mine, other := f.signedIn(alice, "token"), f.signedIn(alice, "token")
		mine.setUp()
		for _, route := range []string{"DELETE /auth/2fa", "POST /auth/2fa/backup-codes", "POST /auth/passkeys/register", "DELETE /auth/account"} {
			method, path, _ := strings.Cut(route, " ")
			other.call(method, path, nil).is(401, "STALE_TOKEN")
		}
		mine.call("POST", "/auth/2fa/backup-codes", nil).is(200, "")
	})
}
