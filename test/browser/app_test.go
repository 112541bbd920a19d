package browser_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"
)

// An app is an authenticator application on the phone of Ada, whose clock is right.
type app struct {
	*house
	key string
}

// reads takes over the key that the page shows to whoever cannot scan.
func (p *tab) reads() app {
	p.Helper()
	if !evaluate[bool](p, `document.querySelector(".qr svg") !== null`) {
		p.Error("there is nothing to scan")
	}
	return app{p.house, strings.ReplaceAll(evaluate[string](p, `document.querySelector("code.key").textContent`), " ", "")}
}

func (a app) at(moment time.Time) string {
	a.Helper()
	code, err := totp.GenerateCode(a.key, moment)
	if err != nil {
		a.Fatal(err)
	}
	return code
}

// code is what the app shows now.
func (a app) code() string { return a.at(a.now()) }

// next is what it shows after half a minute.
func (a app) next() string {
	a.wait(30 * time.Second)
	return a.code()
}

// wrong is a code that it has not shown lately, and will not soon.
func (a app) wrong() string {
	a.Helper()
	var near []string
	for steps := -3; steps <= 3; steps++ {
		near = append(near, a.at(a.now().Add(time.Duration(steps)*30*time.Second)))
	}
	for _, code := range []string{"000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777"} {
		if !slices.Contains(near, code) {
			return code
		}
	}
	panic("there are seven codes and eight guesses")
}

// makesApp sets up an authenticator application, the first second factor, and returns the
// backup codes with it.
func (p *tab) makesApp() (a app, codes []string) {
	p.Helper()
	p.open("/account/security/add?method=totp")
	p.sees("Authenticator app")
	p.press("Continue")
	p.says("Scan this")
	a = p.reads()
	p.fill("code", a.code())
	p.press("Confirm")
	p.sees("Your backup codes")
	codes = evaluate[[]string](p, `Array.from(document.querySelectorAll("#codes code"), (c) => c.textContent)`)
	p.press("I have saved them")
	p.sees("Security")
	p.says("A second factor is on")
	return a, codes
}

// begins passes the first step by password and chooses how to go on.
func (p *tab) begins(way string) {
	p.Helper()
	p.open("/login")
	p.signIn(ada, secret)
	p.sees("One more step")
	p.choose(way)
}

// enters answers with a code.
func (p *tab) enters(code string) {
	p.Helper()
	p.fill("code", code)
	p.press("Continue")
}

// apps is what Ada does with an authenticator application, on a phone and on paper.
func apps(p *tab) {
	p.Helper()
	p.settles()
	p.open("/account/security/add?method=totp")
	p.press("Continue")
	p.says("Scan this")
	before := p.reads()
	p.fill("code", before.wrong())
	p.press("Confirm")
	p.sees("Error: Authenticator app")
	p.says("That is not the right code.")
	a := p.reads()
	if a.key != before.key {
		p.Fatal("what the phone has scanned already is worth nothing any more")
	}
	p.fill("code", a.code())
	p.press("Confirm")
	p.sees("Your backup codes")
	p.says("You see these codes only this once.")
	p.press("I have saved them")
	p.sees("Security")
	p.says("A second factor is on")
	p.leaves()

	p.begins("Authenticator app")
	p.sees("Enter the code")
	code := a.next()
	p.enters(code)
	p.sees("Profile")
	p.leaves()
	p.begins("Authenticator app")
	p.sees("Enter the code")
	p.enters(code) // once more
	p.sees("Error: Enter the code")
	p.says("You have 4 tries left.")
	p.enters(a.next())
	p.sees("Profile")
	p.press("Security")
	p.sees("Security")
	p.says("Last used")
	p.quiet()
}

// Set up by the page, wrong and right, and used (MFA-02, MFA-03, MFA-04, MFA-09, MFA-10).
func TestApp(t *testing.T) {
	apps(open(t).sit(chromium(t)))
}

func TestAppWithoutScripts(t *testing.T) {
	p := open(t).sit(chromium(t))
	p.do(call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	apps(p)
	p.press("Make new ones")
	p.sees("Make new backup codes?")
	p.press("Make new codes")
	p.sees("Your backup codes")
	p.open("/account/security/add?method=passkey")
	p.press("Continue")
	p.says("This step needs JavaScript")
}

// A code on paper works once, where the phone is gone (MFA-11).
func TestBackupCode(t *testing.T) {
	p := open(t).sit(chromium(t))
	p.settles()
	_, codes := p.makesApp()
	if len(codes) != 10 {
		t.Fatalf("there are %d codes", len(codes))
	}
	p.leaves()
	p.begins("Backup code")
	p.sees("Enter a backup code")
	p.enters(codes[3])
	p.sees("Profile")
	p.letter(ada, "A backup code was used")
	p.press("Security")
	p.sees("Security")
	p.says("Codes left: 9.")
	p.leaves()
	p.begins("Backup code")
	p.sees("Enter a backup code")
	p.enters(codes[3])
	p.sees("Error: Enter a backup code")
	p.enters(strings.ToUpper(codes[4]))
	p.sees("Profile")
	p.quiet()
}

// A device that is remembered is not asked again, until it is forgotten.
func TestRememberedDevice(t *testing.T) {
	p := open(t).sit(chromium(t))
	p.settles()
	a, _ := p.makesApp()
	p.leaves()
	p.begins("Authenticator app")
	p.sees("Enter the code")
	p.do(chromedp.Click(chromedp.CSS("[name=rememberDevice]")))
	p.enters(a.next())
	p.sees("Profile")
	p.leaves()
	p.open("/login")
	p.signIn(ada, secret)
	p.sees("Profile")
	p.press("Security")
	p.says("Remembered devices")
	p.wait(6 * time.Minute)
	p.press("Forget")
	p.sees("Confirm that it is you") // a password alone takes nothing away
	p.choose("Authenticator app")
	p.sees("Enter the code")
	p.enters(a.next())
	p.sees("Remove this?")
	p.press("Forget")
	p.sees("Security")
	p.says("It was removed.")
	p.leaves()
	p.begins("Authenticator app")
	p.quiet()
}

// Five tries, then the sign-in is over; one more begins anew (MFA-07).
func TestTooManyCodes(t *testing.T) {
	h := open(t)
	p := h.sit(chromium(t))
	p.settles()
	a, _ := p.makesApp()
	p.leaves()
	p.begins("Authenticator app")
	p.sees("Enter the code")
	for _, left := range []string{"4 tries", "3 tries", "2 tries", "1 try"} {
		p.enters(a.wrong())
		p.says("You have " + left + " left.")
		h.wait(time.Second) // the pause after the fourth
	}
	p.enters(a.wrong())
	p.sees("Sign in to Acme")
	p.says("Those were too many wrong codes.")
	p.begins("Authenticator app")
	p.sees("Enter the code")
	p.enters(a.next())
	p.sees("Profile")
	p.quiet()
}
