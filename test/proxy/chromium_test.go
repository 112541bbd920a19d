package proxy_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/gatehouse-id/gatehouse/test/house"
)

// A browser holds the policy of the sign-in's form against every redirect that follows it, which here
// leads to another host: in Chromium the whole way is gone as people go it.
func TestElsewhereInChromium(t *testing.T) {
	f := nginx(t, true)
	ctx, cancel := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), chromedp.ExecPath(os.Getenv("GATEHOUSE_TEST_CHROMIUM")), chromedp.Headless,
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-dev-shm-usage", true))
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	f.Must(chromedp.Do(ctx, chromedp.Navigate(f.url+"/posts"),
		chromedp.SendKeys(chromedp.ID("email"), house.Alice), chromedp.SendKeys(chromedp.ID("password"), house.Passphrase),
		chromedp.Click(chromedp.Search(`//form//button[@type="submit" or not(@type)][contains(., "Sign in")]`))))
	var at string
	for range 250 {
		at, _ = chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + " " + document.body.innerText`))
		if at == f.url+"/posts the application" {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("the browser is at %q", at)
}
