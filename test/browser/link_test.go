package browser_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
)

// scan looks at a link ten times in each of the ways in which scanners of mail do.
func (h *house) scan(link string) {
	h.Helper()
	for i := range 20 {
		r, err := http.NewRequestWithContext(h.Context(), []string{http.MethodGet, http.MethodHead}[i%2], link, nil)
		if err != nil {
			h.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			h.Fatal(err)
		}
		if answer.Body.Close(); answer.StatusCode != http.StatusOK {
			h.Errorf("%s %s: %d", r.Method, r.URL.Path, answer.StatusCode)
		}
	}
}

// follows presses a link where its mail is read: on a page of another site.
func (p *tab) follows(link string) {
	p.Helper()
	webmail := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!doctype html><title>Inbox</title><a href="%s">Open</a>`, html.EscapeString(link))
	}))
	defer webmail.Close()
	p.visit(webmail.URL)
	p.press("Open")
}

// asksForLink asks for a sign-in by mail and returns the link and the code in it.
func (p *tab) asksForLink() (link, code string) {
	p.Helper()
	p.mail.Clear()
	p.open("/login")
	p.press("Email me a sign-in link")
	p.sees("Sign in by mail")
	p.fill("email", ada)
	p.press("Send me a link")
	p.sees("Check your mail")
	link = p.linkTo(ada, "/auth/verify")
	return link, p.letter(ada, "").Code
}

// The link of a mail signs in where it was asked for, whoever looked at it before, and once
// (PWL-01, PWL-04, PWL-05, BUG-28).
func TestMagicLink(t *testing.T) {
	h, browser := open(t), chromium(t)
	p, other := h.sit(browser), h.sit(browser)
	p.settles()
	p.leaves()
	link, _ := p.asksForLink()
	h.scan(link)
	p.follows(link)
	p.sees("Profile") // by itself
	p.leaves()
	p.follows(link)
	p.sees("This link no longer works")
	other.follows(link)
	other.sees("This link no longer works")
	other.press("Get a new link")
	other.sees("Sign in by mail")

	link, _ = p.asksForLink()
	h.wait(16 * time.Minute)
	p.follows(link)
	p.sees("This link no longer works")
	p.quiet()
	other.quiet()
}

// In another browser the link alone is not enough: whoever was talked into pressing it would
// sign a stranger in. The code in the mail does it, there and where it was asked for.
func TestMagicLinkElsewhere(t *testing.T) {
	h, browser := open(t), chromium(t)
	p, other := h.sit(browser), h.sit(browser)
	p.settles()
	p.leaves()
	link, code := p.asksForLink()
	other.follows(link)
	other.sees("Enter the code from the mail")
	other.press("Sign in")
	other.sees("Error: Enter the code from the mail")
	other.fill("code", code[:3]+" "+code[3:])
	other.press("Sign in")
	other.sees("Profile")

	h.wait(time.Minute)
	_, code = p.asksForLink()
	p.fill("code", code)
	p.press("Sign in")
	p.sees("Profile")
	p.quiet()
	other.quiet()
}

func TestMagicLinkWithoutScripts(t *testing.T) {
	p := open(t).sit(chromium(t))
	p.do(call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	p.settles()
	p.leaves()
	link, _ := p.asksForLink()
	p.follows(link)
	p.sees("Sign in to Acme")
	p.says("One press and you are in.")
	p.press("Sign in")
	p.sees("Profile")
	p.quiet()
}
