package emailcode_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/emailcode"
	"github.com/gatehouse-id/gatehouse/method/methodtest"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// TestMethod: a code by mail is as every method must be (BUG-21, BUG-50). That a right answer
// is not taken twice is the Flow's doing: see TestOnce.
func TestMethod(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	user := f.Person(house.Alice).ID
	f.Person("bob@example.com")
	login := f.Begun(emailcode.ID, house.Alice)
	code := f.mail()
	m, err := f.Method(emailcode.ID)
	f.Must(err)
	f.Begun(emailcode.ID, "bob@example.com")
	methodtest.Run(t, methodtest.Case{
		Method: m, Login: login, User: user, Good: authn.Input{Code: code[:3] + "-" + code[3:]},
		Bad: map[string]authn.Input{
			"wrong": {Code: "x" + code[1:]}, "cut short": {Code: code[:5]}, "too long": {Code: code + "0"},
			"of another": {Code: f.mail()}, "as a password": {Password: code},
		},
	})
}

// One code signs in once, in the sign-in that it was sent for, the newest only, for ten
// minutes and five tries (ASVS 6.5.1, 6.5.5, 6.6.2, 6.6.3).
func TestOnce(t *testing.T) {
	each(t, func(f *fixture) {
		f.Person(house.Alice)
		login := f.ask(house.Alice, "browser")
		code := f.mail()
		f.Refuses("elsewhere", f.code(login, code), identity.ErrLinkExpired)
		out, err := f.Finish(f.Context(), answer(login, "browser", authn.Input{Code: code}))
		f.Must(house.SignedIn(out, err))
		_, err = f.Finish(f.Context(), answer(login, "browser", authn.Input{Code: code}))
		f.Refuses("again", err, identity.ErrLinkExpired)

		login = f.ask(house.Alice, "")
		older := f.mail()
		other := f.ask(house.Alice, "")
		f.Refuses("in another sign-in", f.code(other, older), identity.ErrRejected)
		f.Wait(time.Minute)
		_, _, err = f.Begin(f.Context(), answer(login, "", authn.Input{}))
		f.Must(err)
		if older != f.mail() {
			f.Refuses("older", f.code(login, older), identity.ErrRejected)
		}
		f.Must(f.code(login, f.mail()))

		for range 4 {
			f.Refuses("wrong", f.code(other, "x"), identity.ErrRejected)
		}
		f.Refuses("after five", f.code(other, f.mail()), identity.ErrLinkExpired)
		f.Wait(time.Hour)
		login = f.ask(house.Alice, "")
		f.Wait(10*time.Minute + time.Second)
		f.Refuses("too late", f.code(login, f.mail()), identity.ErrLinkExpired)
	})
}

// Where addresses are not proved a code alone signs nobody in: whoever made the account of
// somebody else's address knows its password (BUG-17).
func TestUnproved(t *testing.T) {
	each(t, func(f *fixture) {
		f.Unverified = true
		f.Unproved(house.Alice)
		_, _, err := f.Begin(f.Context(), answer("", "", authn.Input{Email: house.Alice}))
		f.Must(err)
		if len(f.Mails()) != 0 {
			f.Fatal("a code to an address that nobody has proved")
		}
	})
}

// After a password it proves the address that nobody has proved, whatever address is sent
// along, and even where mail is no factor. For everything else it is then off (ASVS 6.3.6).
func TestProvesAddress(t *testing.T) {
	each(t, func(f *fixture) {
		f.Policy.NoMail = true
		id := f.Unproved(house.Alice).ID
		out := f.Password(house.Alice)
		if !slices.Equal(out.Next, []identity.MethodID{emailcode.ID}) {
			f.Fatalf("next %v", out.Next)
		}
		_, prompt, err := f.Begin(f.Context(), answer(out.Login, "", authn.Input{Email: "eve@example.com"}))
		f.Must(err)
		if m := f.Mails()[0]; prompt.To != house.Alice || m.To != house.Alice || prompt.Resend != 30 {
			f.Errorf("%+v, mailed %s", prompt, m.To)
		}
		f.Must(f.code(out.Login, f.mail()))
		user, err := f.Accounts.ByID(f.Context(), id)
		f.Must(err)
		if !user.EmailVerified {
			f.Error("the address is not proved")
		}
		if out := f.Password(house.Alice); out.SignedIn == nil {
			f.Errorf("%v is still asked for", out.Next)
		}
		for _, email := range []string{house.Alice, "nobody@example.com"} {
			_, _, err = f.Begin(f.Context(), answer("", "", authn.Input{Email: email}))
			f.Refuses(email, err, identity.ErrNotFound)
		}
		m, err := f.Method(emailcode.ID)
		f.Must(err)
		for _, on := range []bool{true, false} {
			f.Policy.NoMail = !on
			if opens, err := m.(authn.First).Opens(f.Context(), user); opens != on || err != nil {
				f.Errorf("mail %v: opens %v, %v", on, opens, err)
			}
		}
	})
}

// A code that is under way when its address changes, or its user is disabled, is worthless.
func TestMoved(t *testing.T) {
	each(t, func(f *fixture) {
		id := f.Person(house.Alice).ID
		login := f.ask(house.Alice, "")
		f.Must(f.Accounts.ChangeEmail(f.Context(), id, house.Alice, "new@example.com"))
		f.Refuses("to the old address", f.code(login, f.mail()), identity.ErrRejected)
		login = f.ask("new@example.com", "")
		f.Must(f.Disable(f.Context(), id, true))
		f.Refuses("of somebody disabled", f.code(login, f.mail()), identity.ErrRejected)
	})
}

// It steps a session up, by mail to its user only. Naming others meanwhile makes no room for
// more guesses (ASVS 6.3.1, 7.5.1).
func TestStepUp(t *testing.T) {
	each(t, func(f *fixture) {
		f.Person(house.Alice)
		in := f.Password(house.Alice).SignedIn
		p := &identity.Principal{UserID: in.User.ID, SessionID: in.Session.ID}
		ask := func(email string) (authn.Answer, authn.Prompt) {
			a := answer("", "", authn.Input{Email: email})
			a.StepUp = p
			out, prompt, err := f.Begin(f.Context(), a)
			f.Must(err)
			a.Login = out.Login
			return a, prompt
		}
		a, prompt := ask("eve@example.com")
		if prompt.To != house.Alice || f.Mails()[0].To != house.Alice {
			f.Errorf("%+v, mailed %s", prompt, f.Mails()[0].To)
		}
		f.Refuses("as a sign-in", f.code(a.Login, f.mail()), identity.ErrLinkExpired)
		a.Input.Code = f.mail()
		out, err := f.Finish(f.Context(), a)
		f.Must(house.SignedIn(out, err))

		for range 2 {
			a, _ = ask("eve@example.com")
			for range 5 {
				a.Input.Code = "x"
				_, err = f.Finish(f.Context(), a)
				f.Refuses("wrong", err, identity.ErrCode)
				f.Wait(16 * time.Second) // the longest pause
			}
		}
		a, _ = ask("mallory@example.com")
		_, err = f.Finish(f.Context(), a)
		f.Refuses("the eleventh", err, identity.ErrLocked)
	})
}

// Whether an address has an account cannot be told by mailing a second one, nor by the
// password of a second account, in the same sign-in (BUG-21).
func TestOracles(t *testing.T) {
	each(t, func(f *fixture) {
		f.Person(house.Alice)
		f.Person("eve@example.com")
		for _, email := range []string{house.Alice, "nobody@example.com"} {
			before := len(f.Mails())
			login := f.ask(email, "")
			f.Wait(time.Minute)
			_, prompt, err := f.Begin(f.Context(), answer(login, "", authn.Input{Email: "eve@example.com"}))
			f.Must(err)
			if prompt.To != email {
				f.Errorf("%s: to %s", email, prompt.To)
			}
			for _, m := range f.Mails()[before:] {
				if m.To != house.Alice {
					f.Errorf("%s: mailed %s", email, m.To)
				}
			}
			a := answer(login, "", authn.Input{Email: "eve@example.com", Password: house.Passphrase})
			a.Method = authn.Password
			out, err := f.Finish(f.Context(), a)
			if f.Must(err); out.SignedIn == nil || out.SignedIn.User.Email != "eve@example.com" {
				f.Errorf("%s: %+v", email, out)
			}
		}
	})
}

// A known, an unknown and a disabled address get the same answers, in the same shape, and
// count the same; only the known one gets mail, and no more than five an hour (BUG-21,
// RAT-14).
func TestKnownAndUnknown(t *testing.T) {
	var f *fixture
	traces, mails := map[string]string{}, map[string]int{}
	for _, email := range []string{house.Alice, "nobody@example.com", "disabled@example.com"} {
		f = open(t, sqldbtest.SQLite(t))
		f.Person(house.Alice)
		f.Must(f.Disable(t.Context(), f.Person("disabled@example.com").ID, true))
		traces[email] = f.Trace(emailcode.ID, email)
		for _, m := range f.Mails() {
			if m.Code != "" {
				mails[email]++
			}
		}
	}
	f.Alike(traces)
	if len(mails) != 1 || mails[house.Alice] != 5 {
		t.Errorf("mails: %v", mails)
	}
}

// Of many who send one code at once one is signed in: the Flow spends the sign-in under way
// (BUG-28).
func TestRace(t *testing.T) {
	each(t, func(f *fixture) {
		f.Person(house.Alice)
		for range sqldbtest.Rounds(f.TB) {
			login := f.ask(house.Alice, "")
			code := f.mail()
			var in atomic.Int32
			sqldbtest.Race(50, func(int) {
				if err := f.code(login, code); err == nil {
					in.Add(1)
				} else if !errors.Is(err, identity.ErrLinkExpired) {
					f.Error(err)
				}
			})
			if in.Load() != 1 {
				f.Fatalf("%d were signed in", in.Load())
			}
		}
	}, func(c *gatehouse.Config) { c.NoLimits, c.Ephemeral = true, nil })
}
