package api_test

import (
	"context"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// person is a Captcha that one answer solves.
type person string

func (p person) Verify(_ context.Context, response string) error {
	if response != string(p) {
		return identity.ErrCaptcha
	}
	return nil
}

const solved = person("seven times seven")

// guess fails to sign in, as somebody who solves what is asked of people.
func (d *device) guess(email string) answer {
	d.Helper()
	return d.try(message{"email": email, "password": "wrong hammer seventeen", "captcha": string(solved)})
}

// steps are how long to wait after each of the failures before the one that locks (RAT-09).
var steps = []time.Duration{0, 0, 0, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}

// waits fails unless every try of the next while is refused so, told to wait for what is left
// of it, and costs no hash; it moves the clock to its end.
func (d *device) waits(email string, status int, code string, left, step time.Duration) {
	d.Helper()
	before := d.gate.Flow.Passwords.Hasher.Hashes()
	for ; left > 0; left -= step {
		a := d.try(message{"email": email, "password": passphrase, "captcha": string(solved)}).is(status, code)
		if want := strconv.Itoa(int(math.Ceil(left.Seconds()))); a.header.Get("Retry-After") != want {
			d.Errorf("%s: with %v left it says %s, want %s", email, left, a.header.Get("Retry-After"), want)
		}
		d.wait(step)
	}
	if n := d.gate.Flow.Passwords.Hasher.Hashes() - before; n != 0 {
		d.Errorf("%s: what was refused was hashed %d times", email, n)
	}
}

// ascend fails nine times, waiting as long as it is told, and looks at every step.
func (d *device) ascend(email string) {
	d.Helper()
	for i, pause := range steps {
		if i >= 7 { // the eighth needs the answer to a CAPTCHA, and without costs nothing
			for _, wrong := range []string{"", "nonsense"} {
				d.try(message{"email": email, "password": passphrase, "captcha": wrong}).is(403, "CAPTCHA_REQUIRED")
			}
		}
		d.guess(email).is(401, "INVALID_CREDENTIALS")
		d.waits(email, 429, "RATE_LIMITED", pause, 500*time.Millisecond)
	}
}

// The ladder, step by step: three failures are free, each of the next makes everybody wait
// longer, from the seventh on a CAPTCHA is asked for, and the tenth locks for fifteen minutes
// from then, not from the first. It is the same for an address of nobody, on both engines
// (RAT-01, RAT-09, RAT-10, RAT-11, RAT-14, CON-08..10, BUG-22, BUG-23, BUG-24).
func TestLadder(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := open(t, db)
		f.gate.Flow.Captcha = solved
		f.person(alice)
		for _, email := range []string{alice, "unknown@example.com"} {
			d := f.program()
			d.ascend(email)
			f.wait(8 * time.Minute) // most of the window of the first failure
			d.guess(email).is(401, "INVALID_CREDENTIALS")
			d.waits(email, 429, "ACCOUNT_LOCKED", 15*time.Minute, time.Second)
			d.guess(email).is(401, "INVALID_CREDENTIALS")
		}
		f.signedIn(alice, "token")
	})
}

// Nine failures and a success begin the ladder anew (RAT-08).
func TestSuccessBeginsAnew(t *testing.T) {
	f := one(t)
	f.gate.Flow.Captcha = solved
	f.person(alice)
	for range 3 {
		d := f.program()
		d.ascend(alice)
		d.try(message{"email": alice, "password": passphrase, "captcha": string(solved)}).is(200, "")
		f.wait(time.Second)
	}
}

// The way up the ladder, the CAPTCHA and the lock cost the same and look the same in every
// state that an address can be in (ASVS 6.3.8; RAT-14).
func TestUniformLadder(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := &ledger{}
		f := open(t, db, l.kept)
		f.gate.Flow.Captcha = solved
		f.transport = serve(t, l.watch(f.gate.Handler()), false)
		f.strangers()
		for _, captcha := range []string{string(solved), ""} {
			p := probe{pattern: "POST /auth/login", body: message{"password": "wrong hammer seventeen", "captcha": captcha}}
			f.climbed(l, p)
			f.wait(time.Hour)
		}
	})
}

func (f *fixture) climbed(l *ledger, p probe) {
	f.Helper()
	var want, wantItems []string
	for _, email := range states {
		f.wait(time.Hour)      // two of them are one account
		for step := range 22 { // each twice: when it is due, and at once again
			got, items := f.costs(l, p, email)
			if len(want) == step {
				want, wantItems = append(want, got), append(wantItems, items)
			} else if got != want[step] {
				f.Errorf("step %d: %s shows\n%s\n%s\nbut an unknown address\n%s\n%s", step+1, email, beside(got, want[step]), items, beside(want[step], got), wantItems[step])
				return
			}
			f.wait(time.Duration(step%2) * 20 * time.Second)
		}
	}
}
