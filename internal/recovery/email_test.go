package recovery_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/recovery"
)

// ask begins a change of alice's address and returns the tokens of both links.
func (h *house) ask(in *identity.Principal, to string) (atOld, atNew string) {
	h.Helper()
	h.must(h.AskEmail(h.Context(), in, to))
	return h.token(alice, "email"), h.token(strings.ToLower(strings.TrimSpace(to)), "email")
}

// An address changes once both have agreed, in either order, and both are told
// (BUG-28).
func TestEmail(t *testing.T) {
	for order, name := range []string{"old first", "new first"} {
		t.Run(name, func(t *testing.T) {
			houses(t, func(h *house) {
				u := h.person(alice)
				in := h.signIn(alice, passphrase)
				reset := h.forgot(alice)
				atOld, atNew := h.ask(caller(in), " MOOR@example.net ")
				for range 5 {
					m, err := h.Movable(h.Context(), atNew)
					if want := (recovery.Moving{From: alice, To: moor, AtNew: true}); err != nil || m != want {
						t.Errorf("%+v, %v", m, err)
					}
				}
				first, second := atOld, atNew
				if order == 1 {
					first, second = atNew, atOld
				}
				changed, err := h.ConfirmEmail(h.Context(), first)
				if err != nil || changed || h.read(u.ID).Email != alice {
					t.Fatalf("after one link: %v, %v", changed, err)
				}
				_, err = h.ConfirmEmail(h.Context(), first)
				h.refuses("the same link again", err, identity.ErrLinkExpired)
				if changed, err = h.ConfirmEmail(h.Context(), second); err != nil || !changed {
					t.Fatalf("after both links: %v, %v", changed, err)
				}
				got := h.read(u.ID)
				if got.Email != moor || !got.EmailVerified || h.events(u.ID, identity.EventEmailChanged) != 1 {
					t.Errorf("%+v", got)
				}
				for _, address := range []string{alice, moor} {
					if subjects := h.mailed(address); !strings.Contains(subjects[len(subjects)-1], "was changed") || len(h.tokens(address, "not-me")) == 0 {
						t.Errorf("%s got %q", address, subjects)
					}
				}
				_, err = h.Resettable(h.Context(), reset)
				h.refuses("what was mailed to the old address", err, identity.ErrLinkExpired)
				if !h.opens(in) {
					t.Error("the session of whoever changed it ended")
				}
				h.signIn(moor, passphrase)
			})
		})
	}
}

// An address of somebody else gets the same answer, but never a mail, and never changes
// hands (CON-26).
func TestEmailTaken(t *testing.T) {
	houses(t, func(h *house) {
		h.person(alice)
		h.person(bob)
		in := caller(h.signIn(alice, passphrase))
		h.must(h.AskEmail(h.Context(), in, bob))
		if len(h.mailed(bob)) != 0 || len(h.tokens(alice, "email")) != 1 {
			t.Errorf("mails to the owner %q, to the caller %q", h.mailed(bob), h.mailed(alice))
		}
		changed, err := h.ConfirmEmail(h.Context(), h.token(alice, "email"))
		if changed || err != nil {
			t.Errorf("%v, %v", changed, err)
		}

		atOld, atNew := h.ask(in, moor)
		_, err = h.ConfirmEmail(h.Context(), atOld)
		h.must(err)
		meanwhile := h.person(moor)
		changed, err = h.ConfirmEmail(h.Context(), atNew)
		h.refuses("taken meanwhile", err, identity.ErrLinkExpired)
		if changed || h.read(in.UserID).Email != alice || h.read(meanwhile.ID).Email != moor {
			t.Error("the address changed hands")
		}
	})
}

// What is malformed, over, replaced or about somebody who is gone changes nothing.
func TestEmailRefuses(t *testing.T) {
	houses(t, func(h *house) {
		u := h.person(alice)
		in := caller(h.signIn(alice, passphrase))
		for _, email := range []string{"", "nobody", " Alice@Example.com"} {
			h.refuses(email, h.AskEmail(h.Context(), in, email), identity.ErrInvalid)
		}
		atOld, atNew := h.ask(in, "first@example.net")
		newOld, newNew := h.ask(in, moor)
		dead := func(what string, want error, tokens ...string) {
			h.Helper()
			for _, token := range tokens {
				_, err := h.ConfirmEmail(h.Context(), token)
				h.refuses(what, err, want)
				_, err = h.Movable(h.Context(), token)
				h.refuses(what, err, want)
			}
		}
		dead("malformed", identity.ErrInvalidLink, "", "x", newOld+"A")
		dead("never made", identity.ErrLinkExpired, strings.Repeat("A", 43))
		dead("replaced", identity.ErrLinkExpired, atOld, atNew)
		h.must(h.Flow.Disable(h.Context(), u.ID, true))
		_, err := h.ConfirmEmail(h.Context(), newNew)
		h.refuses("disabled", err, identity.ErrLinkExpired)
		h.must(h.Flow.Disable(h.Context(), u.ID, false))
		_, err = h.ConfirmEmail(h.Context(), newNew)
		h.must(err)
		h.wait(24 * time.Hour)
		dead("over", identity.ErrLinkExpired, newOld)
		if h.read(u.ID).Email != alice {
			t.Error("the address changed")
		}
	})
}

// Nobody can be flooded through somebody's account (RAT-14); nobody is told.
func TestEmailLimit(t *testing.T) {
	houses(t, func(h *house) {
		h.person(alice)
		in := caller(h.signIn(alice, passphrase))
		for range 8 {
			h.must(h.AskEmail(h.Context(), in, moor))
		}
		if got := []int{len(h.mailed(moor)), len(h.tokens(alice, "email"))}; !slices.Equal(got, []int{5, 5}) {
			t.Errorf("mails %v", got)
		}
		// The last link that was sent still works.
		_, err := h.Movable(h.Context(), h.token(moor, "email"))
		h.must(err)
	})
}
