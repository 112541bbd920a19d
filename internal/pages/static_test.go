package pages_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/gatehouse-id/gatehouse"
)

func TestMounted(t *testing.T) {
	h := open(t, func(c *gatehouse.Config) { c.PublicURL += "/id" })
	p := h.person()
	p.register()
	p.open("/id/account").came("303 /id/login?returnTo=%2Fid%2Faccount")
	login := p.open("/id/login?returnTo=/posts/7")
	for _, n := range login.all(func(n *html.Node) bool { return attr(n, "href")+attr(n, "src")+attr(n, "action") != "" }) {
		if to := attr(n, "href") + attr(n, "src") + attr(n, "action"); !strings.HasPrefix(to, "/id/") {
			t.Errorf("%s leads to %s", n.Data, to)
		}
	}
	for _, n := range login.all(func(n *html.Node) bool { return n.Data == "link" || n.Data == "script" }) {
		if asset := p.open(attr(n, "href") + attr(n, "src")); asset.status != http.StatusOK {
			t.Errorf("%s is %d", asset.url, asset.status)
		}
	}
	login.submit("/id/login", "email", ada, "password", secret).came("303 /posts/7")
	p.open("/id/login?returnTo=/id/auth/refresh").came("303 /id/account")
	p.open("/id/account").submit("/id/logout").is(http.StatusOK, "You are signed out").came("303 /id/logged-out")
}

// Our scripts keep nothing in the browser (STO-01) and write no markup (XSS-02).
func TestScripts(t *testing.T) {
	h := open(t)
	p, n := h.person(), 0
	for _, script := range p.open("/signup").all(func(n *html.Node) bool { return n.Data == "script" }) {
		n++
		for _, word := range []string{"Storage", "indexedDB", "cookie", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval"} {
			if strings.Contains(p.open(attr(script, "src")).text, word) {
				t.Errorf("%s uses %s", attr(script, "src"), word)
			}
		}
	}
	if n == 0 {
		t.Error("the page has no script; has its shape changed?")
	}
}

func TestAssetsAreKept(t *testing.T) {
	h := open(t)
	p := h.person()
	for _, n := range p.open("/login").all(func(n *html.Node) bool { return n.Data == "link" || n.Data == "script" }) {
		path := attr(n, "href") + attr(n, "src")
		asset := p.open(path)
		if asset.status != http.StatusOK || asset.header.Get("Cache-Control") != "public, max-age=31536000, immutable" || asset.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", path, asset.status, asset.header)
		}
		old := p.open(regexp.MustCompile(`/static/\w+/`).ReplaceAllString(path, "/static/0123456789abcdef/"))
		if old.text != asset.text || old.header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s of another build: %d %q", path, old.status, old.header.Get("Cache-Control"))
		}
	}
	if css := p.open("/static/x/gatehouse.css"); css.header.Get("Content-Type") != "text/css; charset=utf-8" || len(css.text) > 24<<10 {
		t.Errorf("the style is %d bytes of %s", len(css.text), css.header.Get("Content-Type"))
	}
}
