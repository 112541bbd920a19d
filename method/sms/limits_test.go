package sms_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/sms"
	"github.com/gatehouse-id/gatehouse/test/house"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// wide lifts the limit on what a network sends in an hour.
func wide(c *gatehouse.Config) {
	c.Limits = throttle.Limits{throttle.MailAddress: {N: 1000, Per: time.Hour}}
}

// A number gets five texts an hour and ten a day. Whoever sets it up is told; in a sign-in
// nobody is (RAT-14).
func TestNumberLimits(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), &sms.Method{}, wide)
	user := f.enrolled(house.Alice, number)
	for range 4 {
		f.Must(f.enroll(user, number))
	}
	f.Refuses("the sixth in an hour", f.enroll(user, number), identity.ErrRateLimited)
	prompt, err := f.begin(f.half(house.Alice))
	f.Must(err)
	if prompt.To == "" || len(f.Texts()) != 5 {
		t.Errorf("%+v, %d texts", prompt, len(f.Texts()))
	}
	f.Wait(time.Hour)
	for range 4 { // the refused ones counted for the hour, not for the day
		f.Must(f.enroll(user, number))
	}
	f.Wait(time.Hour)
	f.Must(f.enroll(user, number))
	f.Refuses("the eleventh in a day", f.enroll(user, number), identity.ErrRateLimited)
	f.Wait(24 * time.Hour)
	f.Must(f.enroll(user, number))
}

// One network causes twenty texts a day, to whatever numbers, and the house sends no more than
// it may: nobody earns by having texts sent (toll fraud).
func TestTollFraud(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), &sms.Method{Daily: 22}, wide)
	user := f.Person(house.Alice)
	from := func(ip string, n int) error {
		_, err := f.BeginEnroll(identity.WithOrigin(t.Context(), &identity.Origin{IP: ip}), authn.EnrollStep{
			Method: sms.ID, Caller: &identity.Principal{UserID: user.ID}, Input: authn.Input{Phone: fmt.Sprintf("+491512345%04d", n)},
		})
		return err
	}
	for n := range 20 {
		f.Must(from("192.0.2.1", n))
	}
	f.Refuses("the twenty-first of a network", from("192.0.2.1", 20), identity.ErrRateLimited)
	f.Must(from("192.0.2.2", 21))
	f.Must(from("192.0.2.3", 22))
	f.Refuses("more than the house sends", from("192.0.2.4", 23), identity.ErrRateLimited)
	f.Wait(24 * time.Hour)
	f.Must(from("192.0.2.1", 0))
}

// The house's limit is told to whoever has proved a first factor, who waits for a text.
func TestDaily(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), &sms.Method{Daily: 1})
	f.enrolled(house.Alice, number)
	_, err := f.begin(f.half(house.Alice))
	f.Refuses("second", err, identity.ErrRateLimited)
}

// Where a text may come first, known addresses with and without a number, unknown and disabled
// ones get the same answers, and count the same; only the number gets texts, no more than it
// may nor than the house sends (BUG-21, RAT-14).
func TestKnownAndUnknown(t *testing.T) {
	for daily, want := range map[int]int{0: 4, 3: 2} { // one text of each was for the set-up
		var f *fixture
		traces := map[string]string{}
		for _, email := range []string{house.Alice, "none@example.com", "nobody@example.com", "disabled@example.com"} {
			f = open(t, sqldbtest.SQLite(t), &sms.Method{Alone: true, Daily: daily})
			f.enrolled(house.Alice, number)
			f.Person("none@example.com")
			f.Must(f.Disable(t.Context(), f.Person("disabled@example.com").ID, true))
			traces[email] = f.Trace(sms.ID, email)
			if sent := len(f.Texts()) - 1; email == house.Alice && sent != want || email != house.Alice && sent != 0 {
				t.Errorf("%s: %d texts", email, sent)
			}
		}
		f.Alike(traces)
	}
}

// Alone it signs in, once for each code and within five minutes (ASVS 6.5.5).
func TestAlone(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), &sms.Method{Alone: true})
	f.enrolled(house.Alice, number)
	out, prompt, err := f.Begin(t.Context(), answer("", authn.Input{Email: house.Alice}))
	f.Must(err)
	if prompt.To != "" {
		t.Errorf("it tells %q of the number", prompt.To)
	}
	f.Must(f.code(out.Login, f.text()))
	f.Refuses("again", f.code(out.Login, f.text()), identity.ErrLinkExpired)
	out, _, err = f.Begin(t.Context(), answer("", authn.Input{Email: house.Alice}))
	f.Must(err)
	f.Wait(5*time.Minute + time.Second)
	f.Refuses("too late", f.code(out.Login, f.text()), identity.ErrRejected)
}
