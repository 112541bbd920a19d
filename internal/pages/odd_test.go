package pages_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
)

// Whoever signs in from where they never were is asked for one more proof on the page that asks for
// second factors, by a code that is mailed when they want it (RAT-16). The activity tells of it.
func TestOddSignIn(t *testing.T) {
	h := open(t, func(c *gatehouse.Config) {
		c.Risk = gatehouse.StrictRisk()
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	here, there := h.person(), h.person()
	here.register()
	here.sends["X-Forwarded-For"], there.sends["X-Forwarded-For"] = "192.0.2.7", "198.51.100.3"
	here.signIn()
	h.wait(24 * time.Hour)
	h.mail.Clear()

	asked := there.open("/login").submit("/login", "email", ada, "password", secret).came("303 /login/mfa").is(http.StatusOK, "A code for your mailbox")
	there.open("/account").is(http.StatusOK, "Sign in to Acme")
	sent := asked.submit("/login/mfa").is(http.StatusOK, "A code for your mailbox")
	if strings.Contains(sent.text, "rememberDevice") {
		t.Error("a device can be remembered that would be asked all the same")
	}
	sent.submit("/login/mfa", "code", "000000").is(http.StatusBadRequest, "Error: A code for your mailbox")
	there.open("/login/mfa").submit("/login/mfa", "code", h.codeFor(ada)).is(http.StatusOK, "Profile")
	there.open("/account/activity").is(http.StatusOK, "Activity", "An unusual sign-in")
}

// codeFor waits for a mail with a code.
func (h *house) codeFor(email string) string {
	h.Helper()
	for range 1000 {
		for _, m := range h.mail.List() {
			if m.To == email && m.Code != "" {
				return m.Code
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	h.Fatal("no code came")
	return ""
}
