package browser_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"

	"github.com/gatehouse-id/gatehouse/identity"
)

const ada = "ada@example.com"

// settles makes the account of Ada and signs her in.
func (p *tab) settles() {
	p.Helper()
	p.register(ada)
	p.open("/login")
	p.signIn(ada, secret)
	p.sees("Profile")
}

// leaves signs out.
func (p *tab) leaves() {
	p.Helper()
	p.press("Sign out")
	p.sees("You are signed out")
}

// makesPasskey sets up a passkey, the first second factor, and puts the backup codes away.
func (p *tab) makesPasskey() {
	p.Helper()
	p.open("/account/security/add?method=passkey")
	p.press("Continue")
	p.fill("label", "Blue key")
	p.press("Create passkey")
	p.sees("Your backup codes")
	p.says("only this once")
	p.press("I have saved them")
	p.sees("Security")
	p.says("Blue key")
	p.says("A second factor is on")
}

// offered waits until the browser offers passkeys in the field for the address.
func (a *authenticator) offered() {
	a.Helper()
	for range 500 {
		if evaluate[bool](a.tab, `performance.getEntriesByType("resource").some((e) => e.name.endsWith("/auth/login/passkey") && e.responseEnd > 0)`) {
			time.Sleep(300 * time.Millisecond) // the browser tells nobody of the rest
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	a.Fatal("no passkeys were asked for")
}

// owner is Ada, signed in, with a passkey in an authenticator.
func owner(t *testing.T, kind webauthn.VirtualAuthenticatorOptions) *authenticator {
	t.Helper()
	p := open(t).sit(chromium(t))
	key := p.plug(kind)
	p.settles()
	p.makesPasskey()
	key.only()
	return key
}

// usesPasskey signs in by what the browser offers in the field for the address: an
// authenticator made of software takes it at once.
func (a *authenticator) usesPasskey() {
	a.Helper()
	a.open("/login")
}

// By the button, and by what the browser offers in the field for the address (PWL-07, PWL-10).
func TestPasskey(t *testing.T) {
	key := owner(t, smartphone)
	key.leaves()
	key.touched(false)
	key.open("/login")
	key.offered()
	key.sees("Sign in to Acme") // nobody touched what is offered in the field
	key.touched(true)
	key.press("Sign in with a passkey")
	key.sees("Profile")
	key.leaves()

	key.open("/login?returnTo=/account/devices") // what is offered in the field is taken
	key.sees("Devices")
	key.press("Security")
	key.sees("Security")
	key.says("Last used")
	key.quiet()
}

// After the password, and once more where a proof is old (MFA-15, ASVS 7.5.1).
func TestPasskeyAsSecondFactor(t *testing.T) {
	key := owner(t, smartphone)
	key.leaves()
	key.touched(false)
	key.open("/login")
	key.signIn(ada, secret)
	key.sees("One more step")
	key.choose("Passkey")
	key.sees("Use your passkey")
	key.press("Use your passkey")
	time.Sleep(300 * time.Millisecond)
	key.sees("Use your passkey") // nobody touched it
	key.touched(true)
	key.open("/login/mfa?method=passkey")
	key.press("Use your passkey")
	key.sees("Profile")

	key.wait(6 * time.Minute)
	key.open("/account/security/add?method=totp")
	key.sees("Confirm that it is you")
	key.choose("Passkey")
	key.sees("Use your passkey")
	key.press("Use your passkey")
	key.sees("Authenticator app")
	if n := len(key.events(identity.EventSteppedUp)); n != 1 {
		t.Errorf("%d times somebody proved again that it was them", n)
	}
	key.quiet()
}

// A counter that goes back is told to the log and to the owner, and stops nobody.
func TestClonedPasskey(t *testing.T) {
	key := owner(t, smartphone)
	key.leaves()
	early := *key.only()
	for range 2 {
		key.usesPasskey()
		key.sees("Profile")
		key.leaves()
	}
	if now := key.only().SignCount; now <= early.SignCount+1 || len(key.events(identity.EventCloneSuspected)) > 0 {
		t.Fatalf("the counter went from %v to %v", early.SignCount, now)
	}
	key.holds(&early)
	key.usesPasskey()
	key.sees("Profile")
	if list := key.events(identity.EventCloneSuspected); len(list) != 1 || list[0].Data["credential"] == "" {
		t.Errorf("the log has %v", list)
	}
	key.letter(ada, "may have been copied")
	key.press("Activity")
	key.says("A passkey that may be a copy was used")
	key.quiet()
}

// What was removed opens nothing, and the browser is told to offer it no more.
func TestRemovedPasskey(t *testing.T) {
	key := owner(t, smartphone)
	kept := *key.only()
	key.press("Remove")
	key.sees("Remove this?")
	key.press("Remove")
	key.sees("Security")
	key.says("It was removed.")
	key.says("No second factor is on")
	key.forgets()
	key.leaves()

	key.holds(&kept)
	key.usesPasskey()
	key.sees("Error: Sign in to Acme")
	key.says("This passkey was not accepted.")
	key.open("/account")
	key.sees("Sign in to Acme")
	key.quiet()
}

// forgets waits until the authenticator has no passkey any more.
func (a *authenticator) forgets() {
	a.Helper()
	for range 100 {
		if len(a.passkeys()) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	a.Errorf("the browser still offers %d passkeys", len(a.passkeys()))
}

// A challenge is what the sign-in page gets from the house.
type challenge struct {
	Login  string
	Prompt struct{ Ceremony json.RawMessage }
}

// asks gets a challenge for whoever sits at the sign-in page.
func (p *tab) asks() (c challenge) {
	p.Helper()
	text := evaluate[string](p, `fetch("/auth/login/passkey", {method: "POST", body: JSON.stringify({mode: "cookie"}),
		headers: {"Content-Type": "application/json", "X-CSRF-Token": document.querySelector("[name=csrf_token]").value}}).then((r) => r.text())`)
	if err := json.Unmarshal([]byte(text), &c); err != nil || c.Login == "" {
		p.Fatalf("the house answers %s: %v", text, err)
	}
	return c
}

// signs lets the authenticator answer a challenge on the page that is open, with some options
// changed.
func (a *authenticator) signs(c challenge, changes string) (credential string) {
	a.Helper()
	return evaluate[string](a.tab, fmt.Sprintf(`(async () => {
		const json = %s;
		const options = {...(json.publicKey ?? json), ...%s};
		const got = await navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)});
		return JSON.stringify(got.toJSON());
	})()`, c.Prompt.Ceremony, changes))
}

// presents sends an answer with the form of the sign-in page.
func (p *tab) presents(c challenge, credential string) {
	p.Helper()
	evaluate[bool](p, fmt.Sprintf(`(() => {
		const form = document.querySelector("form[data-passkey]");
		form.querySelector("[name=login]").value = %q;
		form.querySelector("[name=credential]").value = %q;
		form.submit();
		return true;
	})()`, c.Login, credential))
}
