package recovery_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// crowd is how many come with a link at once.
const crowd = 50

// once fails unless exactly one of a crowd passes, and the others are told that the link is
// over, or that the house is busy.
func (h *house) once(what string, spend func(i int) error) {
	h.Helper()
	var passed atomic.Int32
	sqldbtest.Race(crowd, func(i int) {
		err := spend(i)
		switch {
		case err == nil:
			passed.Add(1)
		case !errors.Is(err, identity.ErrLinkExpired) && !errors.Is(err, identity.ErrUnavailable):
			h.Errorf("%s: %v", what, err)
		}
	})
	if n := passed.Load(); n != 1 {
		h.Fatalf("%s: %d of %d passed", what, n, crowd)
	}
}

// rounds runs a race as often as the environment says, each with a user of its own; one in
// which everybody hashes a password is run a fifth as often.
func rounds(t *testing.T, hashing bool, fn func(h *house, u *identity.User)) {
	t.Helper()
	n := sqldbtest.Rounds(t)
	if hashing {
		n = max(1, n/5)
	}
	houses(t, func(h *house) {
		for i := range n {
			fn(h, h.person(fmt.Sprintf("p%d@example.com", i)))
		}
	})
}

// A link is spent once, however many come with it (RST-06, BUG-28).
func TestResetRace(t *testing.T) {
	rounds(t, true, func(h *house, u *identity.User) {
		token := h.forgot(u.Email)
		h.once("reset", func(int) error { return h.Reset(h.Context(), token, another) })
		if h.read(u.ID).Generation != 1 || h.events(u.ID, identity.EventPasswordReset) != 1 {
			h.Errorf("%+v", h.read(u.ID))
		}
	})
}

// Both sides of a change at once, each by many: one makes the change, one had agreed.
func TestEmailRace(t *testing.T) {
	rounds(t, false, func(h *house, u *identity.User) {
		to := "new-" + u.Email
		h.must(h.AskEmail(h.Context(), &identity.Principal{UserID: u.ID}, to))
		tokens := []string{h.token(u.Email, "email"), h.token(to, "email")}
		var agreed atomic.Int32
		h.once("change", func(i int) error {
			changed, err := h.ConfirmEmail(h.Context(), tokens[i%2])
			if err == nil && !changed {
				agreed.Add(1)
				return identity.ErrLinkExpired
			}
			return err
		})
		if agreed.Load() != 1 || h.read(u.ID).Email != to || h.events(u.ID, identity.EventEmailChanged) != 1 {
			h.Errorf("%d agreed: %+v", agreed.Load(), h.read(u.ID))
		}
	})
}

func TestUnlockRace(t *testing.T) {
	rounds(t, false, func(h *house, u *identity.User) {
		for range 12 {
			_, _ = h.try(u.Email, another)
			h.wait(16 * time.Second) // the longest pause
		}
		token := h.token(u.Email, "unlock")
		h.once("unlock", func(int) error { return h.Flow.Unlock(h.Context(), token) })
		h.signIn(u.Email, passphrase)
		h.wait(time.Hour) // so that the network may fail again
	})
}

func TestDisownRace(t *testing.T) {
	rounds(t, false, func(h *house, u *identity.User) {
		token := h.notice(u)
		h.once("not me", func(int) error { return h.Disown(h.Context(), token) })
		if n := len(h.tokens(u.Email, "reset-password")); n != 1 {
			h.Errorf("%d links to choose a password", n)
		}
	})
}

// Either the recovery takes place or it is stopped, by one of all who try.
func TestRecoverRace(t *testing.T) {
	rounds(t, true, func(h *house, u *identity.User) {
		token, stop := h.recover(u)
		h.wait(24 * time.Hour)
		h.once("recover and stop", func(i int) error {
			if i%10 == 9 { // they hash nothing, so they come a little later
				time.Sleep(time.Duration(i) * 5 * time.Millisecond)
				return h.StopRecovery(h.Context(), stop)
			}
			return h.Recover(h.Context(), token, another)
		})
		if done, stopped := h.events(u.ID, identity.EventRecovered), h.events(u.ID, identity.EventRecoveryStopped); done+stopped != 1 {
			h.Errorf("recovered %d times, stopped %d times", done, stopped)
		}
		token, _ = h.recover(u)
		h.wait(24 * time.Hour)
		h.once("recover", func(int) error { return h.Recover(h.Context(), token, another) })
	})
}

// What ends the links of a user and what uses them wait for each other, never crosswise.
func TestLinksOfOneUser(t *testing.T) {
	houses(t, func(h *house) {
		u := h.person(alice)
		for range max(1, sqldbtest.Rounds(t)/4) {
			h.wait(time.Hour)
			reset, first, second := h.forgot(alice), h.notice(u), h.notice(u)
			ways := []func() error{
				func() error { return h.Reset(h.Context(), reset, another) },
				func() error { return h.Disown(h.Context(), first) },
				func() error { return h.Disown(h.Context(), second) },
				func() error { return h.Forgot(h.Context(), alice) },
				func() error { return h.AskEmail(h.Context(), &identity.Principal{UserID: u.ID}, moor) },
				func() error { _, err := h.BeginRecovery(h.Context(), u.ID); return err },
			}
			sqldbtest.Race(len(ways), func(i int) {
				if err := ways[i](); err != nil && !errors.Is(err, identity.ErrLinkExpired) {
					h.Errorf("way %d: %v", i, err)
				}
			})
		}
	})
}
