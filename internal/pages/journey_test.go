package pages_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

func TestJourney(t *testing.T) {
	h := open(t)
	here, there := h.person(), h.person()
	here.register()
	here.open("/").is(http.StatusOK, "Sign in to Acme").came("303 /login")
	here.signIn().came("303 /account")
	there.signIn()
	here.open("/").came("303 /account")

	devices := here.open("/account/devices").is(http.StatusOK, "Devices", "Firefox on Linux", "This device", "Active now", "Sign out everywhere else")
	if n := len(devices.all(func(n *html.Node) bool { return attr(n, "aria-label") == "Sign out Firefox on Linux" })); n != 1 {
		t.Errorf("%d devices can be signed out, not 1", n)
	}
}

func TestPasswordChangeEndsOthers(t *testing.T) {
	h := open(t, func(c *gatehouse.Config) { c.Risk.Off = true }) // there is one mail
	here, there := h.person(), h.person()
	here.register()
	here.signIn()
	there.signIn()
	form := here.open("/account/password").is(http.StatusOK, "Password")
	form.submit("/account/password").is(http.StatusBadRequest, "Error: Password", "Enter your current password.", "Enter a password.")
	form.submit("/account/password", "currentPassword", "wrong", "newPassword", newWords).
		is(http.StatusBadRequest, "Error: Password", "This is not your current password.")
	form.submit("/account/password", "currentPassword", secret, "newPassword", "short").
		is(http.StatusBadRequest, "Error: Password", "Use at least 15 characters.")
	form.submit("/account/password", "currentPassword", secret, "newPassword", newWords).
		is(http.StatusOK, "Password", "Your password was changed. Every other device is signed out.").came("303 /account/password?done=password")
	if m := h.letter(); !strings.Contains(m.Subject, "password") {
		t.Errorf("the mail is %q", m.Subject)
	}
	here.open("/account").is(http.StatusOK, "Profile")
	there.open("/account/devices").is(http.StatusOK, "Sign in to Acme").came("303 /login?returnTo=%2Faccount%2Fdevices")
	there.open("/login").submit("/login", "email", ada, "password", secret).is(http.StatusUnauthorized, "Error: Sign in to Acme")
	here.open("/account/activity").is(http.StatusOK, "Activity", "Password changed", "Failed sign-in", "Account created")
}

func TestDevices(t *testing.T) {
	h := open(t)
	here, there, third := h.person(), h.person(), h.person()
	third.sends["User-Agent"] = "" // names no browser
	here.register()
	here.signIn()
	there.signIn()
	third.signIn()
	h.wait(2*time.Hour + time.Minute)
	here.signIn()
	here.open("/account/devices").is(http.StatusOK, "Devices", "You are signed in nowhere else.") // idle for too long
	there.signIn()
	third.signIn()
	h.wait(20 * time.Minute)
	devices := here.open("/account/devices").is(http.StatusOK, "Devices", "Unknown device", "Active 20 minutes ago", "4 Mar 2026, 07:07 UTC")

	devices.submit("/account/devices", "others", "", "session", "ses_of_nobody").is(http.StatusOK, "Devices", "That device is signed out.")
	forms := devices.all(func(n *html.Node) bool { return n.Data == "input" && attr(n, "name") == "session" })
	devices.submit("/account/devices", "others", "", "session", attr(forms[0], "value")).came("303 /account/devices?done=ended")
	devices.submit("/account/devices").is(http.StatusOK, "Devices", "Every other device is signed out.")
	there.open("/account").is(http.StatusOK, "Sign in to Acme")
	third.open("/account").is(http.StatusOK, "Sign in to Acme")
	here.open("/account/devices").is(http.StatusOK, "Devices")
}

// What people write is shown as they wrote it, as text (XSS-02).
func TestProfile(t *testing.T) {
	h := open(t)
	p := h.person()
	p.register()
	profile := p.signIn()
	profile.submit("/account", "name", strings.Repeat("a", 101)).is(http.StatusBadRequest, "Error: Profile", "Use a name of at most 100 characters.")
	renamed := profile.submit("/account", "name", " Ada <b> ").is(http.StatusOK, "Profile", "Your name was saved.").came("303 /account?done=renamed")
	if !strings.Contains(renamed.text, `value="Ada &lt;b&gt;"`) {
		t.Error("the name is not shown as it was saved")
	}
	dark := profile.submit("/account/appearance", "theme", "dark").is(http.StatusOK, "Profile")
	if !strings.Contains(dark.text, `<html lang="en" dir="ltr" data-theme="dark">`) || !strings.Contains(p.open("/nothing").text, `data-theme="dark"`) {
		t.Error("the page is not dark")
	}
	if again := profile.submit("/account/appearance", "theme", ""); strings.Contains(again.text, "data-theme") {
		t.Error("the page is still dark")
	}
	p.open("/account?done=nonsense").is(http.StatusOK, "Profile")
}

func TestActivityInPages(t *testing.T) {
	h := open(t)
	p := h.person()
	p.register()
	h.wait(time.Second)
	profile := p.signIn()
	for range 50 {
		profile.submit("/account", "name", "Ada").is(http.StatusOK, "Profile")
	}
	first := p.open("/account/activity").is(http.StatusOK, "Activity", "Name changed", "Older")
	older := first.all(func(n *html.Node) bool { return n.Data == "a" && words(n) == "Older" })
	p.open(attr(older[0], "href")).is(http.StatusOK, "Activity", "Account created", "Newest")
	p.open("/account/activity?cursor=nonsense").is(http.StatusBadRequest, "That did not work")
}

func TestLeaving(t *testing.T) {
	h := open(t)
	p := h.person()
	p.open("/logout").is(http.StatusOK, "You are signed out").came("303 /logged-out")
	p.register()
	account := p.signIn()
	p.open("/logged-out").is(http.StatusOK, "Profile").came("303 /account")
	p.open("/logout").is(http.StatusOK, "Sign out of Acme?", "You are signed in as ada@example.com.") // SES-25: a link does not sign out
	p.open("/account").is(http.StatusOK, "Profile")
	left := account.submit("/logout").is(http.StatusOK, "You are signed out").came("303 /logged-out")
	if left.header.Get("Clear-Site-Data") != `"cache"` || left.header.Get("Cache-Control") != "no-store" {
		t.Errorf("a page that was shown may still be read: %v", left.header)
	}
	p.open("/account").came("303 /login?returnTo=%2Faccount")
	account.submit("/logout").is(http.StatusOK, "You are signed out") // once more is no error
}

// Every page is sent with the policy (HDR-02), for nobody to keep, and says its language.
func TestHeaders(t *testing.T) {
	h := open(t)
	p := h.person()
	p.register()
	p.signIn()
	policy := http.Header{}
	(&web.Site{}).Show(policy, web.Pages)
	for _, path := range []string{"/signup", "/verify-email?token=x", "/account", "/account/devices", "/logout", "/nothing"} {
		header := p.open(path).header
		for name, want := range map[string]string{
			"Content-Security-Policy": policy.Get("Content-Security-Policy"), "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
			"Content-Type": "text/html; charset=utf-8", "Content-Language": "en", "X-Content-Type-Options": "nosniff",
		} {
			if header.Get(name) != want {
				t.Errorf("%s: %s is %q, not %q", path, name, header.Get(name), want)
			}
		}
	}
}
