package browser_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
)

// opens reports what a route for API keys answers to one.
func (h *house) opens(key string) int {
	rule := guard.Rule{Schemes: []identity.SchemeID{identity.SchemeAPIKey}}
	r := httptest.NewRequestWithContext(h.Context(), http.MethodGet, "/exports", nil)
	r.Header.Set("X-API-Key", key)
	w := httptest.NewRecorder()
	h.gate.Protect(rule, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
	return w.Code
}

// keyOf makes a key by clicks, and reads it from the page that shows it this once.
func (p *tab) keyOf(name string) string {
	p.Helper()
	p.press("API keys")
	p.sees("API keys")
	p.press("New key")
	p.sees("New API key")
	p.fill("name", name)
	p.press("Create key")
	p.sees("Your API key")
	return evaluate[string](p, `document.querySelector("#key code").textContent`)
}

// Somebody makes a key, a program uses it, and it is over with it once it is revoked: with
// scripts and without.
func TestAPIKey(t *testing.T) {
	h, browser := open(t), chromium(t)
	p, plain := h.sit(browser), h.sit(browser)
	plain.do(call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	p.register(ada)
	for _, p := range []*tab{p, plain} {
		p.open("/login")
		p.signIn(ada, secret)
		p.sees("Profile")
		key := p.keyOf("Nightly build")
		if got := h.opens(key); got != http.StatusOK {
			t.Errorf("the key is answered %d", got)
		}
		p.press("I have saved it")
		p.sees("API keys")
		p.press("Revoke")
		p.sees("Revoke this key?")
		p.press("Revoke key")
		p.says("You have no API keys.")
		if got := h.opens(key); got != http.StatusUnauthorized {
			t.Errorf("the revoked key is answered %d", got)
		}
	}
	p.quiet()
}

// The pages of API keys, in the states that they can be in.
func TestAccessibleAPIKeys(t *testing.T) {
	h := open(t)
	p := h.auditor(t)
	p.register(ada)
	p.open("/login")
	p.signIn(ada, secret)
	p.sees("Profile")
	p.audit("/account/keys")
	p.audit("/account/keys/new")
	p.press("Create key")
	p.looks("Error: New API key")
	p.fill("name", "Nightly build")
	p.press("Create key")
	p.looks("Your API key")
	p.press("I have saved it")
	p.looks("API keys")
	for what, title := range map[string]string{"Rename": "Rename this key", "Rotate": "Rotate this key", "Revoke": "Revoke this key?"} {
		p.open("/account/keys")
		p.press(what)
		p.looks(title)
	}
	p.audit("/account/keys?ui_locales=ar")
}
