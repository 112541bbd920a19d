package pages_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// A turnkey is a CAPTCHA that knows one answer, and keeps what it was asked.
type turnkey struct{ asked []string }

func (k *turnkey) Verify(_ context.Context, response string) error {
	k.asked = append(k.asked, response)
	if response != "I am somebody" {
		return identity.ErrCaptcha
	}
	return nil
}

// From failure 7 on the form has a CAPTCHA, keeps the address, and hands over what was answered:
// in our own field, or where the script of a vendor left it (RAT-10, BUG-24).
func TestCaptchaInForm(t *testing.T) {
	for _, c := range []struct {
		choice       gatehouse.Captcha
		field, shows string
	}{
		{gatehouse.Captcha{}, "captcha", `data-captcha="work" data-challenge="/auth/captcha"`},
		{gatehouse.Captcha{Provider: "turnstile", SiteKey: "0xSITE", Secret: "s"}, "cf-turnstile-response", `<div class="cf-turnstile" data-sitekey="0xSITE" data-action="login">`},
		{gatehouse.Captcha{Provider: "hcaptcha", SiteKey: "0xSITE", Secret: "s"}, "h-captcha-response", `<div class="h-captcha" data-sitekey="0xSITE"`},
		{gatehouse.Captcha{Provider: "recaptcha", SiteKey: "0xSITE", Secret: "s"}, "captcha", `src="https://www.google.com/recaptcha/api.js?render=0xSITE"`},
	} {
		h := open(t, func(config *gatehouse.Config) { config.Captcha = c.choice })
		key := &turnkey{}
		h.gate.Flow.Captcha = key
		p := h.person()
		p.register()
		form := p.open("/login")
		for range 7 {
			form.submit("/login", "email", ada, "password", "wrong").is(http.StatusUnauthorized, "Error: Sign in to Acme", "do not match")
			h.wait(20 * time.Second) // longer than any delay
		}
		asked := form.submit("/login", "email", ada, "password", secret).is(http.StatusForbidden, "Error: Sign in to Acme", "One more check", "needs JavaScript")
		if !strings.Contains(asked.text, c.shows) || !strings.Contains(asked.text, `value="`+ada+`"`) || strings.Contains(asked.text, secret) {
			t.Errorf("%s: the page is\n%s", c.choice.Provider, asked.text)
		}
		if policy := asked.header.Get("Content-Security-Policy"); (policy == web.PagePolicy) != (c.choice.Provider == "") {
			t.Errorf("%s: the policy is %s", c.choice.Provider, policy)
		}
		if policy := p.open("/login").header.Get("Content-Security-Policy"); policy != web.PagePolicy {
			t.Errorf("%s: before, the policy is %s", c.choice.Provider, policy)
		}
		again := form.submit("/login", "email", ada, "password", "wrong", c.field, "I am somebody").is(http.StatusUnauthorized, "Error: Sign in to Acme", "do not match")
		if !strings.Contains(again.text, c.shows) {
			t.Errorf("%s: the next attempt needs one too, and the page has none", c.choice.Provider)
		}
		h.wait(20 * time.Second)
		form.submit("/login", "email", ada, "password", secret, c.field, "I am somebody").came("303 /account")
		if got := strings.Join(key.asked, ","); got != ",I am somebody,I am somebody" {
			t.Errorf("%s: the CAPTCHA was asked %q", c.choice.Provider, got)
		}
	}
}
