package pages_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
)

func TestSignupErrors(t *testing.T) {
	h := open(t)
	form := h.person().open("/signup").is(http.StatusOK, "Create your account", "At least 15 characters.")
	if !strings.Contains(form.text, `minlength="15" passwordrules="minlength: 15; maxlength: 128;"`) {
		t.Error("password managers are not told the rules")
	}
	for _, c := range []struct{ email, password, says string }{
		{"", secret, "Enter your email address."},
		{"ada", secret, "Enter an email address such as name@example.com."},
		{ada, "", "Enter a password."},
		{ada, "short", "Use at least 15 characters."},
		{ada, strings.Repeat("x y", 50), "Use at most 128 characters."},
		{ada, "abcabcabcabcabcabc", "repeats a pattern or follows a sequence"},
		{ada, "passwordpassword1", "made of"},
		{ada, "adaadaexampleacme", "made of your name, your address or the name of this site"},
	} {
		pg := form.submit("/signup", "email", c.email, "password", c.password).is(http.StatusBadRequest, "Error: Create your account", c.says)
		if c.password != "" && strings.Contains(pg.text, c.password) {
			t.Errorf("the password %q is sent back", c.password)
		}
	}
	form.submit("/signup", "email", "ada", "password", "short", "name", strings.Repeat("a", 101)).is(http.StatusBadRequest, "Error: Create your account",
		"Use a name of at most 100 characters. Enter an email address such as name@example.com. Use at least 15 characters.")
}

func TestSignupOfKnownAddress(t *testing.T) {
	h := open(t)
	p, q := h.person(), h.person()
	p.register()
	known := q.open("/signup").submit("/signup", "email", ada, "password", newWords).is(http.StatusOK, "Check your mail")
	if m := h.letter(); m.To != ada || strings.Contains(m.Links[0], "token") {
		t.Errorf("the owner got %q", m.Subject)
	}
	unknown := h.person().open("/signup").submit("/signup", "email", "bob@example.com", "password", newWords)
	same := strings.ReplaceAll(fresh.ReplaceAllString(unknown.text, ""), "bob@example.com", ada)
	if sealed := unknown.url.Query().Get("to"); strings.ReplaceAll(same, sealed, "") != strings.ReplaceAll(fresh.ReplaceAllString(known.text, ""), known.url.Query().Get("to"), "") {
		t.Error("a known and an unknown address can be told apart (CON-26)")
	}
}

func TestSentIsForThisBrowserOnly(t *testing.T) {
	h := open(t)
	sent := h.person().open("/signup").submit("/signup", "email", ada, "password", secret).is(http.StatusOK, "Check your mail", "We sent a link to ada@example.com.")
	if strings.Contains(sent.url.String(), "ada") {
		t.Error("the address is in the URL")
	}
	for _, to := range []string{sent.url.Query().Get("to"), "", "x", "ada@example.com"} {
		other := h.person().open("/signup/sent?to="+url.QueryEscape(to)).is(http.StatusOK, "Check your mail", "We sent you a link.")
		if strings.Contains(other.text, ada) {
			t.Error("another browser can read the address")
		}
	}
}

func TestResend(t *testing.T) {
	h := open(t)
	p := h.person()
	sent := p.open("/signup").submit("/signup", "email", ada, "password", secret)
	first := h.letter().Links[0]
	sent.submit("/verify-email/resend").is(http.StatusOK, "Check your mail", "a new link is on its way", ada)
	second := h.letter().Links[0]
	p.open(first).is(http.StatusGone, "This link no longer works").
		submit("/verify-email/resend", "email", "nonsense").is(http.StatusBadRequest, "Error: Get a new link", "Enter an email address such as").
		submit("/verify-email/resend", "email", "nobody@example.com").is(http.StatusOK, "Check your mail", "If a registration is waiting")
	p.open(second).is(http.StatusOK, "Confirm your address")
	p.open("/verify-email/resend").is(http.StatusOK, "Get a new link")
}

func TestVerify(t *testing.T) {
	h := open(t)
	p := h.person()
	p.open("/signup").submit("/signup", "email", ada, "password", secret)
	link := h.letter().Links[0]
	p.open(link)
	confirm := p.open(link).is(http.StatusOK, "Confirm your address", "Is ada@example.com yours?") // BUG-28: opening spends nothing
	if strings.Contains(confirm.text, `type="password"`) {
		t.Error("the browser that registered is asked for the password")
	}
	elsewhere := h.person().open(link).is(http.StatusOK, "Confirm your address", "This is not the browser in which you signed up.")
	elsewhere.submit("/verify-email").is(http.StatusBadRequest, "Error: Confirm your address", "Enter the password that you chose when you signed up.")
	elsewhere.submit("/verify-email", "password", "short").is(http.StatusBadRequest, "Error: Confirm your address", "Use at least 15 characters.")
	elsewhere.submit("/verify-email", "password", newWords).is(http.StatusOK, "Your address is confirmed").came("303 /verify-email/done")
	confirm.submit("/verify-email").is(http.StatusGone, "This link no longer works")
	p.open(link).is(http.StatusGone, "This link no longer works")
	p.open("/login").submit("/login", "email", ada, "password", newWords).is(http.StatusOK, "Profile", "Confirmed")
}

func TestVerifyWithoutLink(t *testing.T) {
	h := open(t)
	p := h.person()
	p.open("/verify-email").is(http.StatusBadRequest, "Open the link in your mail")
	p.open("/verify-email?token=half").is(http.StatusBadRequest, "This link is not complete")
	p.open("/verify-email?token="+strings.Repeat("a", 43)).is(http.StatusGone, "This link no longer works")
	p.open("/signup").submit("/signup", "email", ada, "password", secret)
	link := h.letter().Links[0]
	h.wait(25 * time.Hour)
	p.open(link).is(http.StatusGone, "This link no longer works")
}

func TestSignupWithoutVerification(t *testing.T) {
	h := open(t, func(c *gatehouse.Config) { c.Unverified = true })
	p := h.person()
	form := p.open("/signup")
	form.submit("/signup", "email", ada, "password", secret).is(http.StatusOK, "Your account is ready").came("303 /signup/done")
	form.submit("/signup", "email", ada, "password", secret).is(http.StatusConflict, "Error: Create your account", "This address already has an account.")
	p.signIn()
}

func TestSetup(t *testing.T) {
	h := open(t)
	link, err := h.gate.Flow.Invite(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := h.person()
	form := p.open(link).is(http.StatusOK, "Set up Acme")
	form.submit("/setup", "email", "", "password", "short").is(http.StatusBadRequest, "Error: Set up Acme", "Enter your email address.", "Use at least 15 characters.").
		submit("/setup", "email", ada, "password", secret).is(http.StatusOK, "Acme is ready").came("303 /setup/done")
	form.submit("/setup", "email", "eve@example.com", "password", newWords).is(http.StatusGone, "This setup link no longer works")
	p.open(link).is(http.StatusGone, "This setup link no longer works")
	p.open("/setup").is(http.StatusGone, "This setup link no longer works")
	p.signIn()
}
