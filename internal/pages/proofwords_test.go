package pages_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
)

// The pages of proofs speak one language, whatever is asked for and whatever goes wrong.
func TestProofsInEveryLanguage(t *testing.T) {
	for _, tag := range []string{"en", "ar"} {
		app, phone := newGenerator(), newSender()
		app.id, phone.id = "totp", "sms"
		post := newPostman()
		h := open(t).with(app, phone, newDancer("passkey"), post)
		h.person().register()
		for _, id := range []identity.MethodID{"totp", "sms", "passkey"} {
			h.has(id)
		}
		p := h.person()
		p.sends["Accept-Language"] = tag
		see := func(pg *page) *page {
			t.Helper()
			text := words(pg.root)
			if pg.status == http.StatusInternalServerError || !strings.Contains(pg.text, `lang="`+tag+`"`) || gap.MatchString(text) {
				t.Errorf("%s in %s: %d %q", pg.url, tag, pg.status, text)
			}
			if tag == "ar" && regexp.MustCompile(`[a-z]{3,} [a-z]{3,}`).MatchString(text) {
				t.Errorf("%s speaks English: %q", pg.url, text)
			}
			return pg
		}
		for _, path := range []string{
			"/login?done=over", "/login?done=tries", "/login/link", "/forgot", "/forgot/sent", "/reset-password/done", "/unlock/done", "/not-me/done",
			"/email/half", "/email/done", "/recover/done", "/recover/stop?token=x", "/recover/stop/done", "/recover/help",
			"/reset-password", "/auth/verify", "/unlock?token=" + strings.Repeat("a", 43),
		} {
			see(p.open(path))
		}
		see(see(p.open("/login/link").submit("/login/link", "email", ada)).submit("/login/mfa", "code", other(post.code)))
		see(see(p.open(post.link)).open(strings.Replace(post.link, "token=", "token=x", 1)))
		see(h.person().in(tag).open(post.link))
		see(p.open("/login").submit("/login", "email", ada, "password", secret))
		for _, method := range []string{"totp", "sms", "passkey"} {
			see(p.open("/login/mfa?method=" + method))
		}
		see(see(p.open("/login/mfa?method=sms").submit("/login/mfa")).submit("/login/mfa", "code", phone.wrong()))
		p.open("/login/mfa?method=totp").submit("/login/mfa", "code", right).came("303 /account")
		see(p.open("/step-up?for=delete"))
		see(p.open("/step-up?method=totp").submit("/step-up"))
	}
}

// in makes a person prefer a language.
func (p *person) in(tag string) *person {
	p.sends["Accept-Language"] = tag
	return p
}

// All our scripts keep nothing in the browser (STO-01) and write no markup (XSS-02).
func TestScriptOfPasskeys(t *testing.T) {
	h := open(t).with(newDancer("passkey"))
	p := h.person()
	login := p.open("/login")
	if !strings.Contains(login.text, "/passkey.js") {
		t.Fatal("the page has no such script")
	}
	for _, name := range []string{"passkey.js", "webauthn.js"} {
		script := p.open("/static/x/" + name)
		if script.status != http.StatusOK || script.header.Get("Content-Type") != "text/javascript; charset=utf-8" {
			t.Errorf("%s is %d", name, script.status)
		}
		for _, word := range []string{"Storage", "indexedDB", "cookie", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval"} {
			if strings.Contains(script.text, word) {
				t.Errorf("%s uses %s", name, word)
			}
		}
	}
}
