package pages_test

import (
	"net/http"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// Somebody whose proof is old confirms that it is them and comes back (SES-20). The secret of
// the session is a new one then (BUG-20).
func TestStepUpByPassword(t *testing.T) {
	h := open(t).with()
	p := h.person()
	p.register()
	p.signIn()
	h.wait(10 * time.Minute)
	before := p.cookie("session")
	ask := p.open("/account/email").is(http.StatusOK, "Enter your password", "You are about to change your email address.").came("303 /step-up?for=email&returnTo=%2Faccount%2Femail")
	if n := ask.all(func(n *html.Node) bool { return n.Data == "a" && words(n) == "Cancel" }); len(n) != 1 || attr(n[0], "href") != "/account" {
		t.Error("there is no way out, or it leads back to the question")
	}
	ask.submit("/step-up").is(http.StatusBadRequest, "Error: Enter your password", "Enter a password.")
	ask.submit("/step-up", "password", "wrong").is(http.StatusBadRequest, "Error: Enter your password", "This is not your password.")
	ask.submit("/step-up", "password", secret).is(http.StatusOK, "Email address").came("303 /account/email")
	if after := p.cookie("session"); after == before || after == "" {
		t.Error("the session has the secret that it had")
	}
	p.open("/step-up?for=delete&returnTo=/account/devices").is(http.StatusOK, "Enter your password", "You are about to delete your account.").
		submit("/step-up", "password", secret).is(http.StatusOK, "Devices")
	p.open("/step-up?for=nonsense").is(http.StatusOK, "Enter your password")
	h.person().open("/step-up").is(http.StatusOK, "Sign in to Acme").came("303 /login?returnTo=%2Fstep-up")
}

// Whoever has a second factor is asked for it, a passkey before a code.
func TestStepUpByFactor(t *testing.T) {
	m := newSender()
	h := open(t).with(m, newGenerator())
	p := h.person()
	p.register()
	p.signIn()
	h.has("sender")
	h.has("generator")
	h.with(newDancer("dancer"))
	h.has("dancer")
	list := p.open("/step-up?returnTo=/account/devices&for=key").is(http.StatusOK, "Confirm that it is you", "You are about to make or change a key")
	first := list.all(func(n *html.Node) bool { return attr(n, "class") == "choice" })[0]
	if attr(first, "href") != "/step-up?for=key&method=dancer&returnTo=%2Faccount%2Fdevices" {
		t.Errorf("the first is %s", attr(first, "href"))
	}
	dance := p.open(attr(first, "href")).is(http.StatusOK, "Confirm that it is you")
	p.open("/step-up?method=sender&returnTo=/account/devices").submit("/step-up").
		is(http.StatusOK, "Confirm that it is you", "We sent a code to •• 42.").
		submit("/step-up", "code", m.wrong()).is(http.StatusBadRequest, "Error: Confirm that it is you").
		submit("/step-up", "code", m.code).is(http.StatusOK, "Devices")
	p.open("/step-up?method=generator").submit("/step-up", "code", right).is(http.StatusOK, "Profile")
	dance.submit("/step-up", "credential", `{"id":"known"}`) // its challenge was another sign-in's
	p.open("/step-up?method=dancer&returnTo=/account/devices").submit("/step-up", "credential", `{"id":"known"}`).is(http.StatusOK, "Devices")
}

// A form that is sent too late leads to the question and back to the form.
func TestStepUpForForm(t *testing.T) {
	h := open(t).with()
	p := h.person()
	p.register()
	p.signIn()
	form := p.open("/account/email").is(http.StatusOK, "Email address")
	h.wait(10 * time.Minute)
	form.submit("/account/email", "email", "new@example.com").is(http.StatusOK, "Enter your password").
		came("303 /step-up?for=email&returnTo=%2Faccount%2Femail").
		submit("/step-up", "password", secret).is(http.StatusOK, "Email address")
}

// A handle of a sign-in is none of a step-up, nor the other way round.
func TestStepUpIsNoSignIn(t *testing.T) {
	m := newSender()
	h := open(t).with(m)
	p := h.person()
	p.register()
	p.signIn()
	h.has("sender")
	p.open("/step-up?method=sender").submit("/step-up").is(http.StatusOK, "Confirm that it is you", "We sent a code")
	p.open("/login/mfa").is(http.StatusOK, "Profile").came("303 /account")
	h.wait(31 * time.Second)
	p.open("/login").came("303 /account")
}
