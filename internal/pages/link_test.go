package pages_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
)

// wish asks for a link to an address and returns the page that says so.
func (p *person) wish(email string) *page {
	p.Helper()
	return p.open("/login/link?returnTo=/account/devices").submit("/login/link", "email", email).is(http.StatusOK, "Check your mail")
}

// A link opens a sign-in in the browser that asked, by a press and not by a look (BUG-28).
func TestLinkInSameBrowser(t *testing.T) {
	m := newPostman()
	h := open(t).with(m)
	h.person().register()
	p := h.person()
	p.open("/login?returnTo=/account/devices").is(http.StatusOK, "Sign in to Acme", "Email me a sign-in link")
	p.wish(ada).is(http.StatusOK, "Check your mail", "If ada@example.com has an account").came("303 /login/link/sent?returnTo=%2Faccount%2Fdevices")
	for range 2 {
		p.open(m.link).is(http.StatusOK, "Sign in to Acme", "As ada@example.com.")
	}
	follow := p.open(m.link)
	if follow.blank("code") != nil || !strings.Contains(follow.text, " data-auto>") {
		t.Error("the browser that asked is asked for the code")
	}
	follow.submit("/login/link/finish").is(http.StatusOK, "Devices").came("303 /account/devices")
	p.open(m.link).is(http.StatusOK, "Profile").came("303 /account") // in already: no dead end
	h.person().open(m.link).is(http.StatusGone, "This link no longer works", "Get a new link")
}

// Elsewhere the code in the mail must be typed: whoever presses every button does not type.
func TestLinkInAnotherBrowser(t *testing.T) {
	m := newPostman()
	h := open(t).with(m)
	h.person().register()
	h.person().wish(ada)
	follow := h.person().open(m.link).is(http.StatusOK, "Enter the code from the mail", "This is not the browser in which you asked")
	if strings.Contains(follow.text, "data-auto") {
		t.Error("it goes on by itself")
	}
	follow.submit("/login/link/finish").is(http.StatusBadRequest, "Error: Enter the code from the mail", "Enter the code.")
	follow.submit("/login/link/finish", "code", other(m.code)).is(http.StatusBadRequest, "Error: Enter the code from the mail", "That is not the right code.")
	follow.submit("/login/link/finish", "code", m.code).is(http.StatusOK, "Devices")
}

func other(code string) string {
	if code == right {
		return "242424"
	}
	return right
}

// The code does instead of the link, for those who read mail on another device.
func TestCodeInsteadOfLink(t *testing.T) {
	m := newPostman()
	h := open(t).with(m)
	h.person().register()
	p := h.person()
	sent := p.wish(ada)
	sent.submit("/login/mfa", "code", other(m.code)).is(http.StatusBadRequest, "Error: Check your mail", "That is not the right code.", "You have 4 tries left.")
	p.open("/login/link/sent").is(http.StatusOK, "Check your mail")
	p.open("/login/mfa").is(http.StatusOK, "Check your mail")
	sent.submit("/login/mfa", "code", m.code).is(http.StatusOK, "Devices")
	h.person().open(m.link).is(http.StatusGone, "This link no longer works")
}

func TestLinkOnceMore(t *testing.T) {
	m := newPostman()
	h := open(t).with(m)
	h.person().register()
	p := h.person()
	sent := p.wish(ada)
	first := m.link
	resend := func() *page {
		return sent.submit("/login/mfa", "step", "begin", "email", ada)
	}
	resend().is(http.StatusTooManyRequests, "Error: Check your mail", "Please wait 30 seconds")
	h.wait(31 * time.Second)
	resend().is(http.StatusOK, "Check your mail").came("303 /login/link/sent?method=magic-link&returnTo=%2Faccount%2Fdevices")
	p.open(first).is(http.StatusGone, "This link no longer works")
	p.open(m.link).is(http.StatusOK, "Sign in to Acme").submit("/login/link/finish").is(http.StatusOK, "Devices")
}

// Known and unknown addresses look alike (BUG-21), to the last try.
func TestLinkTellsNobody(t *testing.T) {
	m := newPostman()
	h := open(t).with(m)
	h.person().register()
	seen := map[string]string{}
	for _, email := range []string{ada, "bob@example.com"} {
		p := h.person()
		sent := p.wish(email)
		text := sent.text
		for range 4 {
			text += sent.submit("/login/mfa", "code", other(m.code)).is(http.StatusBadRequest, "Error: Check your mail").text
		}
		h.wait(time.Second) // the pause after the fourth
		text += sent.submit("/login/mfa", "code", other(m.code)).is(http.StatusOK, "Sign in to Acme", "too many wrong codes").text
		seen[email] = strings.ReplaceAll(fresh.ReplaceAllString(text, ""), email, "")
	}
	if seen[ada] != seen["bob@example.com"] {
		t.Error("they can be told apart")
	}
}

func TestLinkIsOver(t *testing.T) {
	m := newPostman()
	h := open(t).with(m, newGenerator())
	p := h.person()
	p.register()
	p.open("/auth/verify").is(http.StatusBadRequest, "This link is not complete", "Get a new link")
	p.open("/auth/verify?token="+strings.Repeat("a", 43)).is(http.StatusGone, "This link no longer works")
	p.open("/login/link").submit("/login/link").is(http.StatusBadRequest, "Error: Sign in by mail", "Enter your email address.")
	p.open("/login/link").submit("/login/link", "email", "nonsense").is(http.StatusBadRequest, "Error: Sign in by mail", "Enter an email address such as")
	sent := p.wish(ada)
	h.wait(11 * time.Minute)
	p.open(m.link).is(http.StatusGone, "This link no longer works")
	sent.submit("/login/mfa", "code", m.code).is(http.StatusOK, "Sign in to Acme", "That sign-in is over")

	h.has("generator") // a mail is one proof, and may not be enough
	p.wish(ada)
	p.open(m.link).submit("/login/link/finish").is(http.StatusOK, "Confirm that it is you").
		submit("/login/mfa", "code", right).is(http.StatusOK, "Devices")

	h.gate.Flow.Policy = authn.HighSecurity()
	h.person().open("/login/link").is(http.StatusNotFound, "There is no such page")
	if strings.Contains(h.person().open("/login").text, "/login/link") {
		t.Error("a link is offered where mail is no factor")
	}
}

// A link that an application asked for is not opened here, and the JSON route of the same
// path answers programs.
func TestLinkOfApplication(t *testing.T) {
	m := newPostman()
	h := open(t).with(m)
	h.person().register()
	if _, _, err := h.gate.Flow.Begin(t.Context(), authn.Answer{
		Method: "magic-link", Start: authn.Start{Mode: "native"}, Input: authn.Input{Email: ada},
	}); err != nil {
		t.Fatal(err)
	}
	p := h.person()
	p.open(m.link).is(http.StatusOK, "Go back to the app", "Enter the code from the mail there.")
	if media := p.do(http.MethodPost, "/auth/verify", "{}").header.Get("Content-Type"); media != "application/json" {
		t.Errorf("a program is answered in %s", media)
	}
}
