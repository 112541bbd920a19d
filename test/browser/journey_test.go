package browser_test

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const (
	secret   = "horses gallop at dawn"
	newWords = "owls whisper after dusk"
)

func (p *tab) register(email string) {
	p.Helper()
	p.open("/signup")
	p.fill("name", "Ada Okafor")
	p.fill("email", email)
	p.fill("password", secret)
	p.press("Create account")
	p.sees("Check your mail")
	p.open(p.link())
	p.press("Confirm address")
	p.sees("Your address is confirmed")
}

func (p *tab) signIn(email, password string) {
	p.Helper()
	p.fill("email", email)
	p.fill("password", password)
	p.press("Sign in")
}

// journey is what a person does from the first visit to the last, by clicks alone.
func journey(t *testing.T, h *house, here, there *tab, email string) {
	t.Helper()
	here.register(email)
	here.press("Sign in")
	here.sees("Sign in to Acme")
	here.signIn(email, "not my password")
	here.sees("Error: Sign in to Acme")
	here.fill("password", secret) // the address was kept
	here.press("Sign in")
	here.sees("Profile")

	there.open("/account/devices")
	there.sees("Sign in to Acme")
	there.signIn(email, secret)
	there.sees("Devices")
	here.press("Devices")
	here.sees("Devices")

	here.press("Password")
	here.sees("Password")
	here.fill("currentPassword", secret)
	here.fill("newPassword", newWords)
	here.press("Change password")
	here.sees("Password")
	h.link() // of the mail that tells of it
	there.press("Activity")
	there.sees("Sign in to Acme")
	there.signIn(email, newWords)
	there.sees("Activity")

	here.press("Sign out")
	here.sees("You are signed out")
	here.press("Sign in again")
	here.sees("Sign in to Acme")
	here.quiet()
	there.quiet()
}

// A real browser, by clicks (TST-01).
func TestJourney(t *testing.T) {
	h, browser := open(t), chromium(t)
	journey(t, h, h.sit(browser), h.sit(browser), "ada@example.com")
}

func TestJourneyWithoutScripts(t *testing.T) {
	h, browser := open(t), chromium(t)
	here, there := h.sit(browser), h.sit(browser)
	for _, p := range []*tab{here, there} {
		p.do(call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	}
	journey(t, h, here, there, "ada@example.com")
	here.open("/login")
	if n := evaluate[int](here, `document.querySelectorAll(".affix button:not([hidden])").length`); n != 0 {
		t.Error("a button that needs scripts is shown without them")
	}
}

func TestShowPassword(t *testing.T) {
	h, browser := open(t), chromium(t)
	p := h.sit(browser)
	p.open("/login")
	p.fill("password", "abc")
	state := `[password.type, document.querySelector(".affix button").ariaPressed, document.activeElement.id].join(" ")`
	p.press("Show")
	if got := evaluate[string](p, state); got != "text true password" {
		t.Errorf("shown: %s", got)
	}
	p.press("Show")
	if got := evaluate[string](p, state); got != "password false password" {
		t.Errorf("hidden: %s", got)
	}
	p.press("Show")
	p.do(chromedp.KeyEvent(kb.Enter))
	p.sees("Error: Sign in to Acme")
	p.quiet()
}

// Where something is wrong, the page begins with what, and each fault leads to its input.
func TestErrorsAreFirst(t *testing.T) {
	h, browser := open(t), chromium(t)
	p := h.sit(browser)
	p.open("/login")
	if got := evaluate[string](p, `document.activeElement.id`); got != "email" {
		t.Errorf("the page begins with %q", got)
	}
	p.press("Sign in")
	p.sees("Error: Sign in to Acme")
	if got := evaluate[string](p, `document.activeElement.role`); got != "alert" {
		t.Errorf("the page with errors begins with %q", got)
	}
	p.press("Enter a password.")
	if got := evaluate[string](p, `document.activeElement.id`); got != "password" {
		t.Errorf("the fault leads to %q", got)
	}
	p.quiet()
}

// A button pressed twice sends its form once (and says that it is busy).
func TestSentOnce(t *testing.T) {
	h, browser := open(t), chromium(t)
	p := h.sit(browser)
	p.open("/signup")
	p.fill("email", "ada@example.com")
	p.fill("password", secret)
	busy := evaluate[bool](p, `(() => { const b = document.querySelector(".primary"); b.click(); b.click(); return b.ariaBusy === "true" })()`)
	p.sees("Check your mail")
	if !busy {
		t.Error("the button does not say that it is busy")
	}
	h.link()
	if n := len(h.mail.List()); n != 0 {
		t.Errorf("%d more mails came", n)
	}
	p.quiet()
}
