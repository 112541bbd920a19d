package recovery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/apikey"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// notice tells alice of something and returns the token by which she disowns it.
func (h *house) notice(u *identity.User) string {
	h.Helper()
	h.must(h.Flow.Notice(h.Context(), u, notify.FactorAdded, notify.Facts{Method: "app"}))
	return h.token(u.Email, "not-me")
}

// Whoever says that it was not them ends all sign-ins, and gets a link without which nobody
// gets in again; what was mailed before is dead (BUG-30, BRE-05).
func TestDisown(t *testing.T) {
	houses(t, func(h *house) {
		u := h.person(alice)
		remembered := h.equip(u)
		in := h.signIn(alice, passphrase, device(remembered))
		reset, other, token := h.forgot(alice), h.notice(u), h.notice(u)
		_, err := h.BeginRecovery(h.Context(), u.ID)
		h.must(err)
		for range 5 {
			h.must(h.Disownable(h.Context(), token))
		}
		_, key, err := h.Flow.CreateAPIKey(h.Context(), u.ID, apikey.New{Name: "a thief's, perhaps"})
		h.must(err)
		h.must(h.Disown(h.Context(), token))
		if h.opens(in) {
			t.Error("the session lives")
		}
		_, err = h.try(alice, passphrase)
		h.refuses("the password", err, identity.ErrMustReset)
		_, err = h.Resettable(h.Context(), reset)
		h.refuses("a reset link of before", err, identity.ErrLinkExpired)
		_, err = h.Recoverable(h.Context(), h.token(alice, "recover"))
		h.refuses("a recovery of before", err, identity.ErrLinkExpired)
		h.refuses("again", h.Disown(h.Context(), token), identity.ErrLinkExpired)
		h.must(h.Disownable(h.Context(), other))
		if h.events(u.ID, identity.EventResetForced) != 1 {
			t.Error("the log does not tell of it")
		}

		h.wait(23 * time.Hour) // longer than a reset that somebody asked for
		h.must(h.Reset(h.Context(), h.token(alice, "reset-password"), another))
		if out, err := h.try(alice, another, device(remembered)); err != nil || len(out.Next) != 1 {
			t.Errorf("a remembered device outlived it: %+v, %v", out, err)
		}
		_, _, err = h.Flow.APIKeys.Check(h.Context(), key, "")
		h.refuses("an API key of before", err, identity.ErrAPIKey)
	})
}

// steal moves an account to another address, as somebody does who holds both mailboxes for
// a moment.
func (h *house) steal(id identity.UserID, from, to string) {
	h.Helper()
	h.wait(time.Hour)
	h.must(h.AskEmail(h.Context(), &identity.Principal{UserID: id}, to))
	for _, address := range []string{from, to} {
		_, err := h.ConfirmEmail(h.Context(), h.token(address, "email"))
		h.must(err)
	}
}

// An address that was changed comes back, and the thief's own links do not undo that: neither
// before, which would silence the owner, nor after.
func TestDisownTakesBack(t *testing.T) {
	const thief, hideout = "thief@example.org", "hideout@example.org"
	houses(t, func(h *house) {
		u := h.person(alice)
		h.steal(u.ID, alice, thief)
		h.steal(u.ID, thief, hideout)
		h.must(h.Disown(h.Context(), h.tokens(thief, "not-me")[0]))
		if got := h.read(u.ID); got.Email != thief {
			t.Fatalf("%+v", got)
		}
		h.must(h.Disown(h.Context(), h.token(alice, "not-me")))
		if got := h.read(u.ID); got.Email != alice || !got.MustReset || h.events(u.ID, identity.EventEmailChanged) != 4 {
			t.Fatalf("%+v", got)
		}
		for _, address := range []string{thief, hideout} {
			for _, token := range h.tokens(address, "not-me") {
				h.refuses(address, h.Disown(h.Context(), token), identity.ErrLinkExpired)
			}
			for _, token := range h.tokens(address, "reset-password") {
				h.refuses(address, h.Reset(h.Context(), token, another), identity.ErrLinkExpired)
			}
		}
		h.must(h.Reset(h.Context(), h.token(alice, "reset-password"), another))
		h.signIn(alice, another)
	})
}

// An address that is somebody else's by now stays theirs; the link still goes to the reader.
func TestDisownOfTakenAddress(t *testing.T) {
	houses(t, func(h *house) {
		u := h.person(alice)
		h.steal(u.ID, alice, moor)
		somebody := h.person(alice)
		h.must(h.Disown(h.Context(), h.token(alice, "not-me")))
		if h.read(u.ID).Email != moor || h.read(somebody.ID).Email != alice || h.read(somebody.ID).MustReset {
			t.Errorf("%+v, %+v", h.read(u.ID), h.read(somebody.ID))
		}
		h.must(h.Reset(h.Context(), h.token(alice, "reset-password"), another))
		h.signIn(moor, another)
		if _, err := h.try(alice, another); err == nil {
			t.Error("the password of somebody else was set")
		}
	})
}

// What is malformed, over or about somebody disabled does nothing.
func TestDisownRefuses(t *testing.T) {
	houses(t, func(h *house) {
		u := h.person(alice)
		token := h.notice(u)
		refuse := func(token string, want error) {
			h.Helper()
			h.refuses(token, h.Disown(h.Context(), token), want)
		}
		refuse("", identity.ErrInvalidLink)
		refuse("short", identity.ErrInvalidLink)
		refuse(strings.Repeat("A", 43), identity.ErrLinkExpired)
		refuse(h.forgot(alice), identity.ErrLinkExpired)
		h.must(h.Flow.Disable(h.Context(), u.ID, true))
		refuse(token, identity.ErrLinkExpired)
		h.must(h.Flow.Disable(h.Context(), u.ID, false))
		h.wait(7 * 24 * time.Hour)
		refuse(token, identity.ErrLinkExpired)
		h.refuses("looking", h.Disownable(h.Context(), token), identity.ErrLinkExpired)
		if h.read(u.ID).MustReset {
			t.Error("a reset is forced")
		}
	})
}

// A factor that somebody else set up goes with the notice that told of it, for a day: their
// passkey would else open the account again as soon as its owner has a new password.
func TestDisownOfPlanted(t *testing.T) {
	houses(t, func(h *house) {
		u := h.person(alice)
		thief := h.signIn(alice, passphrase)
		plant := func() string {
			h.Helper()
			s := authn.EnrollStep{Method: "app", Caller: &identity.Principal{UserID: u.ID, SessionID: thief.Session.ID}, Input: authn.Input{Code: good}}
			_, err := h.Flow.BeginEnroll(h.Context(), s)
			h.must(err)
			_, err = h.Flow.FinishEnroll(h.Context(), s)
			h.must(err)
			return h.token(alice, "not-me")
		}
		left := func() int {
			list, err := h.Accounts.Credentials(h.Context(), u.ID, "app")
			h.must(err)
			return len(list)
		}
		token := plant()
		h.wait(23 * time.Hour)
		h.must(h.Disown(h.Context(), token))
		if left() != 0 || h.events(u.ID, identity.EventMFARemoved) != 1 {
			t.Errorf("%d are left", left())
		}
		token = plant()
		h.wait(24 * time.Hour)
		h.must(h.Disown(h.Context(), token))
		if left() != 1 {
			t.Error("a mailbox alone removed what had stood for a day")
		}
	})
}
