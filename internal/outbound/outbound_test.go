package outbound_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/outbound"
)

// receive serves h by TLS on this machine, as example.com, and returns a client that may call it
// under any name that the resolver gives it.
func receive(t *testing.T, h http.HandlerFunc, configure ...func(*httptest.Server)) (c *outbound.Client, at string) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	for _, fn := range configure {
		fn(server)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c = &outbound.Client{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: roots}
	return c.Ask(names(t, "127.0.0.1")), "https://example.com:" + u.Port()
}

// What arrives is what was sent, and says who sent it.
func TestPost(t *testing.T) {
	var got *http.Request
	var body []byte
	c, at := receive(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write(bytes.Repeat([]byte("x"), 10<<10))
	})
	for range 2 { // a cookie of the first would come with the second
		a, err := c.Post(t.Context(), at+"/hooks?to=us", map[string]string{"Content-Type": "application/json", "webhook-id": "dlv_1"}, []byte(`{"a":1}`))
		if err != nil || a.Status != http.StatusTeapot || a.RetryAfter != 2*time.Minute || len(a.Body) != 4<<10 {
			t.Fatalf("%d, %v, %d bytes, %v", a.Status, a.RetryAfter, len(a.Body), err)
		}
		if got.Method != http.MethodPost || got.URL.String() != "/hooks?to=us" || string(body) != `{"a":1}` || got.TLS.Version < tls.VersionTLS12 {
			t.Errorf("got %s %s %s", got.Method, got.URL, body)
		}
		for name, want := range map[string]string{
			"User-Agent": "Gatehouse-Webhook/1", "Webhook-Id": "dlv_1", "Content-Type": "application/json", "Cookie": "", "Accept-Encoding": "", "Connection": "close",
		} {
			if text := got.Header.Get(name); text != want {
				t.Errorf("%s: %q", name, text)
			}
		}
	}
}

// A name that leads to a private address leads nowhere, whatever it led to when it was checked
// (DNS rebinding), and whichever form the address has.
func TestNames(t *testing.T) {
	var reached atomic.Int64
	local, at := receive(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	for _, answers := range [][]string{
		{"127.0.0.1"},
		{"8.8.8.8", "127.0.0.1"}, // public when it is looked up first, private when it is called
		{"10.0.0.1"},
		{"169.254.169.254"},
		{"::1"},
		{"::ffff:127.0.0.1"},
		{"64:ff9b::7f00:1"},
		{"fd00::1"},
		{"0.0.0.0"},
	} {
		resolver := names(t, answers...)
		c := (&outbound.Client{Roots: local.Roots}).Ask(resolver)
		if err := c.CheckURL(at); err != nil {
			t.Fatal(err)
		}
		for range answers[1:] {
			if found, err := resolver.LookupNetIP(t.Context(), "ip", "example.com"); err != nil || !c.Permits(found[0]) {
				t.Fatalf("%v, %v: the check would not have let it pass", found, err)
			}
		}
		if _, err := c.Post(t.Context(), at, nil, nil); !errors.Is(err, outbound.ErrRefused) {
			t.Errorf("%v: %v", answers, err)
		}
	}
	if reached.Load() != 0 {
		t.Errorf("reached %d times", reached.Load())
	}
	if _, err := (&outbound.Client{}).Ask(names(t)).Post(t.Context(), at, nil, nil); !errors.Is(err, outbound.ErrName) {
		t.Errorf("an unknown name: %v", err)
	}
	if _, err := (&outbound.Client{}).Post(t.Context(), "https://127.0.0.1:8443/", nil, nil); !errors.Is(err, outbound.ErrURL) {
		t.Errorf("an address: %v", err)
	}
}

// Plain http of development does not leave this machine.
func TestPlain(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(server.Close)
	c := &outbound.Client{Loopback: true}
	if a, err := c.Post(t.Context(), server.URL, nil, nil); err != nil || a.Status != http.StatusNoContent {
		t.Errorf("%v, %v", a, err)
	}
	c.Allow = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	if _, err := c.Ask(names(t, "10.0.0.1")).Post(t.Context(), "http://a.localhost:8080/", nil, nil); !errors.Is(err, outbound.ErrRefused) {
		t.Errorf("in clear to another machine: %v", err)
	}
}

// A redirect is an answer, not a way.
func TestRedirect(t *testing.T) {
	var reached atomic.Int64
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(inner.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		c, at := receive(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inner.URL, status) })
		if a, err := c.Post(t.Context(), at, nil, []byte("secret")); err != nil || a.Status != status {
			t.Errorf("%d: %d, %v", status, a.Status, err)
		}
	}
	if reached.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

// No proxy of the environment gets what we send: it would dial in our place.
func TestProxy(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	t.Setenv("ALL_PROXY", "http://127.0.0.1:1")
	c, at := receive(t, func(http.ResponseWriter, *http.Request) {})
	if a, err := c.Post(t.Context(), at, nil, nil); err != nil || a.Status != http.StatusOK {
		t.Errorf("%v, %v", a, err)
	}
}

// The text of an error tells of the receiver, never of our network.
func TestFailures(t *testing.T) {
	slow := make(chan struct{})
	defer close(slow)
	hang := func(w http.ResponseWriter, _ *http.Request) { <-slow }
	quick := func(http.ResponseWriter, *http.Request) {}
	old := func(s *httptest.Server) {
		s.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	}
	for _, test := range []struct {
		name      string
		handler   http.HandlerFunc
		configure []func(*httptest.Server)
		change    func(c *outbound.Client, at *string)
		want      error
	}{
		{"hangs", hang, nil, nil, outbound.ErrTimeout},
		{"old TLS", quick, []func(*httptest.Server){old}, nil, outbound.ErrConnection},
		{"unknown authority", quick, nil, func(c *outbound.Client, _ *string) { c.Roots = nil }, outbound.ErrCertificate},
		{"another name", quick, nil, func(_ *outbound.Client, at *string) {
			*at = strings.Replace(*at, "example.com", "example.net", 1)
		}, outbound.ErrCertificate},
		{"nobody there", quick, nil, func(_ *outbound.Client, at *string) { *at = "https://example.com:" + free(t) }, outbound.ErrConnection},
		{"endless header", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 64<<10)) }, nil, nil, outbound.ErrConnection},
	} {
		c, at := receive(t, test.handler, test.configure...)
		if test.change != nil {
			test.change(c, &at)
		}
		patience := 20 * time.Second // of the machine, not of the client
		if errors.Is(test.want, outbound.ErrTimeout) {
			patience = 300 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err := c.Post(ctx, at, nil, nil)
		cancel()
		if !errors.Is(err, test.want) || err.Error() != test.want.Error() {
			t.Errorf("%s: %v, %v", test.name, err, errors.Unwrap(err))
		}
	}
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "30": 30 * time.Second, "-5": 0, "soon": 0, "99999999999999999999": 0, "1e3": 0,
		"2000000000":                    24 * time.Hour,
		"Fri, 02 Jan 2026 03:05:05 GMT": time.Minute,
		"Fri, 02 Jan 2026 03:03:05 GMT": 0,
		"Fri, 02 Jan 2037 03:03:05 GMT": 24 * time.Hour,
	} {
		if got := outbound.RetryAfter(text, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
