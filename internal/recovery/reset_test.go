package recovery_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// forgot asks for a link and returns its token.
func (h *house) forgot(email string) string {
	h.Helper()
	h.must(h.Forgot(h.Context(), email))
	return h.token(email, "reset-password")
}

// A reset ends every sign-in of every mode and everything that was begun, signs nobody in,
// and tells the owner; its link works once (RST-04..07, BUG-28, BUG-30).
func TestReset(t *testing.T) {
	houses(t, func(h *house) {
		u := h.person(alice)
		begun := map[string]*authn.SignedIn{}
		for _, m := range []identity.Mode{identity.ModeCookie, identity.ModeNative} {
			begun[string(m)] = h.signIn(alice, passphrase, mode(m))
		}
		h.must(h.Forgot(h.Context(), " ALICE@example.com"))
		token := h.token(alice, "reset-password")
		for range 10 {
			if email, err := h.Resettable(h.Context(), token); err != nil || email != alice {
				t.Errorf("looked at: %q, %v", email, err)
			}
		}
		h.must(h.Reset(h.Context(), token, another))
		for m, in := range begun {
			if h.opens(in) {
				t.Errorf("what a sign-in of mode %s handed out is still good", m)
			}
		}
		if left, err := h.Flow.Sessions.List(h.Context(), u.ID); err != nil || len(left) != 0 {
			t.Errorf("%d sessions, %v", len(left), err)
		}
		_, err := h.try(alice, passphrase)
		h.refuses("the old password", err, identity.ErrRejected)
		h.signIn(alice, another)
		h.refuses("again", h.Reset(h.Context(), token, passphrase), identity.ErrLinkExpired)
		if subjects := h.mailed(alice); len(subjects) != 2 || !strings.Contains(subjects[1], "was reset") || h.events(u.ID, identity.EventPasswordReset) != 1 {
			t.Errorf("mails %q, %d events", subjects, h.events(u.ID, identity.EventPasswordReset))
		}
	})
}

// Of an account whose address nobody had proved nothing stays but the new password: whoever
// made it of somebody else's address keeps no factor by which to come back (BUG-17).
func TestResetOfUnprovedAddress(t *testing.T) {
	houses(t, func(h *house) {
		u, err := h.Flow.CreateUser(h.Context(), account.NewUser{Email: alice}, passphrase)
		h.must(err)
		h.must(h.Accounts.Enroll(h.Context(), &identity.Credential{UserID: u.ID, Method: "app", Lookup: string(u.ID)}))
		h.must(h.Reset(h.Context(), h.forgot(alice), another))
		list, err := h.Accounts.Credentials(h.Context(), u.ID, "")
		h.must(err)
		if len(list) != 1 || list[0].Method != authn.Password || !h.read(u.ID).EmailVerified {
			t.Errorf("%+v", list)
		}
		h.signIn(alice, another)
	})
}

// What is no link, is over, or was replaced by a newer one changes nothing (RST-02, RST-03,
// RST-05).
func TestResetRefuses(t *testing.T) {
	houses(t, func(h *house) {
		u := h.person(alice)
		first := h.forgot(alice)
		second := h.forgot(alice)
		stranger, err := h.Accounts.Challenge(h.Context(), identity.Challenge{
			Purpose: authn.NotMePurpose, Subject: string(u.ID), UserID: u.ID, ExpiresAt: h.now().Add(time.Hour),
		})
		h.must(err)
		refused := func() {
			h.Helper()
			for token, want := range map[string]error{
				"": identity.ErrInvalidLink, "short": identity.ErrInvalidLink, strings.Repeat("A", 44): identity.ErrInvalidLink,
				strings.Repeat("A", 43): identity.ErrLinkExpired, first: identity.ErrLinkExpired, stranger: identity.ErrLinkExpired,
			} {
				h.refuses("spending "+token, h.Reset(h.Context(), token, another), want)
				_, err := h.Resettable(h.Context(), token)
				h.refuses("looking at "+token, err, want)
			}
		}
		refused()
		h.wait(time.Hour - time.Second)
		_, err = h.Resettable(h.Context(), second)
		h.must(err)
		h.wait(time.Second)
		first = second // over by now
		refused()
		h.signIn(alice, passphrase)
	})
}

// The policy holds for a reset too, and what it refuses does not burn the link (BUG-30).
func TestResetPolicy(t *testing.T) {
	houses(t, func(h *house) {
		h.person(alice)
		token := h.forgot(alice)
		h.refuses("no password", h.Reset(h.Context(), token, ""), identity.ErrInvalid)
		for _, weak := range []string{"short", "passwordpassword", "alice@example.com", "aaaaaaaaaaaaaaaaaaaa"} {
			if err := h.Reset(h.Context(), token, weak); identity.CodeOf(err) != "WEAK_PASSWORD" {
				t.Errorf("%q: %v", weak, err)
			}
		}
		h.must(h.Reset(h.Context(), token, another))
	})
}

// Whoever asks cannot tell a known address from an unknown one or a disabled one, no password
// is hashed, and nobody gets more than five mails an hour (RST-01, RST-09, RAT-14).
func TestForgot(t *testing.T) {
	houses(t, func(h *house) {
		h.person(alice)
		disabled := h.person(bob)
		h.must(h.Flow.Disable(h.Context(), disabled.ID, true))
		before := h.gate.Counters()
		for _, email := range []string{alice, bob, "nobody@example.com"} {
			for range 8 {
				h.must(h.Forgot(h.Context(), email))
			}
		}
		after := h.gate.Counters()
		if after.PasswordHashes != before.PasswordHashes || !maps.Equal(after.Events, before.Events) {
			t.Errorf("before %+v, after %+v", before, after)
		}
		if got := []int{len(h.mailed(alice)), len(h.mailed(bob)), len(h.mailed("nobody@example.com"))}; !slices.Equal(got, []int{5, 0, 0}) {
			t.Errorf("mails %v", got)
		}
		for _, email := range []string{"", "nobody", "a b@example.com"} {
			h.refuses(fmt.Sprintf("%q", email), h.Forgot(h.Context(), email), identity.ErrInvalid)
		}
		// One row for each of the known and the unknown: neither fills the database.
		if n, err := h.gate.Accounts.All(h.Context(), "reset", "nobody@example.com"); err != nil || len(n) != 1 || n[0].UserID != "" {
			t.Errorf("%+v, %v", n, err)
		}
	})
}

// A reset passes by no second factor, forgets the devices that were spared one, and ends a
// forced reset (ASVS 6.4.3, BRE-05).
func TestResetKeepsFactors(t *testing.T) {
	houses(t, func(h *house) {
		u := h.person(alice)
		remembered := h.equip(u)
		h.signIn(alice, passphrase, device(remembered))
		h.must(h.Accounts.SetMustReset(h.Context(), u.ID, true))
		_, err := h.try(alice, passphrase)
		h.refuses("a forced reset", err, identity.ErrMustReset)
		h.must(h.Reset(h.Context(), h.forgot(alice), another))
		out, err := h.try(alice, another, device(remembered))
		h.must(err)
		if out.SignedIn != nil || !slices.Equal(out.Next, []identity.MethodID{"app"}) {
			t.Errorf("%+v", out)
		}
	})
}

// The links and set-ups of before are dead, but not what is about the factors, nor what says
// that it was somebody else.
func TestResetWithdraws(t *testing.T) {
	houses(t, func(h *house) {
		u := h.person(alice)
		token := h.forgot(alice)
		tokens := map[string]string{}
		for _, purpose := range []string{"link", "unlock", "enroll", "email", "login", "recovery", "recovery-stop", "not-me"} {
			var err error
			tokens[purpose], err = h.Accounts.Challenge(h.Context(), identity.Challenge{
				Purpose: purpose, Subject: "any", UserID: u.ID, ExpiresAt: h.now().Add(time.Hour),
			})
			h.must(err)
		}
		h.must(h.Reset(h.Context(), token, another))
		for purpose, token := range tokens {
			_, err := h.Accounts.Outstanding(h.Context(), purpose, token)
			stays := strings.HasPrefix(purpose, "recovery") || purpose == "not-me"
			if dead := errors.Is(err, identity.ErrLinkExpired); dead == stays {
				t.Errorf("%s: %v", purpose, err)
			}
		}
	})
}

// The link came by mail: it proves the address it went to. The failures of others are
// forgotten, so that the new password opens at once.
func TestResetProvesAndForgives(t *testing.T) {
	houses(t, func(h *house) {
		u, err := h.Flow.CreateUser(h.Context(), account.NewUser{Email: alice}, passphrase)
		h.must(err)
		for range 12 {
			_, err = h.try(alice, another)
		}
		h.refuses("too many failures", err, identity.ErrRateLimited)
		h.must(h.Reset(h.Context(), h.forgot(alice), another))
		h.signIn(alice, another)
		if !h.read(u.ID).EmailVerified || h.events(u.ID, identity.EventUserVerified) != 1 {
			t.Errorf("%+v", h.read(u.ID))
		}
	})
}

// A link leads no way back to somebody who was disabled or deleted meanwhile.
func TestResetOfNobody(t *testing.T) {
	houses(t, func(h *house) {
		u := h.person(alice)
		token := h.forgot(alice)
		h.must(h.Flow.Disable(h.Context(), u.ID, true))
		h.refuses("disabled", h.Reset(h.Context(), token, another), identity.ErrLinkExpired)
		h.must(h.Flow.Disable(h.Context(), u.ID, false))
		h.must(h.Accounts.Delete(h.Context(), u.ID))
		h.refuses("deleted", h.Reset(h.Context(), token, another), identity.ErrLinkExpired)
	})
}
