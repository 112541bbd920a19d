package outbound_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/outbound"
)

var goodURLs = []string{
	"https://example.com", "https://example.com/", "https://EXAMPLE.com:443/hooks?to=us", "https://a.b-c.example:8443/x%2Fy",
	"https://example.com:1024", "https://example.com:65535/", "https://xn--bcher-kva.example/", "https://8.8.8.8/", "https://[2606:4700::1111]:8443/x",
	"https://[::ffff:8.8.8.8]/", "https://receiver/hooks", "https://a_b.example/",
}

// badURLs are refused before anybody is asked where they lead.
var badURLs = []string{
	"", "example.com", "/hooks", "//example.com/", "https://", "https:///x", "https:example.com", "http://example.com/", "http://localhost/",
	"ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "javascript:alert(1)",
	"https://user@example.com/", "https://user:secret@example.com/", "https://@example.com/", "https://example.com@127.0.0.1/", // CWE-918
	"https://example.com#x", "https://example.com/#", "https://example.com/\n", "https://exa mple.com/", "https://example.com\\@127.0.0.1/",
	"https://example.com:0/", "https://example.com:22/", "https://example.com:80/", "https://example.com:1023/", "https://example.com:65536/",
	"https://example.com:-443/", "https://example.com:x/", "https://example.com:/",
	"https://127.0.0.1/", "https://localhost/", "https://LOCALHOST/", "https://a.localhost/", "https://localhost./", "https://10.0.0.1/",
	"https://169.254.169.254/latest/meta-data/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
	"https://[64:ff9b::7f00:1]/", "https://[fe80::1%25eth0]/", "https://[::]/", "https://0.0.0.0/",
	// Forms that some resolvers take for 127.0.0.1.
	"https://0177.0.0.1/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://127.1/", "https://127.0.1/", "https://017700000001/",
	"https://127.0.0.1./", "https://0/", "https://1.2.3.4.5/", "https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/", "https://exämple.com/", "https://%31%32%37.0.0.1/",
	"https://example..com/", "https://.example.com/", "https://example.com./", "https://[::1/", "https://[example.com]/",
	"https://" + strings.Repeat("a", 64) + ".example/", "https://" + strings.Repeat("a.", 127) + "example/", "https://example.com/" + strings.Repeat("a", 2048),
}

func TestCheckURL(t *testing.T) {
	c := &outbound.Client{}
	for _, text := range goodURLs {
		if err := c.CheckURL(text); err != nil {
			t.Errorf("%q %v", text, err)
		}
	}
	for _, text := range badURLs {
		if c.CheckURL(text) == nil {
			t.Errorf("%q may be called", text)
		}
	}
}

// Development opens this machine, by plain http too, and nothing else.
func TestCheckURLOfDevelopment(t *testing.T) {
	c := &outbound.Client{Loopback: true}
	for text, good := range map[string]bool{
		"http://localhost:8080/":  true,
		"http://127.0.0.1/x":      true,
		"http://[::1]:81/":        true,
		"https://localhost:8443/": true,
		"http://example.com/":     false,
		"http://10.0.0.1/":        false,
		"https://10.0.0.1/":       false,
		"http://127.1/":           false,
		"http://user@127.0.0.1/":  false,
	} {
		if err := c.CheckURL(text); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// FuzzCheckURL looks for a URL that is accepted although it names something private, or that is
// read differently a second time.
func FuzzCheckURL(f *testing.F) {
	for _, text := range append(goodURLs, badURLs...) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := &outbound.Client{}
		if c.CheckURL(text) != nil {
			return
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "https" || u.User != nil || u.Hostname() == "" {
			t.Fatalf("%q was accepted", text)
		}
		if addr, err := netip.ParseAddr(u.Hostname()); err == nil && !c.Permits(addr) {
			t.Fatalf("%q leads to %v", text, addr)
		}
		if c.CheckURL(u.String()) != nil {
			t.Fatalf("%q is accepted, and %q is not", text, u)
		}
	})
}
