package sms_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/methodtest"
	"github.com/gatehouse-id/gatehouse/method/sms"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// TestMethod: a code by text is as every method must be (MFA-12, BUG-21, BUG-50). That a
// right answer is not taken twice is the Flow's doing: see TestOnce.
func TestMethod(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), &sms.Method{})
	user := f.enrolled(house.Alice, number)
	bob := f.enrolled("bob@example.com", "+4915123456743")
	begun := func(u *identity.User) *authn.Login {
		l := &authn.Login{Data: map[identity.MethodID]json.RawMessage{}, Proofs: []identity.Proof{{Method: authn.Password}}}
		l.About(u)
		_, err := f.sms.Begin(t.Context(), l, authn.Input{})
		f.Must(err)
		l.Proofs = nil
		return l
	}
	l := begun(user)
	code := f.text()
	_, err := f.sms.Finish(t.Context(), &authn.Login{UserID: user.ID, Data: maps.Clone(l.Data)}, authn.Input{Code: code})
	f.Refuses("before any other proof", err, identity.ErrRejected)
	begun(bob)
	methodtest.Run(t, methodtest.Case{
		Method: f.sms, User: user.ID, Good: authn.Input{Code: code[:3] + " " + code[3:]},
		Login: func() *authn.Login {
			return &authn.Login{UserID: l.UserID, Session: "ses_1", Data: maps.Clone(l.Data)}
		},
		Bad: map[string]authn.Input{
			"wrong": {Code: "x" + code[1:]}, "cut short": {Code: code[:5]}, "too long": {Code: code + "0"},
			"of another": {Code: f.text()}, "as a password": {Password: code}, "the number": {Phone: number},
		},
	})
}

// A number is set up by the code that it is sent, is kept sealed, and its owner sees how it
// ends (MFA-05, MFA-12, ASVS 6.6.1).
func TestEnroll(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.Person(house.Alice)
		f.Refuses("no number", f.enroll(user, "0151 23456742"), identity.ErrInvalid)
		f.Must(f.enroll(user, "+49 151 23456742"))
		m := f.Texts()[0]
		if want := m.Code + " is your code for Example. We never ask for it on the phone.\n\n@id.example.com #" + m.Code; m.To != number || m.Text != want {
			f.Errorf("%q to %s", m.Text, m.To)
		}
		f.Refuses("wrong", f.confirm(user, "x"), identity.ErrCode)
		f.Must(f.confirm(user, m.Code))
		f.Refuses("again", f.confirm(user, m.Code), authn.ErrNothingPending)
		list, err := f.Accounts.Credentials(f.Context(), user.ID, sms.ID)
		f.Must(err)
		if len(list) != 1 || list[0].Label != "•••• 42" || bytes.Contains(list[0].Data, []byte("3456742")) || f.Describe(list[0])["number"] != "•••• 42" {
			f.Errorf("%+v, %v", list, f.Describe(list[0]))
		}

		f.Must(f.enroll(user, "+49 151 23456743")) // another one takes its place
		f.Must(f.confirm(user, f.text()))
		list, err = f.Accounts.Credentials(f.Context(), user.ID, sms.ID)
		f.Must(err)
		if len(list) != 1 || list[0].Label != "•••• 43" {
			f.Errorf("%+v", list)
		}
		f.Must(f.enroll(user, number))
		f.Wait(5*time.Minute + time.Second)
		f.Refuses("too late", f.confirm(user, f.text()), identity.ErrCode)
	})
}

// Nothing that is kept while a code is on its way tells the number or the code (MFA-05).
func TestSealed(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.enrolled(house.Alice, number)
		_, err := f.begin(f.half(house.Alice))
		f.Must(err)
		codes := []string{f.text()}
		f.Must(f.enroll(user, number))
		codes = append(codes, f.text(), "3456742")
		rows, err := sqldb.All(f.Context(), f.DB, func(row func(...any) error) (data []byte, err error) {
			err = row(&data)
			return
		}, `SELECT data FROM challenges`)
		f.Must(err)
		if len(rows) < 2 {
			f.Fatalf("%d rows", len(rows))
		}
		for _, row := range rows {
			for _, clear := range codes {
				if bytes.Contains(row, []byte(clear)) {
					f.Errorf("%q is in %s", clear, row)
				}
			}
		}
	})
}

// One code signs in once, in the sign-in that it was sent for, the newest only, for five
// tries; one for setting up a number does not, nor one to a number that was
// changed (ASVS 6.5.1, 6.5.5, 6.6.2, 6.6.3).
func TestOnce(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.enrolled(house.Alice, number)
		login := f.half(house.Alice)
		f.Refuses("nothing sent", f.code(login, f.text()), identity.ErrCode)
		prompt, err := f.begin(login)
		f.Must(err)
		if prompt.To != "•••• 42" || prompt.Resend != 30 || f.Texts()[1].To != number {
			f.Errorf("%+v, texted %s", prompt, f.Texts()[1].To)
		}
		f.Must(f.code(login, f.text()))
		f.Refuses("again", f.code(login, f.text()), identity.ErrLinkExpired)

		f.Wait(time.Hour)
		login, other := f.half(house.Alice), f.half(house.Alice)
		_, err = f.begin(login)
		f.Must(err)
		signIn := f.text()
		_, err = f.begin(other)
		f.Must(err)
		if signIn != f.text() {
			f.Refuses("in another sign-in", f.code(login, f.text()), identity.ErrCode)
		}
		_, err = f.begin(login)
		f.Refuses("resent too soon", err, identity.ErrRateLimited)
		f.Must(f.enroll(user, "+4915123456743"))
		setUp := f.text()
		if setUp != signIn {
			f.Refuses("of a set-up", f.code(login, setUp), identity.ErrCode)
			f.Refuses("for a set-up", f.confirm(user, signIn), identity.ErrCode)
		}
		f.Must(f.confirm(user, setUp))
		f.Refuses("to the number before", f.code(login, signIn), identity.ErrCode)

		f.Wait(time.Hour)
		login = f.half(house.Alice)
		_, err = f.begin(login)
		f.Must(err)
		for range 5 {
			f.Refuses("wrong", f.code(login, "x"), identity.ErrCode)
			f.Wait(time.Second) // the pause after the fourth
		}
		f.Refuses("after five", f.code(login, f.text()), identity.ErrLinkExpired)
	})
}

// It steps a session up, and only its own user's number does (ASVS 7.5.1).
func TestStepUp(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.enrolled(house.Alice, number)
		login := f.half(house.Alice)
		_, err := f.begin(login)
		f.Must(err)
		out, err := f.Finish(f.Context(), answer(login, authn.Input{Code: f.text()}))
		f.Must(err)
		a := answer("", authn.Input{})
		a.StepUp = &identity.Principal{UserID: user.ID, SessionID: out.SignedIn.Session.ID}
		f.Wait(time.Minute)
		out, _, err = f.Begin(f.Context(), a)
		f.Must(err)
		a.Login, a.Input.Code = out.Login, f.text()
		out, err = f.Finish(f.Context(), a)
		if f.Must(err); out.SignedIn == nil || !out.SignedIn.Session.MultiFactor() {
			f.Errorf("%+v", out)
		}
		f.Must(f.RemoveMethod(f.Context(), user.ID, sms.ID))
		f.Wait(time.Minute)
		a.Login = ""
		_, _, err = f.Begin(f.Context(), a)
		f.Refuses("without a number", err, identity.ErrNotFound)
	})
}

// Unless it is said so a text opens nothing: a phone must not open what a password guards
// (MFA-13).
func TestNotFirst(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.enrolled(house.Alice, number)
		sent := len(f.Texts())
		for _, email := range []string{house.Alice, "nobody@example.com"} {
			_, _, err := f.Begin(f.Context(), answer("", authn.Input{Email: email}))
			f.Refuses(email, err, identity.ErrRejected)
			_, err = f.Finish(f.Context(), answer("", authn.Input{Email: email, Code: f.text()}))
			f.Refuses(email+" at once", err, identity.ErrRejected)
		}
		// Nor in a sign-in about somebody who has proved nothing yet.
		out, _, err := f.Begin(f.Context(), authn.Answer{Method: authn.EmailCode, Input: authn.Input{Email: house.Alice}})
		f.Must(err)
		_, err = f.begin(out.Login)
		f.Refuses("behind a mail", err, identity.ErrRejected)
		if opens, err := f.sms.Opens(f.Context(), user); opens || err != nil || len(f.Texts()) != sent {
			f.Errorf("opens %v, %v, %d texts", opens, err, len(f.Texts())-sent)
		}
		f.sms.Alone = true
		if opens, err := f.sms.Opens(f.Context(), user); !opens || err != nil {
			f.Errorf("alone: %v, %v", opens, err)
		}
	})
}

// Of many who send one code at once one is signed in, and of many who set a number up by one
// code one number comes of it (BUG-28).
func TestRace(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.enrolled(house.Alice, number)
		race := func(what string, over error, try func() error) {
			var passed atomic.Int32
			sqldbtest.Race(50, func(int) {
				if err := try(); err == nil {
					passed.Add(1)
				} else if !errors.Is(err, over) {
					f.Error(err)
				}
			})
			if passed.Load() != 1 {
				f.Fatalf("%s: %d passed", what, passed.Load())
			}
		}
		for range sqldbtest.Rounds(f.TB) {
			login := f.half(house.Alice)
			_, err := f.begin(login)
			f.Must(err)
			code := f.text()
			race("sign-in", identity.ErrLinkExpired, func() error { return f.code(login, code) })
		}
		f.Must(f.enroll(user, "+4915123456743"))
		code := f.text()
		race("set-up", authn.ErrNothingPending, func() error { return f.confirm(user, code) })
	}, func(c *gatehouse.Config) { c.NoLimits, c.Ephemeral = true, nil })
}
