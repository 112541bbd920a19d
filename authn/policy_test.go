package authn_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// Of all that is demanded the highest holds, and words that we do not know ask for nothing.
func TestDemand(t *testing.T) {
	p := authn.Policy{
		Roles:   map[string]string{"admin": "aal2", "user": "aal1"},
		Clients: map[identity.ClientID]string{"cli_bank": "aal2"},
		Tenants: map[identity.TenantID]string{"org_bank": "aal2"},
	}
	for _, c := range []struct {
		name  string
		roles []string
		start authn.Start
		want  string
	}{
		{"nobody", nil, authn.Start{}, ""},
		{"a user", []string{"user"}, authn.Start{}, "aal1"},
		{"an administrator", []string{"admin", "user"}, authn.Start{}, "aal2"},
		{"a client", []string{"user"}, authn.Start{Client: "cli_bank"}, "aal2"},
		{"an organization", nil, authn.Start{Tenant: "org_bank"}, "aal2"},
		{"acr_values", nil, authn.Start{ACR: "aal2"}, "aal2"},
		{"unknown acr_values", []string{"user"}, authn.Start{ACR: "urn:example:gold"}, "aal1"},
	} {
		if got := p.Demand(&identity.User{Roles: c.roles}, c.start); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if (authn.Policy{}).Check() != nil || authn.HighSecurity().Check() != nil || (authn.Policy{Roles: map[string]string{"admin": "gold"}}).Check() == nil {
		t.Error("Check")
	}
}

// Nobody is asked for a second factor who has none; whoever has one is, with any of theirs,
// and backup codes among them (MFA-10, MFA-11, MFA-16).
func TestSecondFactor(t *testing.T) {
	equipped(t, func(f *fixture) {
		f.person(alice)
		in := f.half().SignedIn
		if in == nil {
			f.Fatal("a second factor of nobody was asked for")
		}
		if added := f.enroll(in, "app"); len(added.Codes) == 0 {
			t.Error("no backup codes came with the first factor")
		}
		out := f.half()
		f.offers("second", out.Next, "app", "paper")
		if out.SignedIn != nil || out.ExpiresIn != 5*time.Minute {
			t.Errorf("%+v", out)
		}
		_, err := f.step("app", out.Login, "000000")
		f.refuses("wrong code", err, identity.ErrCode)
		done, err := f.step("paper", out.Login, good)
		f.must(err)
		if acr := identity.ACR(done.SignedIn.Session.Proofs); acr != "aal2" {
			t.Errorf("acr %s", acr)
		}
		_, err = f.step("app", out.Login, good)
		f.refuses("the same sign-in again", err, identity.ErrLinkExpired)
	})
}

// A code never comes first: not on its own, and not in a sign-in that somebody began by an
// address without proving anything.
func TestNeverFirst(t *testing.T) {
	equipped(t, func(f *fixture) {
		f.person(alice)
		f.enroll(f.half().SignedIn, "app")
		f.Methods = append(f.Methods, &mailer{Flow: f.Flow})
		_, err := f.step("app", "", good)
		f.refuses("nobody's", err, identity.ErrRejected)
		out, _, err := f.Begin(f.Context(), authn.Answer{Method: "mailer", Input: authn.Input{Email: alice}})
		f.must(err)
		_, err = f.step("app", out.Login, good)
		f.refuses("in a sign-in without a proof", err, identity.ErrRejected)
	})
}

// Whoever must have a second factor and has none sets one up before they are in, and whoever
// has one cannot set up another in its place (MFA-14).
func TestMustEnroll(t *testing.T) {
	equipped(t, func(f *fixture) {
		user := f.person(alice)
		answer := authn.Answer{Method: authn.Password, Start: authn.Start{Mode: identity.ModeCookie}, Input: authn.Input{Email: alice, Password: passphrase}}
		_, err := f.Finish(f.Context(), answer)
		f.refuses("one proof", err, identity.ErrMustEnroll)
		login, methods := authn.LoginOf(err)
		f.offers("to set up", methods, "app", "key")

		s := authn.EnrollStep{Method: "app", Answer: authn.Answer{Login: login}, Input: authn.Input{Code: good}}
		_, err = f.FinishEnroll(f.Context(), s)
		f.refuses("not begun", err, authn.ErrNothingPending)
		_, err = f.BeginEnroll(f.Context(), s)
		f.must(err)
		wrong := s
		wrong.Input.Code = "000000"
		_, err = f.FinishEnroll(f.Context(), wrong)
		f.refuses("wrong code", err, identity.ErrCode)
		added, err := f.FinishEnroll(f.Context(), s)
		f.must(err)
		if in := added.Outcome.SignedIn; in == nil || !f.opens(in) || identity.ACR(in.Session.Proofs) != "aal2" || len(added.Codes) == 0 {
			f.Fatalf("%+v", added)
		}
		if len(f.events(user, identity.EventMFAEnrolled)) != 1 || len(f.events(user, identity.EventCredentialAdded)) != 2 {
			t.Error("the log does not tell of it")
		}

		out := f.half()
		f.offers("next time", out.Next, "app", "paper")
		s.Answer.Login = out.Login
		_, err = f.BeginEnroll(f.Context(), s)
		f.refuses("by whoever knows only the password", err, identity.ErrLinkExpired)
		s.Answer.Login = ""
		_, err = f.BeginEnroll(f.Context(), s)
		f.refuses("by nobody", err, identity.ErrLinkExpired)
	}, policy(authn.Policy{ACR: "aal2"}))
}

// A hundred failures in a row disable a factor, for the right code too, until it is set up
// anew; a success before that forgets them (BUG-27; NIST SP 800-63B-4 section 3.2.2).
func TestHundredInRow(t *testing.T) {
	equipped(t, func(f *fixture) {
		f.person(alice)
		in := f.half().SignedIn
		f.enroll(in, "app")
		fail := func(n int) {
			for i := range n {
				out := f.half()
				if _, err := f.step("app", out.Login, "000000"); err == nil {
					f.Fatal("a wrong code passed")
				}
				f.wait(time.Second) // the pause after the fourth
				if i%5 == 4 {
					f.wait(time.Hour)
				}
			}
		}
		fail(99)
		if out, err := f.step("app", f.half().Login, good); err != nil || out.SignedIn == nil {
			f.Fatalf("after 99 failures: %v", err)
		}
		fail(100)
		f.wait(time.Hour)
		_, err := f.step("app", f.half().Login, good)
		f.refuses("after 100 failures", err, identity.ErrCode)
		f.enroll(in, "app")
		if _, err := f.step("app", f.half().Login, good); err != nil {
			t.Errorf("set up anew: %v", err)
		}
	})
}
