package browser_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/chromedp/cdproto/page"
)

const (
	desk      = 1280
	phone     = 375
	narrowest = 320 // WCAG 2.2, 1.4.10
)

// strangers and residents are the pages that somebody sees who is not, and who is, signed in.
var (
	strangers = []string{
		"/login", "/login?returnTo=/account", "/signup", "/signup/sent", "/signup/sent?done=resent", "/signup/done", "/verify-email",
		"/verify-email?token=x", "/verify-email/resend", "/verify-email/done", "/setup", "/setup/done", "/logged-out", "/nothing",
	}
	residents = []string{
		"/account", "/account/password", "/account/devices", "/account/activity", "/account/security", "/account/security?done=removed",
		"/account/password?done=password", "/logout", "/nothing",
	}
)

// A finding is one fault of one element.
type finding struct{ Rule, Node, Why string }

// axe reads the page as an auditor does and returns what it finds.
func (p *tab) axe() (found []finding) {
	p.Helper()
	if !evaluate[bool](p, `"axe" in window`) {
		script, err := os.ReadFile("node_modules/axe-core/axe.min.js")
		if err != nil {
			p.Fatalf("npm ci in test/browser brings axe-core: %v", err)
		}
		evaluate[bool](p, string(script)+"; true")
	}
	text := evaluate[string](p, `axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then((r) =>
		JSON.stringify(r.violations.flatMap((v) => v.nodes.map((n) => ({rule: v.id, node: n.html, why: n.failureSummary})))))`)
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		p.Fatal(err)
	}
	return found
}

// audit opens a page and inspects it.
func (p *tab) audit(path string) {
	p.Helper()
	p.open(path)
	p.inspect(path)
}

// inspect fails for what axe finds on the page that is open, and for one that is wider than
// its window.
func (p *tab) inspect(path string) {
	p.Helper()
	for _, width := range []int64{desk, phone} {
		for _, scheme := range []string{"light", "dark"} {
			p.wears(scheme, width)
			for _, f := range p.axe() {
				p.Errorf("%s, %s, %d wide: %s: %s\n%s", path, scheme, width, f.Rule, f.Node, f.Why)
			}
		}
	}
	p.wears("light", narrowest)
	if over := evaluate[int64](p, `document.documentElement.scrollWidth`); over > narrowest {
		p.Errorf("%s is %d wide in a window of %d", path, over, narrowest)
	}
}

func (h *house) auditor(t *testing.T) *tab {
	t.Helper()
	p := h.sit(chromium(t))
	p.do(call(page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true})) // for axe alone
	return p
}

func TestAccessible(t *testing.T) {
	h := open(t)
	p := h.auditor(t)
	for _, path := range strangers {
		p.audit(path)
	}
	p.audit("/login?ui_locales=ar")
	p.audit("/signup?ui_locales=ar")
	p.register("ada@example.com")
	p.press("Sign in")
	p.sees("Sign in to Acme")
	p.signIn("ada@example.com", secret)
	p.sees("Profile")
	for _, path := range residents {
		p.audit(path)
	}
	p.audit("/account?ui_locales=ar")
}

func TestAccessibleErrors(t *testing.T) {
	h := open(t)
	p := h.auditor(t)
	for _, scheme := range []string{"light", "dark"} {
		p.wears(scheme, phone)
		p.open("/signup")
		p.press("Create account")
		p.sees("Error: Create your account")
		for _, f := range p.axe() {
			t.Errorf("signup with errors, %s: %s: %s\n%s", scheme, f.Rule, f.Node, f.Why)
		}
	}
}

// TestAuditFinds proves that an audit can fail.
func TestAuditFinds(t *testing.T) {
	p := open(t).auditor(t)
	p.open("/login")
	evaluate[bool](p, `document.querySelector("label").remove(); true`)
	for _, f := range p.axe() {
		if f.Rule == "label" {
			return
		}
	}
	t.Error("an input without a label was not found")
}

// TestPolicyHolds proves that quiet can fail: what the policy forbids is heard of.
func TestPolicyHolds(t *testing.T) {
	h, browser := open(t), chromium(t)
	p := h.sit(browser)
	p.open("/login")
	evaluate[bool](p, `new Image().src = "https://evil.example/x.png", true`)
	p.open("/signup")
	p.sees("Create your account")
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.complaints) == 0 {
		t.Error("a picture of another origin was not complained of")
	}
}
