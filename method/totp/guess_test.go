package totp_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// Five tries a sign-in; and after a hundred failures in a row, however slowly they come, the
// application opens nothing until it is set up anew (BUG-27, NIST SP 800-63B-4 section
// 3.2.2).
func TestGuessing(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.Person(house.Alice)
		a := f.held(user.ID)
		guess := func(n int) (login string) {
			f.Wait(15 * time.Minute) // what was counted against the account is forgiven
			login = f.half()
			for range n {
				_, err := f.prove(login, "000000")
				f.Refuses("a guess", err, identity.ErrCode)
				f.Wait(time.Second) // the pause after the fourth
			}
			return login
		}
		_, err := f.prove(guess(5), a.code(0))
		f.Refuses("the sixth try", err, identity.ErrLinkExpired)

		// Ninety-nine in a row are not enough, and a success forgives them.
		for range 18 {
			guess(5)
		}
		_, err = f.prove(guess(4), a.code(0))
		f.Refuses("after 99 failures", err, nil)

		for range 20 {
			guess(5)
		}
		_, err = f.prove(guess(0), a.code(0))
		f.Refuses("after 100 failures", err, identity.ErrCode)
		f.Wait(365 * 24 * time.Hour)
		_, err = f.prove(f.half(), a.code(0))
		f.Refuses("a year later", err, identity.ErrCode)

		fresh, _ := f.begin(user)
		f.Must(f.confirm(user, fresh.code(0)))
		_, err = f.prove(f.half(), fresh.code(1))
		f.Refuses("set up anew", err, nil)
	})
}
