package api_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// Every method has a lock of its own. Whoever goes through all of them, again and again, sends their
// victim a few mails an hour and no more, and the last link still opens everything.
func TestLocksFillNoMailbox(t *testing.T) {
	const mailed = 8 // of twelve, within an hour: five at once, and one every twelve minutes
	f := one(t, behindProxy, withoutCaptcha, func(c *gatehouse.Config) { c.Risk.Off = true })
	f.person(alice)
	d := f.program()
	for range 3 {
		for _, m := range []string{"passkey", "totp", "email-code", "password"} {
			for i := range 10 {
				d.do("POST", "/auth/login/"+m+"/finish", message{"email": alice, "code": "000000"}).is(401, "INVALID_CREDENTIALS")
				f.wait(throttle.Pause(i + 1))
			}
		}
		f.wait(14 * time.Minute)
	}
	last := f.mails(alice, mailed)
	d.try(message{"email": alice, "password": passphrase}).is(429, "ACCOUNT_LOCKED")
	d.do("POST", "/auth/unlock", message{"token": f.token(last)}).is(200, "")
	d.login(alice, "token")
}
