package browser_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// The browsers of the pictures, as they name themselves.
const (
	mac    = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15"
	iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)

func (p *tab) runs(agent string) {
	p.Helper()
	p.do(call(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent}))
}

// TestScreenshots writes the pictures of the documentation into the folder that
// GATEHOUSE_SCREENSHOTS names; without one it only looks whether the pages can be drawn.
func TestScreenshots(t *testing.T) {
	h, browser := open(t), chromium(t)
	p, q := h.sit(browser), h.sit(browser)
	p.runs(mac)
	q.runs(iphone)
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

// TestScreenshotsOfFactors does the same where somebody has second factors.
func TestScreenshotsOfFactors(t *testing.T) {
	p := open(t).sit(chromium(t))
	p.runs(mac)
	p.plug(smartphone)
	p.settles()
	p.open("/account/security/add?method=totp")
	p.press("Continue")
	p.says("Scan this")
	p.draw("authenticator", "", "light")
	p.fill("code", p.reads().code())
	p.press("Confirm")
	p.sees("Your backup codes")
	p.open("/account/security/add?method=passkey")
	p.press("Continue")
	p.fill("label", "Laptop")
	p.press("Create passkey")
	p.sees("Security")
	p.draw("security", "/account/security", "light")
	p.quiet()
}

// draw takes a picture of a page, or of the one that is open, for fine screens.
func (p *tab) draw(name, path, scheme string) {
	p.Helper()
	p.wears(scheme, desk)
	p.do(chromedp.EmulateViewport(1000, 800, chromedp.EmulateScale(2)))
	if path != "" {
		p.open(path)
	}
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.Fatal(err)
	}
	dir := os.Getenv("GATEHOUSE_SCREENSHOTS")
	if dir == "" {
		return // each pixel costs much under the race detector
	}
	if picture, err = paletted(picture); err != nil {
		p.Fatal(err)
	}
	if len(picture) > 100<<10 {
		p.Errorf("%s is %d bytes", name, len(picture))
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600); err != nil {
		p.Fatal(err)
	}
}

// paletted draws a picture with the 256 colours that it has most of: our pages have few more,
// and the file is half as large.
func paletted(picture []byte) ([]byte, error) {
	whole, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	count := map[color.Color]int{}
	for y := range whole.Bounds().Dy() {
		for x := range whole.Bounds().Dx() {
			count[whole.At(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return count[b] - count[a] })
	small := image.NewPaletted(whole.Bounds(), colours[:min(len(colours), 256)])
	draw.Draw(small, small.Bounds(), whole, image.Point{}, draw.Src)
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	err = encoder.Encode(&b, small)
	return b.Bytes(), err
}
