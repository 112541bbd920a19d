package browser_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// chromium starts a browser with a fresh profile.
func chromium(t *testing.T) context.Context {
	t.Helper()
	binary := os.Getenv("GATEHOUSE_TEST_CHROMIUM")
	if binary == "" {
		t.Fatal("GATEHOUSE_TEST_CHROMIUM names no browser")
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(binary), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck, chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("force-prefers-reduced-motion", true), chromedp.Flag("lang", "en-US"), chromedp.Flag("password-store", "basic"))
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// A tab is a window of a person: it has cookies of its own.
type tab struct {
	*house
	ctx, browser context.Context

	mu         sync.Mutex
	complaints []string
}

// sit gives a person a browser window that listens to what the browser complains of.
func (h *house) sit(browser context.Context) *tab {
	h.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	h.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	h.Cleanup(cancel)
	p := &tab{house: h, ctx: ctx, browser: browser}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			// A page that answers 4xx on purpose is told of as if it had failed to load.
			refused := strings.Contains(m.Text, "the server responded with a status of 4") && !strings.Contains(m.URL, "/static/")
			if (m.Type == "error" || m.Type == "warning" || m.IsException()) && !refused {
				p.complain(m.String())
			}
		}
	}()
	issues := chromedp.Events(ctx, audits.IssueAdded)
	go func() {
		for e, err := range issues {
			if err != nil {
				return
			}
			if e.Issue.Details.ContentSecurityPolicyIssueDetails != nil {
				text, _ := json.Marshal(e.Issue.Details.ContentSecurityPolicyIssueDetails)
				p.complain("policy: " + string(text))
			}
		}
	}()
	p.do(call(audits.Enable, cdp.Empty{}))
	return p
}

func (p *tab) complain(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.complaints = append(p.complaints, text)
}

// quiet fails if the browser complained of anything: a violated policy, an error of a script.
func (p *tab) quiet() {
	p.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.complaints {
		p.Errorf("the browser complains: %s", c)
	}
	p.complaints = nil
}

// call makes an action of a command of the protocol.
func call[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.Fatal(err)
	}
}

// open goes to a path of the house, or to a whole URL.
func (p *tab) open(path string) {
	p.Helper()
	p.do(chromedp.Navigate(p.url + strings.TrimPrefix(path, p.url)))
}

// visit goes to a page of somebody else.
func (p *tab) visit(url string) {
	p.Helper()
	p.do(chromedp.Navigate(url))
}

// fill types into the input with an ID.
func (p *tab) fill(id, text string) {
	p.Helper()
	p.do(chromedp.SendKeys(chromedp.ID(id), text))
}

// press clicks the button or link that says text.
func (p *tab) press(text string) {
	p.Helper()
	p.do(chromedp.Click(chromedp.Search(`//*[self::button or self::a][normalize-space()="` + text + `"]`)))
}

// sees waits for the page with a title, which need not name the product.
func (p *tab) sees(title string) {
	p.Helper()
	var last string
	for range 500 {
		last, _ = chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.readyState === "complete" ? document.title : ""`))
		if strings.TrimSuffix(last, " – Acme") == title {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	text, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.body.innerText`))
	p.Fatalf("the page is %q, not %q, and says:\n%s", last, title, text)
}

// says waits until the page shows a text.
func (p *tab) says(text string) {
	p.Helper()
	var last string
	for range 500 {
		last, _ = chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.readyState === "complete" ? document.body.innerText : ""`))
		if strings.Contains(last, text) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.Fatalf("the page does not say %q but %q", text, last)
}

// choose follows the choice with a name.
func (p *tab) choose(name string) {
	p.Helper()
	p.do(chromedp.Click(chromedp.Search(`//a[b="` + name + `"]`)))
}

func evaluate[T any](p *tab, script string) T {
	p.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatal(err)
	}
	return v
}

// wears sets what the person's system prefers and how wide the window is.
func (p *tab) wears(scheme string, width int64) {
	p.Helper()
	p.do(call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	}), chromedp.EmulateViewport(width, 900))
}
