package passkey_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// Who has a passkey signs in by it alone, with two kinds of evidence and no name typed, and
// by nothing else of it twice (PWL-07, PWL-10, SES-18).
func TestSignIn(t *testing.T) {
	each(t, func(f *fixture) {
		u, a := f.owns(house.Alice)
		login, ceremony := f.begin("", "")
		answer := a.get(ceremony)
		out, err := f.finish(login, answer)
		f.Must(err)
		if out.SignedIn == nil || out.SignedIn.User.ID != u.ID || identity.ACR(out.SignedIn.Session.Proofs) != "aal2" {
			f.Errorf("%+v", out)
		}
		if _, c := f.stored(u); c.UsedAt.IsZero() {
			f.Error("its use left no trace")
		}
		_, err = f.finish(login, answer)
		f.Refuses("the same answer to the same sign-in", err, identity.ErrLinkExpired)
		other, _ := f.begin("", "")
		_, err = f.finish(other, answer)
		f.Refuses("the same answer to another sign-in", err, identity.ErrRejected)
		_, err = f.finish(other, a.get(ceremony))
		f.Refuses("a new answer to the old challenge", err, identity.ErrRejected)
		if n := len(f.Events(u, identity.EventCloneSuspected)); n > 0 {
			f.Errorf("%d clones", n)
		}
	})
}

// After a password a passkey is the second factor: a security key that knows no user will do,
// and one that verifies nobody, but only the user's own (MFA-15, BUG-34).
func TestSecondFactor(t *testing.T) {
	each(t, func(f *fixture) {
		u := f.Person(house.Alice)
		a := newAuthenticator(f.TB)
		a.flags, a.silent, a.bound = present, true, true
		_, err := f.enroll(u, a)
		f.Must(err)
		_, theirs := f.owns(bob)

		out := f.Password(house.Alice)
		if out.SignedIn != nil || !slices.Contains(out.Next, "passkey") {
			f.Fatalf("%+v", out)
		}
		login, ceremony := f.begin(out.Login, "")
		if o := a.read(ceremony); len(o.Allow) != 1 || o.Allow[0].ID != wrap(a.id) {
			f.Errorf("%s", ceremony)
		}
		_, err = f.finish(login, theirs.get(ceremony))
		f.Refuses("with the passkey of another", err, identity.ErrCode)
		out, err = f.finish(login, a.get(ceremony))
		f.Must(err)
		if out.SignedIn == nil || out.SignedIn.User.ID != u.ID || identity.ACR(out.SignedIn.Session.Proofs) != "aal2" {
			f.Errorf("%+v", out)
		}
		_, err = f.signIn(a)
		f.Refuses("as the first factor", err, identity.ErrRejected)
	})
}

// A session is stepped up by a touch.
func TestStepUp(t *testing.T) {
	each(t, func(f *fixture) {
		u, a := f.owns(house.Alice)
		out, err := f.signIn(a)
		f.Must(err)
		caller := &identity.Principal{UserID: u.ID, SessionID: out.SignedIn.Session.ID}
		begun, prompt, err := f.Begin(f.Context(), authn.Answer{Method: "passkey", StepUp: caller})
		f.Must(err)
		a.flags = present
		out, err = f.Finish(f.Context(), authn.Answer{
			Method: "passkey", Login: begun.Login, StepUp: caller, Input: authn.Input{Credential: a.get(prompt.Ceremony)},
		})
		f.Must(err)
		if out.SignedIn == nil || out.SignedIn.Session.ID != caller.SessionID {
			f.Errorf("%+v", out)
		}
	})
}

// A counter that goes back is recorded and mailed, and the sign-in goes on; what is kept is
// never lowered, so that it is told every time.
func TestClone(t *testing.T) {
	each(t, func(f *fixture) {
		u, a := f.owns(house.Alice)
		a.counter = 9
		_, err := f.signIn(a)
		f.Must(err)
		mails := len(f.Mails())
		copied := *a
		for i, counter := range []uint32{3, 9, 8} {
			f.Wait(time.Second)
			copied.counter = counter
			out, err := f.signIn(&copied)
			f.Must(err)
			events := f.Events(u, identity.EventCloneSuspected)
			if out.SignedIn == nil || len(events) != i+1 || len(f.Mails()) != mails+i+1 || f.Mails()[mails+i].To != house.Alice {
				f.Fatalf("%d: %+v, %d events, %d mails", counter, out, len(events), len(f.Mails())-mails)
			}
			s, c := f.stored(u)
			d := events[0].Data
			if s.Counter != 9 || d["credential"] != string(c.ID) || d["stored"] != "9" || d["presented"] != strconv.Itoa(int(counter)) {
				f.Errorf("%+v, %v", s, d)
			}
		}
		a.counter = 10
		_, err = f.signIn(a)
		f.Must(err)
		if s, _ := f.stored(u); s.Counter != 10 || len(f.Events(u, identity.EventCloneSuspected)) != 3 {
			f.Errorf("%+v", s)
		}
	})
}

// Synced passkeys count nothing and are no clones (PWL-08).
func TestNoCounter(t *testing.T) {
	each(t, func(f *fixture) {
		u, a := f.Person(house.Alice), newAuthenticator(f.TB)
		a.counter, a.flags = 0, present|verified|eligible|backedUp
		_, err := f.enroll(u, a)
		f.Must(err)
		for range 3 {
			_, err := f.signIn(a)
			f.Must(err)
		}
		if s, _ := f.stored(u); s.Counter != 0 || !s.Synced || !s.BackedUp || len(f.Events(u, identity.EventCloneSuspected)) > 0 {
			f.Errorf("%+v", s)
		}
	})
}

// A passkey that becomes a synced one, as iCloud and password managers make of theirs, still
// opens, and what it is now is kept; also the other way round (PWL-08).
func TestFlags(t *testing.T) {
	each(t, func(f *fixture) {
		u, a := f.owns(house.Alice)
		for _, flags := range []byte{eligible, eligible | backedUp, eligible, 0} {
			a.flags = present | verified | flags
			_, err := f.signIn(a)
			f.Must(err)
			if s, _ := f.stored(u); s.Synced != (flags&eligible != 0) || s.BackedUp != (flags&backedUp != 0) {
				f.Errorf("%08b: %+v", flags, s)
			}
		}
	})
}

// A removed passkey opens nothing, neither anew nor in a sign-in under way, and the last way
// in cannot be removed (PWL-12).
func TestRemoved(t *testing.T) {
	each(t, func(f *fixture) {
		u, a := f.owns(house.Alice)
		login, ceremony := f.begin("", "")
		_, c := f.stored(u)
		f.Must(f.RemoveCredential(f.Context(), u.ID, c.ID))
		_, err := f.finish(login, a.get(ceremony))
		f.Refuses("a sign-in under way", err, identity.ErrRejected)
		_, err = f.signIn(a)
		f.Refuses("a new one", err, identity.ErrRejected)
	})
}

// Only a passkey that can begin a sign-in is a way in: a key that must be named first, or
// never verified anybody, does not stand in for the password.
func TestLastWayIn(t *testing.T) {
	each(t, func(f *fixture) {
		f.Policy.NoMail = true // or the address would be one more way in
		u, a := f.Person(house.Alice), newAuthenticator(f.TB)
		a.flags = present
		_, err := f.enroll(u, a)
		f.Must(err)
		f.Refuses("password beside a key that verified nobody", f.RemoveMethod(f.Context(), u.ID, authn.Password), authn.ErrLastWayIn)
		a.flags |= verified
		_, err = f.signIn(a)
		f.Must(err)
		f.Must(f.RemoveMethod(f.Context(), u.ID, authn.Password))
		f.Refuses("the passkey", f.RemoveMethod(f.Context(), u.ID, "passkey"), authn.ErrLastWayIn)
		_, c := f.stored(u)
		f.Refuses("it by its ID", f.RemoveCredential(f.Context(), u.ID, c.ID), authn.ErrLastWayIn)
		second := newAuthenticator(f.TB)
		second.bound = true
		_, err = f.enroll(u, second)
		f.Must(err)
		f.Refuses("it beside a key that must be named", f.RemoveCredential(f.Context(), u.ID, c.ID), authn.ErrLastWayIn)
		_, err = f.enroll(u, newAuthenticator(f.TB))
		f.Must(err)
		f.Must(f.RemoveCredential(f.Context(), u.ID, c.ID))
	})
}

// Of all who come with one answer at once, one is signed in, and nobody is told of a copy
// (BUG-12).
func TestOneAnswer(t *testing.T) {
	each(t, func(f *fixture) {
		u, a := f.owns(house.Alice)
		for range sqldbtest.Rounds(f.TB) {
			login, ceremony := f.begin("", "")
			answer := a.get(ceremony)
			var in atomic.Int32
			sqldbtest.Race(50, func(int) {
				out, err := f.finish(login, answer)
				switch code := identity.CodeOf(err); {
				case err == nil && out.SignedIn != nil:
					in.Add(1)
				case code != identity.ErrRejected.Code && code != identity.ErrLinkExpired.Code:
					f.Errorf("%v", err)
				}
			})
			if in.Load() != 1 {
				f.Errorf("%d were signed in", in.Load())
			}
		}
		if n := len(f.Events(u, identity.EventCloneSuspected)); n > 0 {
			f.Errorf("%d clones", n)
		}
	})
}

// The method by itself takes an answer once too, whatever becomes of the sign-in around it;
// sign-ins that go on side by side all succeed.
func TestOneAnswerOfTheMethod(t *testing.T) {
	each(t, func(f *fixture) {
		_, a := f.owns(house.Alice)
		a.counter = 0
		for range sqldbtest.Rounds(f.TB) {
			l := &authn.Login{}
			prompt, err := f.method.Begin(f.Context(), l, authn.Input{})
			f.Must(err)
			data, answer := l.Data["passkey"], a.get(prompt.Ceremony)
			var accepted atomic.Int32
			sqldbtest.Race(8, func(int) {
				l := &authn.Login{Data: map[identity.MethodID]json.RawMessage{"passkey": data}}
				if _, err := f.method.Finish(f.Context(), l, authn.Input{Credential: answer}); err == nil {
					accepted.Add(1)
				} else {
					f.Refuses("another", err, identity.ErrRejected)
				}
			})
			if accepted.Load() != 1 {
				f.Errorf("%d were accepted", accepted.Load())
			}
		}
		var in atomic.Int32
		answers := make([]func(), 4)
		for i := range answers {
			login, ceremony := f.begin("", "")
			answer := a.get(ceremony)
			answers[i] = func() {
				if _, err := f.finish(login, answer); err == nil {
					in.Add(1)
				} else {
					f.Error(err)
				}
			}
		}
		sqldbtest.Race(len(answers), func(i int) { answers[i]() })
		if in.Load() != int32(len(answers)) {
			f.Errorf("%d of %d were signed in", in.Load(), len(answers))
		}
	})
}
