package authn_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

func (f *fixture) again(in *authn.SignedIn, method identity.MethodID, login, with string) (authn.Outcome, error) {
	return f.Finish(f.Context(), authn.Answer{
		Method: method, Login: login, StepUp: f.caller(in), Input: authn.Input{Password: with, Code: with},
	})
}

// A step-up moves the proofs of the session and its auth_time, and its cookie has a new
// secret; the session stays the same (ZTR-05, BUG-20).
func TestStepUp(t *testing.T) {
	equipped(t, func(f *fixture) {
		user := f.person(alice)
		in := f.signIn(identity.ModeCookie)
		f.wait(10 * time.Minute)
		_, err := f.again(in, authn.Password, "", another)
		f.refuses("wrong password", err, identity.ErrRejected)
		_, err = f.again(in, "app", "", good)
		f.refuses("a factor that is not set up", err, identity.ErrCode)
		out, err := f.again(in, authn.Password, "", passphrase)
		f.must(err)
		moved := out.SignedIn
		if moved.Session.ID != in.Session.ID || moved.Cookie == in.Cookie || !moved.Session.AuthTime().Equal(f.now()) || len(moved.Session.Proofs) != 1 {
			t.Errorf("%+v", moved.Session)
		}
		if f.opens(in) || !f.opens(moved) {
			t.Error("the old secret still opens the session, or the new one does not")
		}
		if len(f.events(user, identity.EventSteppedUp)) != 1 {
			t.Error("the log does not tell of it")
		}
	})
}

// Whoever has a second factor proves it: the password of a stolen session is not enough, and
// no code by mail. The handle of a step-up signs nobody in (ASVS 7.5.1, ZTR-10).
func TestStepUpBySecond(t *testing.T) {
	equipped(t, func(f *fixture) {
		f.person(alice)
		in := f.signIn(identity.ModeCookie)
		methods, err := f.StepUpMethods(f.Context(), f.caller(in))
		f.must(err)
		f.offers("with a password alone", methods, authn.Password)
		f.enroll(in, "app")
		methods, err = f.StepUpMethods(f.Context(), f.caller(in))
		f.must(err)
		f.offers("with a factor", methods, "app", "paper")

		out, err := f.again(in, authn.Password, "", passphrase)
		f.must(err)
		f.offers("after the password", out.Next, "app", "paper")
		_, err = f.step("app", out.Login, good)
		f.refuses("as a sign-in", err, identity.ErrLinkExpired)
		sign := f.half()
		_, err = f.again(in, "app", sign.Login, good)
		f.refuses("a sign-in as a step-up", err, identity.ErrLinkExpired)
		done, err := f.again(in, "app", "", good)
		f.must(err)
		if identity.ACR(done.SignedIn.Session.Proofs) != "aal2" {
			t.Errorf("%+v", done.SignedIn.Session.Proofs)
		}
		f.must(f.SignOut(f.Context(), in.User.ID, in.Session.ID))
		_, err = f.again(in, "app", "", good)
		f.refuses("of a session that ended", err, identity.ErrNoCredentials)
	})
}

// Of fifty answers to one step-up one counts.
func TestStepUpRace(t *testing.T) {
	equipped(t, func(f *fixture) {
		f.person(alice)
		in := f.signIn(identity.ModeToken) // it outlives the rounds
		f.enroll(in, "app")
		for range sqldbtest.Rounds(t) {
			out, err := f.again(in, authn.Password, "", passphrase)
			f.must(err)
			var won atomic.Int32
			sqldbtest.Race(50, func(int) {
				done, err := f.again(in, "app", out.Login, good)
				if err == nil && done.SignedIn != nil {
					won.Add(1)
				}
			})
			if won.Load() != 1 {
				f.Fatalf("%d answers counted", won.Load())
			}
			f.wait(15 * time.Minute)
		}
	})
}
