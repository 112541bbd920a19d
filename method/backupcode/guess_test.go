package backupcode_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// Five tries a sign-in; and after a hundred failures in a row, however slowly they come, no
// code of the set opens anything (BUG-27, NIST SP 800-63B-4 section 3.2.2).
func TestGuessing(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.Person(house.Alice)
		codes := f.codes(user)
		guess := func() (login string) {
			f.Wait(15 * time.Minute) // what was counted against the account is forgiven
			login = f.half()
			for range 5 {
				_, err := f.prove(login, "0000-0000-0000-0000")
				f.Refuses("a guess", err, identity.ErrCode)
				f.Wait(time.Second) // the pause after the fourth
			}
			return login
		}
		_, err := f.prove(guess(), codes[1])
		f.Refuses("the sixth try", err, identity.ErrLinkExpired)
		for range 19 {
			guess()
		}
		f.Wait(365 * 24 * time.Hour)
		_, err = f.prove(f.half(), codes[1])
		f.Refuses("after 100 failures", err, identity.ErrCode)
		_, err = f.prove(f.half(), f.codes(user)[1])
		f.Refuses("a new set", err, nil)
	})
}
