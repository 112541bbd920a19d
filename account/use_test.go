package account_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// keep enrolls a credential.
func (f *fixture) keep(user identity.UserID, method identity.MethodID, lookup string) identity.Credential {
	f.Helper()
	c := identity.Credential{UserID: user, Method: method, Lookup: lookup, Data: []byte("0")}
	f.must(f.accounts.Enroll(f.Context(), &c))
	return c
}

// A credential is used by whoever saw it last: of all who saw the same data one passes, and
// the time is noted. One that is good once is taken by one.
func TestUse(t *testing.T) {
	each(t, func(f *fixture) {
		alice, bob := f.user("alice").ID, f.user("bob").ID
		app := f.keep(alice, "app", "a")
		for i := range sqldbtest.Rounds(t) {
			f.wait(time.Second)
			old, fresh := []byte{byte('0' + i%2)}, []byte{byte('0' + (i+1)%2)}
			if won := f.winners(identity.ErrRejected, func(int) error { return f.won(f.accounts.Use(f.Context(), app.ID, old, fresh)) }); won != 1 {
				f.Fatalf("%d used it", won)
			}
		}
		if used := f.credentials(alice, "app")[0].UsedAt; !used.Equal(f.now()) {
			f.Errorf("used at %v", used)
		}
		for range sqldbtest.Rounds(t) {
			code := f.keep(alice, "paper", "p")
			f.refuses("somebody else's", f.won(f.accounts.Take(f.Context(), bob, code.ID)), identity.ErrRejected)
			if won := f.winners(identity.ErrRejected, func(int) error { return f.won(f.accounts.Take(f.Context(), alice, code.ID)) }); won != 1 {
				f.Fatalf("%d took it", won)
			}
		}
	})
}

// won turns a statement that decided against its caller into an error.
func (f *fixture) won(ok bool, err error) error {
	if err == nil && !ok {
		return identity.ErrRejected
	}
	return err
}

// Failures are counted before they are judged, up to the most in a row; a success and a new
// credential forget them. Whoever has none may try.
func TestAttempted(t *testing.T) {
	each(t, func(f *fixture) {
		alice := f.user("alice").ID
		try := func() error { return f.won(f.accounts.Attempted(f.Context(), alice, "app", 3)) }
		f.must(try())
		f.keep(alice, "app", "a")
		if won := f.winners(identity.ErrRejected, func(int) error { return try() }); won != 3 {
			f.Errorf("%d tries of 3", won)
		}
		f.must(f.accounts.Succeeded(f.Context(), alice, "app"))
		f.must(try())
		for range 2 {
			f.must(try())
		}
		f.refuses("the fourth", try(), identity.ErrRejected)
		f.keep(alice, "app", "a")
		f.must(try())
	})
}

func TestFound(t *testing.T) {
	each(t, func(f *fixture) {
		alice := f.user("alice").ID
		kept := f.keep(alice, "app", "a")
		f.keep(alice, "key", "a")
		if got, err := f.accounts.Found(f.Context(), "app", "a"); err != nil || got.ID != kept.ID {
			f.Errorf("%+v, %v", got, err)
		}
		_, err := f.accounts.Found(f.Context(), "app", "b")
		f.refuses("unknown", err, identity.ErrNotFound)
		f.refuses("no such credential", f.accounts.Relabel(f.Context(), alice, "crd_unknown", "x"), identity.ErrNotFound)
		f.must(f.accounts.Relabel(f.Context(), alice, kept.ID, "blue"))
		if n, err := f.accounts.TakeAll(f.Context(), alice, "app"); n != 1 || err != nil {
			f.Errorf("%d, %v", n, err)
		}
		if left := f.credentials(alice, ""); len(left) != 1 || left[0].Method != "key" {
			f.Errorf("%+v", left)
		}
	})
}

// Of what is about a user the newest works, however many are made at once (RST-03).
func TestSole(t *testing.T) {
	each(t, func(f *fixture) {
		alice := f.user("alice").ID
		c := identity.Challenge{Purpose: "reset", Subject: string(alice), UserID: alice, ExpiresAt: f.now().Add(time.Hour)}
		for range sqldbtest.Rounds(t) {
			f.winners(nil, func(int) error { _, err := f.accounts.Sole(f.Context(), c); return err })
			if n := f.count(`SELECT COUNT(*) FROM challenges WHERE purpose = 'reset'`); n != 1 {
				f.Fatalf("%d work", n)
			}
		}
		c.UserID = "usr_unknown"
		_, err := f.accounts.Sole(f.Context(), c)
		f.refuses("about nobody", err, identity.ErrNotFound)
	})
}

// What was handed out sealed is kept by its first answer, as it was, and once it was used it
// stays used: the sealed copy opens nothing any more.
func TestKept(t *testing.T) {
	each(t, func(f *fixture) {
		c := identity.Challenge{ID: "chl_1", Purpose: "login", Data: []byte("first"), ExpiresAt: f.now().Add(time.Minute)}
		f.must(f.accounts.Keep(f.Context(), c, "sealed"))
		f.must(f.accounts.Update(f.Context(), c.ID, "", []byte("second")))
		f.must(f.accounts.Keep(f.Context(), c, "sealed"))
		if got, err := f.accounts.Outstanding(f.Context(), "login", "sealed"); err != nil || string(got.Data) != "second" {
			f.Errorf("%+v, %v", got, err)
		}
		if won := f.winners(identity.ErrLinkExpired, func(int) error { return f.accounts.Exhaust(f.Context(), c.ID) }); won != 1 {
			f.Errorf("%d used it", won)
		}
		f.must(f.accounts.Keep(f.Context(), c, "sealed"))
		_, err := f.accounts.Try(f.Context(), "login", "sealed", 5)
		f.refuses("the sealed copy", err, identity.ErrLinkExpired)
	})
}

// Who answers without what was handed out answers the newest, so often.
func TestTryNewest(t *testing.T) {
	each(t, func(f *fixture) {
		for _, data := range []string{"old", "new"} {
			f.handOut(identity.Challenge{Purpose: "enroll", Subject: "alice app", Data: []byte(data)})
		}
		f.handOut(identity.Challenge{Purpose: "enroll", Subject: "bob app"})
		try := func() (*identity.Challenge, error) {
			return f.accounts.TryNewest(f.Context(), "enroll", "alice app", 2)
		}
		for range 2 {
			if c, err := try(); err != nil || string(c.Data) != "new" {
				f.Errorf("%+v, %v", c, err)
			}
		}
		_, err := try()
		f.refuses("the third", err, identity.ErrLinkExpired)
		f.refuses("unknown", f.accounts.SpendID(f.Context(), "chl_unknown"), identity.ErrLinkExpired)
	})
}

// An address is proved while it is the main one of its user, and exchanged for one that
// nobody has.
func TestChangeEmail(t *testing.T) {
	each(t, func(f *fixture) {
		alice := f.user("alice")
		f.user("bob")
		f.must(f.accounts.Prove(f.Context(), alice.ID, "bob@example.com"))
		if f.read(alice.ID).EmailVerified {
			f.Error("somebody else's address proved hers")
		}
		for range 2 {
			f.must(f.accounts.Prove(f.Context(), alice.ID, alice.Email))
		}
		if !f.read(alice.ID).EmailVerified || f.events(alice.ID)[identity.EventUserVerified] != 1 {
			f.Error("it is not proved, or told twice")
		}
		f.refuses("taken", f.accounts.ChangeEmail(f.Context(), alice.ID, alice.Email, "bob@example.com"), account.ErrTaken)
		f.refuses("from another", f.accounts.ChangeEmail(f.Context(), alice.ID, "old@example.com", "new@example.com"), identity.ErrConflict)
		f.must(f.accounts.ChangeEmail(f.Context(), alice.ID, alice.Email, "new@example.com"))
		if u := f.read(alice.ID); u.Email != "new@example.com" || !u.EmailVerified || f.events(alice.ID)[identity.EventEmailChanged] != 1 {
			f.Errorf("%+v", u)
		}
		_, err := f.accounts.ByEmail(f.Context(), alice.Email)
		f.refuses("the old address", err, identity.ErrNotFound)
		f.must(f.accounts.SetMustReset(f.Context(), alice.ID, true))
		if !f.read(alice.ID).MustReset {
			f.Error("no reset is demanded")
		}
	})
}
