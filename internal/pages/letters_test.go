package pages_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/recovery"
)

// Somebody from whom more is demanded than they can prove sets it up on the way in (MFA-14).
func TestEnrollOnTheWayIn(t *testing.T) {
	h := open(t, strict).with(newGenerator())
	h.person().register()
	first := h.asked().is(http.StatusOK, "Set up: generator", "It is required here before you can go on.").
		came("303 /login/enroll?returnTo=%2Faccount%2Fdevices")
	p := first.person
	p.open("/account").is(http.StatusOK, "Sign in to Acme")
	shown := first.submit("/login/enroll").is(http.StatusOK, "Set up: generator", "ABCD EFGH IJ")
	if !strings.Contains(shown.text, "<svg></svg>") {
		t.Error("there is no picture to scan")
	}
	wrong := shown.submit("/login/enroll", "code", "111111").is(http.StatusBadRequest, "Error: Set up: generator", "That is not the right code.", "ABCD EFGH IJ")
	codes := wrong.submit("/login/enroll", "code", right).is(http.StatusOK, "Keep these backup codes", "aaaa-bbbb", "cccc-dddd", "only this once")
	file := codes.submit("/account/security/codes.txt")
	if file.status != http.StatusOK || !strings.Contains(file.text, "aaaa-bbbb\ncccc-dddd") {
		t.Errorf("the file is %d %q", file.status, file.text)
	}
	next := codes.all(func(n *html.Node) bool { return n.Data == "a" && strings.HasPrefix(words(n), "I have saved") })
	p.open(attr(next[0], "href")).is(http.StatusOK, "Devices")
	h.asked().is(http.StatusOK, "Confirm that it is you").submit("/login/mfa", "code", right).is(http.StatusOK, "Devices")
}

// link waits for a mail to an address with a link to a path. Mails come in no order.
func (h *house) link(email, path string) string {
	h.Helper()
	for range 1000 {
		for _, m := range h.mail.List() {
			for _, link := range m.Links {
				if m.To == email && strings.Contains(link, path+"?token=") {
					return link
				}
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	h.Fatalf("no link to %s was mailed to %s", path, email)
	return ""
}

// A new password by mail: known and unknown look alike, the link is spent by a press, and
// everything that was signed in is out (REC-01, BUG-21, BUG-28).
func TestForgottenPassword(t *testing.T) {
	h := open(t)
	here, there := h.person(), h.person()
	here.register()
	here.signIn()
	there.open("/login").submit("/login", "email", ada, "password", "wrong").is(http.StatusUnauthorized, "Error: Sign in to Acme", "Forgot your password?")
	form := there.open("/forgot").is(http.StatusOK, "Choose a new password")
	form.submit("/forgot").is(http.StatusBadRequest, "Error: Choose a new password", "Enter your email address.")
	form.submit("/forgot", "email", "nonsense").is(http.StatusBadRequest, "Error: Choose a new password", "Enter an email address such as")
	unknown := form.submit("/forgot", "email", "bob@example.com").is(http.StatusOK, "Check your mail", "If bob@example.com has an account")
	known := form.submit("/forgot", "email", ada).is(http.StatusOK, "Check your mail", "If ada@example.com has an account")
	same := func(pg *page, email string) string {
		return regexp.MustCompile(`to=[\w-]+`).ReplaceAllString(strings.ReplaceAll(fresh.ReplaceAllString(pg.text, ""), email, ""), "")
	}
	if same(known, ada) != same(unknown, "bob@example.com") {
		t.Error("they can be told apart")
	}
	link := h.link(ada, "/reset-password")
	there.open(link)
	reset := there.open(link).is(http.StatusOK, "Choose a new password", "For ada@example.com.")
	reset.submit("/reset-password").is(http.StatusBadRequest, "Error: Choose a new password", "Enter a password.")
	reset.submit("/reset-password", "password", "short").is(http.StatusBadRequest, "Error: Choose a new password", "Use at least 15 characters.")
	reset.submit("/reset-password", "password", newWords).is(http.StatusOK, "Your new password is set").came("303 /reset-password/done")
	reset.submit("/reset-password", "password", secret).is(http.StatusGone, "This link no longer works", "Get a new link")
	here.open("/account").is(http.StatusOK, "Sign in to Acme")
	there.open("/login").submit("/login", "email", ada, "password", newWords).is(http.StatusOK, "Profile")
}

// Links that are over, or never were, lead on.
func TestDeadLetters(t *testing.T) {
	h := open(t)
	p := h.person()
	for path, out := range map[string]string{
		"/reset-password": "/forgot", "/unlock": "/login", "/not-me": "/forgot", "/email": "/login", "/recover": "/recover/help",
	} {
		for query, status := range map[string]int{"": http.StatusBadRequest, "?token=half": http.StatusBadRequest, "?token=" + strings.Repeat("a", 43): http.StatusGone} {
			pg := p.open(path + query)
			links := pg.all(func(n *html.Node) bool { return n.Data == "a" && attr(n, "class") == "btn primary wide" })
			if pg.status != status || len(links) != 1 || attr(links[0], "href") != out {
				t.Errorf("%s%s: %d %q", path, query, pg.status, pg.title())
			}
		}
	}
	p.open("/recover/stop?token="+strings.Repeat("a", 43)).is(http.StatusOK, "Stop the recovery?").
		submit("/recover/stop").is(http.StatusGone, "This link no longer works")
}

// The reader of a notice says that it was not them (INC-03).
func TestNotMe(t *testing.T) {
	h := open(t)
	p := h.person()
	p.register()
	p.signIn()
	p.open("/account/password").submit("/account/password", "currentPassword", secret, "newPassword", newWords)
	link := h.link(ada, "/not-me")
	reader := h.person()
	reader.open(link)
	p.open("/account").is(http.StatusOK, "Profile")
	reader.open(link).is(http.StatusOK, "That was not you?").submit("/not-me").is(http.StatusOK, "Everybody is signed out")
	p.open("/account").is(http.StatusOK, "Sign in to Acme")
	p.open("/login").submit("/login", "email", ada, "password", newWords).is(http.StatusForbidden, "You need a new password first")
	reader.open(h.link(ada, "/reset-password")).is(http.StatusOK, "Choose a new password")
}

// A change of address needs both, each by a press.
func TestAddressMoves(t *testing.T) {
	h := open(t)
	p := h.person()
	p.register()
	p.signIn()
	h.mail.Clear()
	p.open("/account/email").submit("/account/email", "email", "new@example.com")
	fresh := h.link("new@example.com", "/email")
	old := h.link(ada, "/email")
	p.open(fresh).is(http.StatusOK, "Confirm your new address", "from ada@example.com to new@example.com").
		submit("/email").is(http.StatusOK, "One of two is done")
	h.person().open(old).is(http.StatusOK, "Agree to the new address").submit("/email").is(http.StatusOK, "Your address is changed")
	h.person().open("/login").submit("/login", "email", "new@example.com", "password", secret).is(http.StatusOK, "Profile")
}

// A recovery waits, and can be stopped until then.
func TestRecoveryPages(t *testing.T) {
	h := open(t)
	p := h.person()
	p.register()
	user, err := h.gate.Accounts.ByEmail(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	restorer := recovery.Restorer{Accounts: h.gate.Accounts, Flow: h.gate.Flow, Now: h.clock}
	begin := func() (link, stop string) {
		h.mail.Clear()
		if _, err := restorer.BeginRecovery(t.Context(), user.ID); err != nil {
			t.Fatal(err)
		}
		return h.link(ada, "/recover"), h.link(ada, "/recover/stop")
	}
	link, stop := begin()
	early := p.open(link).is(http.StatusOK, "Not yet", "works from")
	if early.blank("password") != nil {
		t.Error("a password is asked for already")
	}
	p.open(stop).submit("/recover/stop").is(http.StatusOK, "The recovery is stopped")
	p.open(link).is(http.StatusGone, "This link no longer works")

	link, _ = begin()
	h.wait(25 * time.Hour)
	p.open(link).is(http.StatusOK, "Get back into your account").
		submit("/recover", "password", "short").is(http.StatusBadRequest, "Error: Get back into your account").
		submit("/recover", "password", newWords).is(http.StatusOK, "You have your account back")
}

// An account that others have locked is opened again by its owner (RAT-12).
func TestUnlock(t *testing.T) {
	h := open(t, func(c *gatehouse.Config) { c.Captcha.Provider = "off" })
	h.person().register()
	form := h.person().open("/login")
	for range 10 {
		form.submit("/login", "email", ada, "password", "wrong").is(http.StatusUnauthorized, "Error: Sign in to Acme")
		h.wait(16 * time.Second) // the longest pause
	}
	form.submit("/login", "email", ada, "password", secret).is(http.StatusTooManyRequests, "Error: Sign in to Acme", "Too many attempts")
	p := h.person()
	link := h.link(ada, "/unlock")
	p.open(link)
	p.open(link).is(http.StatusOK, "Unlock your account").submit("/unlock").is(http.StatusOK, "Your account is unlocked")
	p.open(link).is(http.StatusGone, "This link no longer works", "Go to sign-in")
	form.submit("/login", "email", ada, "password", secret).is(http.StatusOK, "Profile")
}
