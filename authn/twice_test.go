package authn_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// The same proof twice is one proof, and a mail beside a password is no second factor in
// whichever order they come: whoever has one is asked for it (MFA-10, MFA-16).
func TestTwiceTheSame(t *testing.T) {
	withMailer(t, func(f *fixture, m *mailer) {
		f.enroll(f.half().SignedIn, "app")
		again := authn.Answer{Method: authn.Password, Login: f.half().Login, Input: authn.Input{Email: alice, Password: passphrase}}
		out, err := f.Finish(f.Context(), again)
		f.closed("the password twice", out, err)

		login := f.ask(identity.ModeCookie)
		out, err = f.byCode(login, m.code)
		f.must(err)
		f.offers("after the mail", out.Next, "app", "paper")
		again.Login, again.Visit = out.Login, visit
		out, err = f.Finish(f.Context(), again)
		f.closed("the password after the mail", out, err)
	})
}

// closed fails if a sign-in that lacks its second factor has ended.
func (f *fixture) closed(what string, out authn.Outcome, err error) {
	f.Helper()
	if out.SignedIn != nil {
		f.Errorf("%s signed in", what)
		return
	}
	if err == nil {
		f.offers(what, out.Next, "app", "paper")
	}
}
