package browser_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/method/password"
)

// A wary method asks for a CAPTCHA although nobody has failed yet.
type wary struct {
	*password.Method
	asks atomic.Bool
}

func (m *wary) Finish(ctx context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	if m.asks.Load() {
		return identity.Proof{}, identity.ErrCaptcha
	}
	return m.Method.Finish(ctx, l, in)
}

// suspicious lets a house ask everybody for a CAPTCHA, as long as asks is set.
func (h *house) suspicious() *wary {
	m := &wary{Method: h.gate.Flow.Methods[0].(*password.Method)}
	m.asks.Store(true)
	h.gate.Flow.Methods[0] = m
	return m
}

// until waits until something is true of the page.
func (p *tab) until(what, script string) {
	p.Helper()
	for end := time.Now().Add(time.Minute); !evaluate[bool](p, script); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			p.Fatalf("%s: never", what)
		}
	}
}

// After seven failures the eighth attempt needs work, which the browser does by itself: the
// person types their password again and is in (RAT-10, BUG-24).
func TestCaptcha(t *testing.T) {
	h := open(t, easy)
	p := h.sit(chromium(t))
	p.register("ada@example.com")
	p.press("Sign in")
	p.sees("Sign in to Acme")
	p.fill("email", "ada@example.com")
	for range 7 {
		p.fill("password", "not my password")
		p.press("Sign in")
		// The page before said the same; only the next one has an empty password.
		p.until("the refusal", `document.getElementById("password")?.value === "" && document.title.startsWith("Error")`)
		p.says("do not match")
		h.wait(20 * time.Second) // longer than any delay
	}
	p.fill("password", secret)
	p.press("Sign in")
	p.says("One more check")
	if address := evaluate[string](p, `document.getElementById("email").value`); address != "ada@example.com" {
		t.Errorf("the address is %q", address)
	}
	p.fill("password", secret)
	p.press("Sign in") // the work may not be done yet: the form waits for it
	p.sees("Profile")
	p.quiet()
}

// The page works in silence, keeps what was typed but the password, and can be used without a
// mouse, in every theme and in Arabic; what its browser computes passes, once.
func TestCaptchaPage(t *testing.T) {
	h := open(t, easy)
	door := h.suspicious()
	p := h.auditor(t)
	for _, path := range []string{"/login", "/login?ui_locales=ar"} {
		p.open(path)
		p.fill("email", "ada@example.com")
		p.do(chromedp.SendKeys(chromedp.ID("password"), secret+"\r"))
		p.until("the answer", `!!document.querySelector("[name=captcha]")?.value`)
		if said := evaluate[string](p, `document.querySelector("[data-captcha][role=status]").textContent`); said == "" {
			t.Error("the page says nothing of it")
		}
		if typed := evaluate[string](p, `document.getElementById("email").value + "|" + document.getElementById("password").value`); typed != "ada@example.com|" {
			t.Errorf("the form has %q", typed)
		}
		p.inspect(path)
		answer := evaluate[string](p, `document.querySelector("[name=captcha]").value`)
		if err := h.gate.Flow.Captcha.Verify(t.Context(), answer); err != nil {
			t.Errorf("the answer: %v", err)
		}
		if err := h.gate.Flow.Captcha.Verify(t.Context(), answer); err == nil {
			t.Error("the answer passes twice")
		}
	}
	// With a wrong password the page comes again with another one, because the next attempt needs it.
	door.asks.Store(false)
	p.fill("password", "not my password")
	p.do(chromedp.SendKeys(chromedp.ID("password"), "\r"))
	p.until("another answer", `!!document.querySelector(".note.bad h2")?.textContent.includes("غير متطابقين") && !!document.querySelector("[name=captcha]")?.value`)
	p.quiet()
}

// A form that is sent before the work is done waits for it, and the page stays alive meanwhile.
func TestCaptchaWaits(t *testing.T) {
	h := open(t, func(c *gatehouse.Config) { c.Captcha.Difficulty = 20_000 })
	door := h.suspicious()
	p := h.sit(chromium(t))
	p.open("/login")
	p.fill("email", "ada@example.com")
	p.fill("password", secret)
	p.press("Sign in")
	p.says("One more check")
	door.asks.Store(false)
	p.fill("password", secret)
	evaluate[bool](p, `setInterval(() => { sessionStorage.ticks = 1 + Number(sessionStorage.ticks ?? 0) }, 20), true`)
	p.press("Sign in")
	p.says("do not match") // nobody has this account: the form was sent by itself
	if ticks := evaluate[int](p, `Number(sessionStorage.ticks)`); ticks < 5 {
		t.Errorf("the page moved %d times while it worked", ticks)
	}
	p.quiet()
}

// What the check needs and the browser lacks is told, with the other ways in.
func TestCaptchaWithout(t *testing.T) {
	h := open(t, easy)
	h.suspicious()
	p := h.sit(chromium(t))
	p.do(call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	p.open("/login")
	p.fill("email", "ada@example.com")
	p.fill("password", secret)
	p.press("Sign in")
	p.says("needs JavaScript, which is switched off here")
	p.says("Email me a sign-in link")
}

// The script of a vendor is let in where its widget is shown, and nowhere else.
func TestCaptchaOfVendor(t *testing.T) {
	h := open(t, func(c *gatehouse.Config) {
		c.Captcha = gatehouse.Captcha{Provider: "turnstile", SiteKey: "0xSITE", Secret: "secret"}
	})
	h.suspicious()
	p := h.sit(chromium(t))
	p.open("/login")
	if n := evaluate[int](p, `document.querySelectorAll("script[src^=https]").length`); n != 0 {
		t.Errorf("%d foreign scripts before anybody has failed", n)
	}
	p.fill("email", "ada@example.com")
	p.fill("password", secret)
	p.press("Sign in")
	p.says("One more check")
	if sitekey := evaluate[string](p, `document.querySelector("form .cf-turnstile").dataset.sitekey`); sitekey != "0xSITE" {
		t.Errorf("the widget is of %q", sitekey)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.complaints { // this machine may have no network, but the policy must not be why
		if strings.Contains(c, "policy") {
			t.Error(c)
		}
	}
}
