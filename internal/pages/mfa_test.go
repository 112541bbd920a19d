package pages_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// asked is Ada in a new browser, after her password.
func (h *house) asked() *page {
	h.Helper()
	return h.person().open("/login?returnTo=/account/devices").submit("/login", "email", ada, "password", secret)
}

// blank returns the input of a page with a name, nil if there is none.
func (pg *page) blank(name string) *html.Node {
	for _, n := range pg.all(func(n *html.Node) bool { return n.Data == "input" && attr(n, "name") == name }) {
		return n
	}
	return nil
}

// A method that no page knows works, by its own prompt and in words for any (MFA-01).
func TestSecondFactorAtOnce(t *testing.T) {
	h := open(t).with(newGenerator())
	h.person().register()
	h.has("generator")
	step := h.asked().is(http.StatusOK, "Confirm that it is you", "With: generator.", "Lost everything?").
		came("303 /login/mfa?returnTo=%2Faccount%2Fdevices")
	code := step.blank("code")
	if attr(code, "inputmode") != "numeric" || attr(code, "autocomplete") != "one-time-code" || attr(code, "dir") != "ltr" {
		t.Errorf("the field is %v", code.Attr)
	}
	step.submit("/login/mfa").is(http.StatusBadRequest, "Error: Confirm that it is you", "Enter the code.")
	wrong := step.submit("/login/mfa", "code", "111111").is(http.StatusBadRequest, "Error: Confirm that it is you", "That is not the right code.", "You have 4 tries left.")
	wrong.submit("/login/mfa", "code", right).is(http.StatusOK, "Devices").came("303 /account/devices")
}

// Any tab, Back and a reload go on; what is over leads on (experience: no dead end).
func TestSignInUnderWayNeverEnds(t *testing.T) {
	h := open(t).with(newGenerator())
	h.person().register()
	h.has("generator")
	step := h.asked()
	p := step.person
	p.open("/login/mfa?returnTo=/account/devices").is(http.StatusOK, "Confirm that it is you")
	step.submit("/login/mfa", "code", right).is(http.StatusOK, "Devices")
	p.open("/login/mfa?returnTo=/account/devices").is(http.StatusOK, "Devices").came("303 /account/devices")
	step.submit("/login/mfa", "code", right).is(http.StatusOK, "Devices")

	late := h.asked()
	h.wait(6 * time.Minute)
	late.submit("/login/mfa", "code", right).is(http.StatusOK, "Sign in to Acme", "That sign-in is over").
		came("303 /login?done=over&returnTo=%2Faccount%2Fdevices")
	late.open("/login/mfa").is(http.StatusOK, "Sign in to Acme", "That sign-in is over")
	h.person().open("/login/mfa").came("303 /login?done=over")
}

// Five tries a handle, then it is dead (MFA-07).
func TestTooManyCodes(t *testing.T) {
	h := open(t).with(newGenerator())
	h.person().register()
	h.has("generator")
	step := h.asked()
	for range 4 {
		step.submit("/login/mfa", "code", "111111").is(http.StatusBadRequest, "Error: Confirm that it is you")
	}
	h.wait(time.Second) // the pause after the fourth
	step.submit("/login/mfa", "code", "111111").is(http.StatusOK, "Sign in to Acme", "Those were too many wrong codes.").
		came("303 /login?done=tries&returnTo=%2Faccount%2Fdevices")
	step.submit("/login/mfa", "code", right).is(http.StatusOK, "Sign in to Acme", "That sign-in is over")
}

func TestSecondFactorThatSends(t *testing.T) {
	m := newSender()
	h := open(t).with(m)
	h.person().register()
	h.has("sender")
	step := h.asked().is(http.StatusOK, "Confirm that it is you")
	if m.code != "" || step.blank("code") != nil {
		t.Fatal("a look at the page sends a code")
	}
	sent := step.submit("/login/mfa").is(http.StatusOK, "Confirm that it is you", "We sent a code to •• 42.", "You can get a new code after 30 seconds.").
		came("303 /login/mfa?method=sender&returnTo=%2Faccount%2Fdevices")
	first := m.code
	sent.submit("/login/mfa", "step", "begin").is(http.StatusTooManyRequests, "Error: Confirm that it is you", "Please wait 30 seconds, then try again.")
	sent.submit("/login/mfa", "code", m.wrong()).is(http.StatusBadRequest, "Error: Confirm that it is you", "That is not the right code.", "We sent a code to •• 42.")
	h.wait(31 * time.Second)
	again := sent.submit("/login/mfa", "step", "begin").is(http.StatusOK, "Confirm that it is you", "We sent a code")
	if first != m.code {
		again.submit("/login/mfa", "code", first).is(http.StatusBadRequest, "Error: Confirm that it is you")
	}
	again.submit("/login/mfa", "code", m.code[:3]+" "+m.code[3:]).is(http.StatusOK, "Devices") // a pasted space does no harm
}

// With several methods there is a choice, the one used last first.
func TestChoiceOfFactors(t *testing.T) {
	h := open(t).with(newSender(), newDancer("dancer"), newGenerator())
	h.person().register()
	h.has("sender")
	h.has("dancer")
	user := h.has("generator")
	list, err := h.gate.Accounts.Credentials(t.Context(), user.ID, "generator")
	if err == nil {
		_, err = h.gate.Accounts.Use(t.Context(), list[0].ID, list[0].Data, []byte("[]"))
	}
	if err != nil {
		t.Fatal(err)
	}
	step := h.asked().is(http.StatusOK, "One more step", "Any of these will do.", "Another way (generator)", "Another way (sender)")
	links := step.all(func(n *html.Node) bool { return attr(n, "class") == "choice" })
	if len(links) != 3 || attr(links[0], "href") != "/login/mfa?method=generator&returnTo=%2Faccount%2Fdevices" {
		t.Fatalf("%d choices, the first leads to %s", len(links), attr(links[0], "href"))
	}
	one := step.open(attr(links[0], "href")).is(http.StatusOK, "Confirm that it is you", "Use another way")
	step.open("/login/mfa?method=nonsense").is(http.StatusOK, "One more step")
	one.submit("/login/mfa", "method", "nonsense", "code", right).is(http.StatusNotFound, "There is no such page")
	one.submit("/login/mfa", "code", right, "returnTo", "https://evil.example/").came("303 /account")
}

// A ceremony is begun by a look at the page, once, and answered by a script.
func TestCeremony(t *testing.T) {
	h := open(t).with(newDancer("dancer"))
	h.person().register()
	h.has("dancer")
	step := h.asked().is(http.StatusOK, "Confirm that it is you")
	form := step.all(func(n *html.Node) bool { return n.Data == "form" })[0]
	if !strings.Contains(attr(form, "data-options"), `"challenge":"c2hhbGw"`) {
		t.Fatalf("the options are %q", attr(form, "data-options"))
	}
	if strings.Contains(step.text, step.cookie("login")) {
		t.Error("the handle is in the page, where a script can read it")
	}
	step.submit("/login/mfa", "credential", `{"id":"other"}`).is(http.StatusBadRequest, "Error: Confirm that it is you", "This passkey was not accepted.")
	step.submit("/login/mfa", "credential", `{"id":"known"}`).is(http.StatusOK, "Devices")
}

// cookie returns the value of a cookie in the browser.
func (p *person) cookie(name string) string {
	for _, c := range p.client.Jar.Cookies(p.public) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// A remembered device is not asked again, where the policy lets it be (MFA-16).
func TestRememberDevice(t *testing.T) {
	h := open(t).with(newGenerator())
	h.person().register()
	h.has("generator")
	step := h.asked().is(http.StatusOK, "Confirm that it is you", "Remember this device")
	step.submit("/login/mfa", "code", right, "rememberDevice", "true").is(http.StatusOK, "Devices").submit("/logout")
	step.open("/login").submit("/login", "email", ada, "password", secret).is(http.StatusOK, "Profile")
	h.asked().is(http.StatusOK, "Confirm that it is you")

	for name, policy := range map[string]authn.Policy{"forbidden": {Remember: -1}, "of no use": {ACR: "aal2"}} {
		h.gate.Flow.Policy = policy
		if h.asked().blank("rememberDevice") != nil {
			t.Errorf("%s: it is offered", name)
		}
	}
}

// An address that nobody has proved is proved by a code, before anything else.
func TestLoginOfUnprovedAddress(t *testing.T) {
	m := newSender()
	m.id, m.factor = authn.EmailCode, identity.Mailbox
	h := open(t).with(m)
	if _, err := h.gate.Flow.CreateUser(t.Context(), account.NewUser{Email: ada, Roles: []string{"user"}}, secret); err != nil {
		t.Fatal(err)
	}
	step := h.asked().is(http.StatusOK, "Confirm your address", "Nobody has confirmed yet that ada@example.com is yours.")
	step.open("/account").came("303 /login?returnTo=%2Faccount")
	if step.blank("rememberDevice") != nil {
		t.Error("a device can be remembered that proved no second factor")
	}
	step.submit("/login/mfa").is(http.StatusOK, "Confirm your address", "We sent a code").
		submit("/login/mfa", "code", m.code).is(http.StatusOK, "Devices")
}

// What must be reset is told, with a way to do it (BRE-05).
func TestMustReset(t *testing.T) {
	h := open(t)
	h.gate.Flow.Methods = append([]authn.Method{answering{err: identity.ErrMustReset}}, h.gate.Flow.Methods...)
	pg := h.person().open("/login").submit("/login", "email", ada, "password", secret).
		is(http.StatusForbidden, "You need a new password first", "We send you a link")
	if attr(pg.blank("email"), "value") != ada {
		t.Error("the address must be typed twice (WCAG 3.3.7)")
	}
}

func TestFactorOfNobody(t *testing.T) {
	h := open(t, func(c *gatehouse.Config) { c.Proofs = authn.Policy{} })
	h.person().open("/login/mfa").is(http.StatusOK, "Sign in to Acme")
	h.person().open("/recover/help").is(http.StatusOK, "Get back in", "Use a backup code", "recovery link")
}
