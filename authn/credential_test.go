package authn_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

func (f *fixture) has(user identity.UserID, m identity.MethodID) (list []identity.Credential) {
	f.Helper()
	list, err := f.Accounts.Credentials(f.Context(), user, m)
	f.must(err)
	return list
}

// What is set up waits for its answer, of the newest beginning, five times, for ten minutes;
// then it is kept once (MFA-04).
func TestEnroll(t *testing.T) {
	equipped(t, func(f *fixture) {
		user := f.person(alice)
		in := f.signIn(identity.ModeCookie)
		s := authn.EnrollStep{Method: "app", Caller: f.caller(in), Input: authn.Input{Code: good, Label: "Phone"}}
		finish := func(code string) error {
			s.Input.Code = code
			_, err := f.FinishEnroll(f.Context(), s)
			return err
		}
		f.refuses("not begun", finish(good), authn.ErrNothingPending)
		begin := func() {
			_, err := f.BeginEnroll(f.Context(), s)
			f.must(err)
		}
		begin()
		for range 5 {
			f.refuses("wrong code", finish("000000"), identity.ErrCode)
		}
		f.refuses("after five tries", finish(good), authn.ErrNothingPending)
		begin()
		f.wait(10 * time.Minute)
		f.refuses("late", finish(good), authn.ErrNothingPending)
		if len(f.has(user, "app")) != 0 {
			f.Fatal("it was kept unconfirmed")
		}
		begin()
		begin()
		f.must(finish(good))
		f.refuses("twice", finish(good), authn.ErrNothingPending)
		if list := f.has(user, "app"); len(list) != 1 || list[0].Label != "Phone" {
			t.Errorf("%+v", list)
		}
		s.Method = authn.Password
		_, err := f.BeginEnroll(f.Context(), s)
		f.refuses("what nobody sets up by themselves", err, identity.ErrNotFound)
	})
}

// Of fifty who finish one set-up at once one does.
func TestEnrollRace(t *testing.T) {
	equipped(t, func(f *fixture) {
		f.person(alice)
		in := f.signIn(identity.ModeCookie)
		s := authn.EnrollStep{Method: "app", Caller: f.caller(in), Input: authn.Input{Code: good}}
		for range sqldbtest.Rounds(t) {
			_, err := f.BeginEnroll(f.Context(), s)
			f.must(err)
			var won atomic.Int32
			sqldbtest.Race(50, func(int) {
				_, err := f.FinishEnroll(f.Context(), s)
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, authn.ErrNothingPending) {
					t.Error(err)
				}
			})
			if won.Load() != 1 {
				f.Fatalf("%d finished", won.Load())
			}
		}
	})
}

// A credential is named and removed by its owner alone; with the last second factor the
// backup codes go, and the last way in stays (AUZ-17, PWL-12).
func TestRemove(t *testing.T) {
	equipped(t, func(f *fixture) {
		user, stranger := f.person(alice), f.person("bob@example.com")
		in := f.signIn(identity.ModeCookie)
		f.enroll(in, "app")
		f.enroll(in, "key")
		app := f.has(user, "app")[0]
		f.refuses("somebody else's name", f.RenameCredential(f.Context(), stranger, app.ID, "mine"), identity.ErrNotFound)
		f.refuses("no name", f.RenameCredential(f.Context(), user, app.ID, " "), identity.ErrInvalid)
		f.refuses("a long name", f.RenameCredential(f.Context(), user, app.ID, strings.Repeat("x", 101)), identity.ErrInvalid)
		f.must(f.RenameCredential(f.Context(), user, app.ID, " New  phone "))
		if label := f.has(user, "app")[0].Label; label != "New phone" {
			t.Errorf("label %q", label)
		}
		f.refuses("somebody else's", f.RemoveCredential(f.Context(), stranger, app.ID), identity.ErrNotFound)
		f.must(f.RemoveCredential(f.Context(), user, app.ID))
		if len(f.has(user, "paper")) == 0 || len(f.events(user, identity.EventMFARemoved)) != 0 {
			t.Error("a second factor is left, but not its backup codes")
		}
		f.must(f.RemoveMethod(f.Context(), user, "key"))
		if len(f.has(user, "paper")) != 0 || len(f.events(user, identity.EventMFARemoved)) != 1 {
			t.Error("no second factor is left, but backup codes are")
		}
		f.refuses("the last way in", f.RemoveMethod(f.Context(), user, authn.Password), authn.ErrLastWayIn)
		if len(f.has(user, authn.Password)) != 1 {
			t.Error("it is gone")
		}
	})
}
