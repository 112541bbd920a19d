package authn_test

import (
	"sync/atomic"
	"testing"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// waiting signs in up to where a second factor must be set up, and returns the handle.
func (f *fixture) waiting() string {
	f.Helper()
	_, err := f.Finish(f.Context(), authn.Answer{Method: authn.Password, Input: authn.Input{Email: alice, Password: passphrase}})
	f.refuses("one proof", err, identity.ErrMustEnroll)
	login, _ := authn.LoginOf(err)
	return login
}

// A factor is set up in a sign-in that lacks nothing else: whoever knows the password of an
// account must not plant one before its owner has proved the address (MFA-14, BUG-17).
func TestEnrollUnproved(t *testing.T) {
	equipped(t, func(f *fixture) {
		_, err := f.CreateUser(f.Context(), account.NewUser{Email: alice}, passphrase)
		f.must(err)
		out := f.half()
		f.offers("next", out.Next, authn.EmailCode)
		_, err = f.BeginEnroll(f.Context(), authn.EnrollStep{Method: "app", Answer: authn.Answer{Login: out.Login}})
		f.refuses("before the address is proved", err, identity.ErrLinkExpired)
	}, policy(authn.Policy{ACR: "aal2"}))
}

// Of two sign-ins that must set a factor up, one does: the other was begun by whoever knows
// the password too, and finds that its owner has a factor now (MFA-14).
func TestMustEnrollRace(t *testing.T) {
	equipped(t, func(f *fixture) {
		f.person(alice)
		var set [2]authn.EnrollStep
		for i, m := range []identity.MethodID{"app", "key"} {
			set[i] = authn.EnrollStep{Method: m, Answer: authn.Answer{Login: f.waiting()}, Input: authn.Input{Code: good}}
			_, err := f.BeginEnroll(f.Context(), set[i])
			f.must(err)
		}
		var won atomic.Int32
		sqldbtest.Race(2, func(i int) {
			if added, err := f.FinishEnroll(f.Context(), set[i]); err == nil && added.Outcome.SignedIn != nil {
				won.Add(1)
			}
		})
		if won.Load() != 1 {
			t.Errorf("%d set one up", won.Load())
		}
	}, policy(authn.Policy{ACR: "aal2"}))
}

// In a sign-in by mail in which nothing is proved the address stays the one that was typed:
// where its user has moved meanwhile is not told.
func TestMovedMeanwhile(t *testing.T) {
	withMailer(t, func(f *fixture, m *mailer) {
		login := f.ask(identity.ModeCookie)
		user, err := f.Accounts.ByEmail(f.Context(), alice)
		f.must(err)
		f.must(f.Accounts.ChangeEmail(f.Context(), user.ID, alice, "secret@example.net"))
		_, prompt, err := f.Begin(f.Context(), authn.Answer{Method: "mailer", Login: login, Visit: visit, Input: authn.Input{Email: alice}})
		f.must(err)
		if prompt.To != alice {
			t.Errorf("it tells %s", prompt.To)
		}
	})
}
