package pages_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

const addApp = "/account/security/add?method=test-app"

// secured is somebody signed in to a house with passwords, the methods of these tests and no
// others.
func secured(t *testing.T) *person {
	t.Helper()
	p := open(t, factors).person()
	p.gate.Flow.Methods = slices.DeleteFunc(p.gate.Flow.Methods, func(m authn.Method) bool {
		return m.ID() != authn.Password && !strings.HasPrefix(string(m.ID()), "test-")
	})
	p.register()
	p.signIn()
	return p
}

// input returns the value of an input of a page, "" if there is none.
func (pg *page) input(name string) string {
	for _, n := range pg.all(func(n *html.Node) bool { return n.Data == "input" && attr(n, "name") == name }) {
		return attr(n, "value")
	}
	return ""
}

// hrefs returns where the links of a page lead that begin with prefix.
func (pg *page) hrefs(prefix string) (list []string) {
	for _, n := range pg.all(func(n *html.Node) bool { return n.Data == "a" && strings.HasPrefix(attr(n, "href"), prefix) }) {
		list = append(list, attr(n, "href"))
	}
	return list
}

// me returns the account of the tests.
func (h *house) me() *identity.User {
	h.Helper()
	user, err := h.gate.Accounts.ByEmail(h.Context(), ada)
	if err != nil {
		h.Fatal(err)
	}
	return user
}

func (p *person) addApp(code string) *page {
	p.Helper()
	return p.open(addApp).submit(addApp).is(http.StatusOK, "Another way to prove it is you").submit(addApp, "code", code)
}

// Every method on the roster has its section, one without words by its ID; what is not set up
// can be.
func TestSecurityListsTheRoster(t *testing.T) {
	p := secured(t)
	pg := p.open("/account/security").is(http.StatusOK, "Security", "No second factor is on.", "Password Change Set on 4 Mar 2026", "test-app Set up", "test-call Set up")
	if got := pg.hrefs("/account/security/"); len(got) != 3 {
		t.Errorf("what can be set up is %q", got)
	}
	if strings.Contains(pg.text, "Backup codes") || strings.Contains(pg.text, "test-paper") {
		t.Error("backup codes are offered to somebody who has no second factor")
	}
}

// A wrong code must not change the secret that a phone has scanned already (MFA-04, MFA-07);
// the codes that come with a first second factor are seen once (MFA-09).
func TestEnrolWithSecret(t *testing.T) {
	p := secured(t)
	begun := p.open(addApp).is(http.StatusOK, "Another way to prove it is you", "Set up: test-app").submit(addApp).
		is(http.StatusOK, "Another way to prove it is you", "ABCD EFGH IJ1")
	if !strings.Contains(begun.text, `<svg viewBox="0 0 2 2"><path d="M0 0h1v1"/></svg>`) || !strings.Contains(begun.text, `href="otpauth://totp/Acme?secret=ABC"`) {
		t.Errorf("the secret is not shown:\n%s", begun.text)
	}
	begun.submit(addApp).is(http.StatusBadRequest, "Error: Another way to prove it is you", "Enter the code.", "ABCD EFGH IJ1")
	wrong := begun.submit(addApp, "code", "000000").is(http.StatusBadRequest, "Error: Another way to prove it is you", "That is not the right code.", "ABCD EFGH IJ1")
	if wrong.header.Get("Cache-Control") != "no-store" || strings.Contains(wrong.url.String(), "IJ1") || strings.Contains(wrong.text, `value="000000"`) {
		t.Error("the secret or the code may be kept")
	}
	codes := wrong.submit(addApp, "code", "code1").is(http.StatusOK, "Your backup codes", "You see these codes only this once.", "code-01-00", "code-01-09").came()
	if codes.header.Get("Cache-Control") != "no-store" {
		t.Error("the codes may be kept")
	}
	again := wrong.submit(addApp, "code", "code1").is(http.StatusConflict, "Error: Another way to prove it is you", "Please begin again")
	if strings.Contains(again.text, "code-0") || again.input("step") != "begin" {
		t.Error("the codes can be seen twice")
	}
	p.open("/account/security").is(http.StatusOK, "Security", "A second factor is on", "test-app Add another", "Codes left: 10.", "Added 4 Mar 2026")
	p.open("/account/activity").is(http.StatusOK, "Activity", "Added: test-app", "Second factor switched on")
	p.addApp("code2").is(http.StatusOK, "Security", "It is set up.").came("303 /account/security?done=added")
}

// After five wrong codes it must be begun again.
func TestEnrolIsGuessedFiveTimes(t *testing.T) {
	p := secured(t)
	pg := p.open(addApp).submit(addApp)
	for range 5 {
		pg = pg.submit(addApp, "code", "000000").is(http.StatusBadRequest, "Error: Another way to prove it is you")
	}
	pg.submit(addApp, "code", "code1").is(http.StatusConflict, "Error: Another way to prove it is you", "Please begin again").
		submit(addApp).is(http.StatusOK, "Another way to prove it is you", "ABCD EFGH IJ2")
}

// Nobody is shown a secret that was sealed for somebody else, or for another method.
func TestEnrolShowsOwnSecretOnly(t *testing.T) {
	p := secured(t)
	begun := p.open(addApp).submit(addApp)
	other := p.person()
	other.signIn()
	theirs := other.open(addApp).submit(addApp)
	for _, prompt := range []string{begun.input("prompt"), "", "x", strings.Repeat("a", 200)} {
		pg := theirs.submit(addApp, "code", "000000", "prompt", prompt).is(http.StatusBadRequest, "Error: Another way to prove it is you")
		if strings.Contains(pg.text, "ABCD") {
			t.Error("a secret of another browser is shown")
		}
	}
	call := "/account/security/add?method=test-call"
	if pg := other.open(call).submit(call, "phone", "1", "prompt", theirs.input("prompt")); strings.Contains(pg.text, "ABCD") {
		t.Error("a secret of another method is shown")
	}
}

// A method that needs a number says so itself, and the page asks for it (MFA-12).
func TestEnrolWithPhone(t *testing.T) {
	p := secured(t)
	call := "/account/security/add?method=test-call"
	const title = "Another way to prove it is you"
	asked := p.open(call).submit(call).is(http.StatusBadRequest, "Error: "+title, "Enter a phone number with its country code")
	limited := asked.submit(call, "phone", "+44 00").is(http.StatusTooManyRequests, "Error: "+title, "Too many attempts")
	if limited.input("phone") != "+44 00" {
		t.Error("the number was not kept")
	}
	sent := limited.submit(call, "phone", "+44 7700 900123").is(http.StatusOK, title, "We sent a code to …23", "Send a new code")
	forms := sent.all(func(n *html.Node) bool { return n.Data == "form" && strings.Contains(attr(n, "action"), "test-call") })
	if len(forms) != 2 || sent.input("phone") != "+44 7700 900123" {
		t.Error("another code cannot be asked for")
	}
	sent.submit(call, "code", "1").is(http.StatusBadRequest, "Error: "+title, "We sent a code to …23").
		submit(call, "code", "123456").is(http.StatusOK, "Your backup codes")
	p.open("/account/security").is(http.StatusOK, "Security", "Number …23")
}

// A ceremony is for the script; its options are data, not program (PWL-07, XSS-01).
func TestEnrolWithCeremony(t *testing.T) {
	p := secured(t)
	add := "/account/security/add?method=test-key"
	const title = "Another way to prove it is you"
	pg := p.open(add).submit(add).is(http.StatusOK, title)
	form := pg.all(func(n *html.Node) bool { return attr(n, "data-ceremony") != "" })
	if len(form) != 1 || attr(form[0], "data-ceremony") != `{"challenge":"Y2g","user":{"id":"dQ","name":"<ada>"}}` || !strings.Contains(pg.text, "/enroll.js") {
		t.Errorf("the script finds no options:\n%s", pg.text)
	}
	pg.submit(add, "label", "blue key").is(http.StatusBadRequest, "Error: "+title, "Press the button to go on.")
	pg.submit(add, "label", strings.Repeat("a", 101), "credential", "signed").is(http.StatusBadRequest, "Error: "+title, "Use a name of at most 100 characters.")
	pg.submit(add, "label", "blue key", "credential", "forged").is(http.StatusBadRequest, "Error: "+title, "Please try once more.").
		submit(add, "label", "blue <key>", "credential", "signed").is(http.StatusOK, "Your backup codes")
	list := p.open("/account/security").is(http.StatusOK, "Security", "blue <key>", "Synced between your devices")
	if !strings.Contains(list.text, `data-accepted="{&#34;userId&#34;:&#34;dQ&#34;}"`) {
		t.Error("the browser is not told which keys are accepted")
	}
}

// What there is no method for, or what nobody sets up alone, has no page.
func TestEnrolOfNothing(t *testing.T) {
	p := secured(t)
	for _, method := range []string{"", "nonsense", "password", "test-paper"} {
		p.open("/account/security/add?method="+method).is(http.StatusOK, "Security").came("303 /account/security")
	}
	form := p.open(addApp)
	form.do(http.MethodPost, "/account/security/add?method=test-paper", url.Values{"csrf_token": {form.input("csrf_token")}, "step": {"finish"}, "code": {"x"}}.Encode())
	if own, _ := p.gate.Accounts.Credentials(t.Context(), p.me().ID, "test-paper"); len(own) != 0 {
		t.Error("backup codes were made for somebody who has no second factor")
	}
}

// A thief with an open session cannot change how its owner proves who they are: these pages
// ask for a fresh proof before anything is filled in (ASVS 7.5.1).
func TestSecurityDemandsFreshProof(t *testing.T) {
	p := secured(t)
	p.addApp("code1").is(http.StatusOK, "Your backup codes")
	form := p.open(addApp)
	p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, c := range []struct {
		after time.Duration
		paths []string
	}{
		{61 * time.Second, []string{"/account/delete"}},
		{4 * time.Minute, []string{addApp, "/account/security/codes", "/account/security/remove?id=x", "/account/email"}},
	} {
		p.wait(c.after)
		for _, path := range c.paths {
			for _, pg := range []*page{p.open(path), p.do(http.MethodPost, path, "csrf_token="+form.input("csrf_token"))} {
				to := pg.header.Get("Location")
				if pg.status != http.StatusSeeOther || !strings.HasPrefix(to, "/step-up?for=") {
					t.Errorf("%s of a stale session is %d to %q", path, pg.status, to)
				}
			}
		}
	}
	p.open("/account/security").is(http.StatusOK, "Security")
}

// The scripts of these pages keep nothing and write no markup (STO-01, XSS-02).
func TestScriptsOfTheAccount(t *testing.T) {
	files, err := filepath.Glob("static/*.js")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"Storage", "indexedDB", "document.cookie", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("} {
			if strings.Contains(string(text), word) {
				t.Errorf("%s uses %s", file, word)
			}
		}
		if n := strings.Count(string(text), "\n"); n >= 100 || !strings.HasPrefix(string(text), "// @ts-check\n") {
			t.Errorf("%s has %d lines, or its types are not checked", file, n)
		}
	}
}

// The text of a method that is known by name is its own; text messages come with a warning
// (MFA-13).
func TestTextMessagesAreCalledWeak(t *testing.T) {
	p := secured(t)
	texts := &caller{factor{id: "sms", flow: p.gate.Flow}}
	p.gate.Flow.Methods = append([]authn.Method{texts}, p.gate.Flow.Methods...)
	p.open("/account/security").is(http.StatusOK, "Security", "Text messages", "the weakest second factor", "A passkey or an authenticator app is better.")
	add := "/account/security/add?method=sms"
	p.open(add).is(http.StatusOK, "Text messages", "With the country code").
		submit(add, "phone", "+44 7700 900123").is(http.StatusOK, "Text messages", "We sent a code to …23")
}

// The pages of the account speak one language at a time.
func TestSecurityInArabic(t *testing.T) {
	p := secured(t)
	p.sends["Accept-Language"] = "ar"
	english, tag := regexp.MustCompile(`[a-z]{3,} [a-z]{3,}`), regexp.MustCompile(`<[^>]*>`) // what is in noscript is text to the parser
	see := func(pg *page, status int) *page {
		t.Helper()
		if text := tag.ReplaceAllString(words(pg.root), " "); pg.status != status || english.MatchString(text) || gap.MatchString(text) {
			t.Errorf("%s: %d %q", pg.url, pg.status, text)
		}
		return pg
	}
	for _, path := range []string{"/account/security", "/account/email", "/account/email?done=moving", "/account/delete", "/account-deleted", "/account/security?done=removed"} {
		see(p.open(path), http.StatusOK)
	}
	see(p.open("/account/delete").submit("/account/delete", "email", "x"), http.StatusBadRequest)
	for _, c := range []struct{ method, name, answer string }{{"app", "code", "code1"}, {"call", "code", "123456"}, {"key", "credential", "signed"}} {
		add := "/account/security/add?method=test-" + c.method
		last := see(see(p.open(add), http.StatusOK).submit(add, "phone", "+44 7700 900123"), http.StatusOK)
		see(last.submit(add), http.StatusBadRequest)
		see(last.submit(add, c.name, "x"), http.StatusBadRequest)
		see(last.submit(add, c.name, c.answer), http.StatusOK)
		see(last.submit(add, c.name, c.answer), http.StatusConflict)
	}
	list := see(p.open("/account/security"), http.StatusOK)
	see(p.open("/account/security/codes"), http.StatusOK)
	for _, link := range list.hrefs("/account/security/re") {
		see(p.open(link), http.StatusOK)
	}
	see(p.open("/account/activity"), http.StatusOK)
}
