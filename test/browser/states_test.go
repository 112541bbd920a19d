package browser_test

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/recovery"
	"github.com/gatehouse-id/gatehouse/method/sms"
)

// looks audits the page that is open, which cannot be opened again.
func (p *tab) looks(title string) {
	p.Helper()
	p.sees(title)
	p.inspect(title)
}

// The pages of somebody who sets up second factors, in the states that they can be in.
func TestAccessibleFactors(t *testing.T) {
	h := open(t, texting)
	p := h.auditor(t)
	key := p.plug(smartphone)
	p.settles()
	p.audit("/account/security/add?method=sms")
	p.audit("/account/security/add?method=totp")
	p.press("Continue")
	p.says("Scan this")
	a := p.reads()
	p.looks("Authenticator app")
	p.fill("code", a.wrong())
	p.press("Confirm")
	p.looks("Error: Authenticator app")
	p.fill("code", a.code())
	p.press("Confirm")
	p.looks("Your backup codes")
	p.press("I have saved them")
	p.sees("Security")
	p.open("/account/security/add?method=passkey")
	p.press("Continue")
	p.says("Name for it")
	p.looks("Passkeys")
	p.fill("label", "Blue key")
	p.press("Create passkey")
	p.sees("Security")
	p.audit("/account/security?done=added")
	p.audit("/account/security?ui_locales=ar")
	p.audit("/account/security/codes")
	p.audit("/account/email")
	p.audit("/account/email?done=moving")
	p.open("/account/security?ui_locales=en")
	p.press("Rename")
	p.looks("Rename")
	p.open("/account/security")
	p.press("Remove")
	p.looks("Remove this?")
	p.audit("/account/delete")
	p.press("Delete for good")
	p.looks("Error: Delete your account")
	p.wait(6 * time.Minute)
	p.audit("/account/delete") // the step-up
	p.audit("/step-up?method=passkey&for=key")
	p.audit("/step-up?method=totp")
	p.open("/logout")
	p.press("Sign out")
	p.looks("You are signed out")
	key.touched(false) // else the passkey is taken as soon as the page offers it
	p.isAsked(a)
}

// isAsked goes through the pages of a sign-in with a second factor.
func (p *tab) isAsked(a app) {
	p.Helper()
	p.open("/login")
	p.signIn(ada, secret)
	p.looks("One more step")
	p.audit("/login/mfa?method=passkey")
	p.audit("/login/mfa?method=backup-code")
	p.audit("/login/mfa?method=totp")
	p.enters(a.wrong())
	p.looks("Error: Enter the code")
	p.enters(a.next())
	p.sees("Profile")
}

func texting(c *gatehouse.Config) {
	c.Texter = &notify.Capture{}
	c.Methods = append(c.Methods, &sms.Method{})
}

// The pages of whoever must set a second factor up before they are in.
func TestAccessibleEnrolment(t *testing.T) {
	h := open(t, func(c *gatehouse.Config) { c.Proofs = authn.HighSecurity() })
	p := h.auditor(t)
	p.register(ada)
	p.open("/login")
	p.signIn(ada, secret)
	p.looks("Make your account safer")
	p.choose("Passkeys")
	p.sees("Set up: Passkeys")
	p.press("Continue")
	p.says("Begin again")
	p.looks("Set up: Passkeys")
	p.open("/login/enroll?method=totp")
	p.press("Continue")
	p.says("Scan this")
	a := p.reads()
	p.looks("Set up: Authenticator app")
	p.fill("code", a.code())
	p.press("Confirm")
	p.looks("Keep these backup codes")
	p.press("I have saved them, continue")
	p.sees("Profile")
}

// The pages to which the links of mails lead, before and after they are pressed.
func TestAccessibleLetters(t *testing.T) {
	h := open(t)
	p := h.auditor(t)
	p.register(ada)
	for _, path := range []string{
		"/login/link", "/forgot", "/forgot/sent", "/reset-password", "/reset-password/done", "/unlock/done", "/not-me?token=x",
		"/not-me/done", "/email/half", "/email/done", "/recover/done", "/recover/help", "/recover/stop?token=x", "/recover/stop/done",
		"/account-deleted", "/login?done=tries", "/login?done=over",
	} {
		p.audit(path)
	}
	link, _ := p.asksForLink()
	p.looks("Check your mail")
	p.fill("code", "000000")
	p.press("Sign in")
	p.looks("Error: Check your mail")
	p.do(call(network.ClearBrowserCookies, cdp.Empty{}))
	p.audit(link) // as in another browser
	p.open("/forgot")
	p.fill("email", ada)
	p.press("Send me a link")
	p.sees("Check your mail")
	p.audit(h.linkTo(ada, "/reset-password"))
	p.press("Save password")
	p.looks("Error: Choose a new password")
	p.audit(h.recovers())
	h.wait(25 * time.Hour)
	p.audit(h.linkTo(ada, "/recover"))
}

// recovers begins the recovery of Ada's account, as an administrator does, and returns the
// link.
func (h *house) recovers() (link string) {
	h.Helper()
	user, err := h.gate.Accounts.ByEmail(h.Context(), ada)
	if err != nil {
		h.Fatal(err)
	}
	restorer := recovery.Restorer{Accounts: h.gate.Accounts, Flow: h.gate.Flow, Now: h.now}
	if _, err := restorer.BeginRecovery(h.Context(), user.ID); err != nil {
		h.Fatal(err)
	}
	return h.linkTo(ada, "/recover")
}
