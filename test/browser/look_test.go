package browser_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
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
	residents = []string{"/account", "/account/password", "/account/devices", "/account/activity", "/account/password?done=password", "/logout", "/nothing"}
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

// audit fails for what axe finds and for a page that is wider than its window.
func (p *tab) audit(path string) {
	p.Helper()
	p.open(path)
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

// TestScreenshots writes the pictures of the documentation into the folder that
// GATEHOUSE_SCREENSHOTS names; without one it only looks whether the pages can be drawn.
func TestScreenshots(t *testing.T) {
	h, browser := open(t), chromium(t)
	p, q := h.sit(browser), h.sit(browser)
	for tab, agent := range map[*tab]string{
		p: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
		q: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
	} {
		tab.do(call(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent}))
	}
	p.draw("login", "/login", "light")
	p.draw("login-dark", "/login", "dark")
	p.draw("login-arabic", "/login?ui_locales=ar", "light")
	p.draw("signup", "/signup", "light")
	p.fill("name", "Ada Okafor")
	p.fill("email", "ada@example.com")
	p.fill("password", secret)
	p.press("Create account")
	p.sees("Check your mail")
	p.draw("check-your-mail", "", "light")
	p.draw("verify-email", h.link(), "light")
	p.press("Confirm address")
	p.sees("Your address is confirmed")
	for _, tab := range []*tab{p, q} {
		tab.open("/login")
		tab.signIn("ada@example.com", secret)
		tab.sees("Profile")
	}
	p.draw("account", "", "light")
	p.draw("account-password", "/account/password", "light")
	p.draw("account-devices", "/account/devices", "light")
	p.quiet()
	q.quiet()
}

// draw takes a picture of a page, or of the one that is open, for fine screens.
func (p *tab) draw(name, path, scheme string) {
	p.Helper()
	p.wears(scheme, desk)
	p.do(chromedp.EmulateViewport(1000, 740, chromedp.EmulateScale(2)))
	if path != "" {
		p.open(path)
	}
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.Fatal(err)
	}
	if len(picture) > 150<<10 {
		p.Errorf("%s is %d bytes", name, len(picture))
	}
	dir := os.Getenv("GATEHOUSE_SCREENSHOTS")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600); err != nil {
		p.Fatal(err)
	}
}
