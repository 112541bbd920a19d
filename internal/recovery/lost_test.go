package recovery_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/recovery"
)

// recover begins the recovery of a user and returns the tokens of both links.
func (h *house) recover(u *identity.User) (token, stop string) {
	h.Helper()
	opens, err := h.BeginRecovery(h.Context(), u.ID)
	h.must(err)
	if want := h.now().Add(24 * time.Hour); !opens.Equal(want) {
		h.Errorf("it opens at %v, want %v", opens, want)
	}
	return h.token(u.Email, "recover"), h.token(u.Email, "recover/stop")
}

// Whoever lost everything sets a password anew, after a delay, by a link that only they get;
// every factor, session and device of before is gone, and they are told (ASVS 6.4.6, MFA-14).
func TestRecover(t *testing.T) {
	houses(t, func(h *house) {
		u := h.person(alice)
		remembered := h.equip(u)
		in := h.signIn(alice, passphrase, device(remembered))
		token, stop := h.recover(u)
		if err := h.Recover(h.Context(), token, another); !errors.Is(err, recovery.ErrTooEarly) {
			t.Errorf("at once: %v", err)
		}
		if r, err := h.Recoverable(h.Context(), token); err != nil || r.Email != alice || !r.Opens.Equal(h.now().Add(24*time.Hour)) {
			t.Errorf("%+v, %v", r, err)
		}
		h.wait(24 * time.Hour)
		if err := h.Recover(h.Context(), token, "short"); identity.CodeOf(err) != "WEAK_PASSWORD" {
			t.Errorf("a weak password: %v", err)
		}
		h.refuses("no password", h.Recover(h.Context(), token, ""), identity.ErrInvalid)
		h.must(h.Recover(h.Context(), token, another))
		if h.opens(in) {
			t.Error("the session lives")
		}
		h.signIn(alice, another)
		list, err := h.Accounts.Credentials(h.Context(), u.ID, "")
		if err != nil || len(list) != 1 || list[0].Method != "password" {
			t.Errorf("credentials %+v, %v", list, err)
		}
		if h.events(u.ID, identity.EventRecovered) != 1 || h.events(u.ID, identity.EventMFARemoved) != 1 || h.events(u.ID, identity.EventRecoveryBegun) != 1 {
			t.Error("the log does not tell of it")
		}
		if subjects := h.mailed(alice); !strings.Contains(subjects[len(subjects)-1], "was recovered") {
			t.Errorf("mails %q", subjects)
		}
		h.refuses("again", h.Recover(h.Context(), token, passphrase), identity.ErrLinkExpired)
		h.refuses("stopped too late", h.StopRecovery(h.Context(), stop), identity.ErrLinkExpired)
	})
}

// Its owner stops what they did not ask for; beginning again renews both links.
func TestStopRecovery(t *testing.T) {
	houses(t, func(h *house) {
		u := h.person(alice)
		first, firstStop := h.recover(u)
		token, stop := h.recover(u)
		h.refuses("an older stop", h.StopRecovery(h.Context(), firstStop), identity.ErrLinkExpired)
		h.refuses("malformed", h.StopRecovery(h.Context(), "x"), identity.ErrInvalidLink)
		h.wait(25 * time.Hour)
		h.refuses("an older link", h.Recover(h.Context(), first, another), identity.ErrLinkExpired)
		h.must(h.StopRecovery(h.Context(), stop))
		h.refuses("again", h.StopRecovery(h.Context(), stop), identity.ErrLinkExpired)
		h.refuses("stopped", h.Recover(h.Context(), token, another), identity.ErrLinkExpired)
		if h.events(u.ID, identity.EventRecoveryStopped) != 1 || h.events(u.ID, identity.EventMFARemoved) != 0 {
			t.Error("the log is wrong")
		}
		h.signIn(alice, passphrase)
	})
}

// Nobody who is unknown or disabled is recovered, and a link does not work for ever.
func TestRecoverRefuses(t *testing.T) {
	houses(t, func(h *house) {
		u := h.person(alice)
		_, err := h.BeginRecovery(h.Context(), "usr_0")
		h.refuses("unknown", err, identity.ErrNotFound)
		token, _ := h.recover(u)
		for wrong, want := range map[string]error{"": identity.ErrInvalidLink, strings.Repeat("A", 43): identity.ErrLinkExpired} {
			_, err := h.Recoverable(h.Context(), wrong)
			h.refuses("looking at "+wrong, err, want)
			h.refuses("spending "+wrong, h.Recover(h.Context(), wrong, another), want)
		}
		h.must(h.Flow.Disable(h.Context(), u.ID, true))
		_, err = h.BeginRecovery(h.Context(), u.ID)
		h.refuses("disabled", err, identity.ErrConflict)
		_, err = h.Recoverable(h.Context(), token)
		h.refuses("disabled meanwhile", err, identity.ErrLinkExpired)
		h.wait(24 * time.Hour)
		h.refuses("disabled meanwhile", h.Recover(h.Context(), token, another), identity.ErrLinkExpired)
		h.must(h.Flow.Disable(h.Context(), u.ID, false))
		h.wait(72*time.Hour - time.Second)
		_, err = h.Recoverable(h.Context(), token)
		h.must(err)
		h.wait(time.Second)
		h.refuses("over", h.Recover(h.Context(), token, another), identity.ErrLinkExpired)
	})
}

// An account goes with all that it could open, and its owner gets a last mail; the last
// administrator stays.
func TestDeleteAccount(t *testing.T) {
	houses(t, func(h *house) {
		u := h.person(alice)
		begun := []*authn.SignedIn{h.signIn(alice, passphrase), h.signIn(alice, passphrase, mode(identity.ModeCookie))}
		reset := h.forgot(alice)
		h.must(h.DeleteAccount(h.Context(), u.ID))
		for _, in := range begun {
			if h.opens(in) {
				t.Errorf("a sign-in of mode %q outlived its user", in.Session.Mode)
			}
		}
		c, err := h.Flow.Tokens.Verify(begun[0].Access)
		h.must(err)
		h.refuses("an access token", h.Flow.Tokens.Check(h.Context(), c), identity.ErrTokenRevoked)
		h.refuses("a link", h.Reset(h.Context(), reset, another), identity.ErrLinkExpired)
		if subjects := h.mailed(alice); !strings.Contains(subjects[len(subjects)-1], "was deleted") {
			t.Errorf("mails %q", subjects)
		}
		h.refuses("again", h.DeleteAccount(h.Context(), u.ID), identity.ErrNotFound)

		admin, err := h.Flow.CreateUser(h.Context(), account.NewUser{Email: bob, Roles: []string{"admin"}}, passphrase)
		h.must(err)
		h.refuses("the last administrator", h.DeleteAccount(h.Context(), admin.ID), account.ErrLastAdmin)
		if len(h.mailed(bob)) != 0 {
			t.Errorf("mails %q", h.mailed(bob))
		}
	})
}
