// Package edge_test looks at the house from where strangers stand: what every answer of every
// surface says in its header fields, what pages are made of, and what odd requests are answered.
package edge_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

const (
	alice      = "alice@example.com"
	passphrase = "violet hammer seventeen"
	secured    = "https://id.example.com"
	plain      = "http://localhost:8080"
)

// A house is one behind a server, as it is reached at its public URL. 127.0.0.1 is its proxy.
type house struct {
	testing.TB
	gate   *gatehouse.Gate
	public *url.URL
	server *httptest.Server
}

func open(t testing.TB, public string) *house {
	t.Helper()
	c := gatehouse.Config{
		DB: sqldbtest.SQLite(t), PublicURL: public, MasterKey: make([]byte, 32), Mailer: &notify.Capture{}, Product: "Acme", NoLimits: true,
		Passwords:      gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 64, Time: 1, Parallelism: 1}},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, SecurityContact: "mailto:security@example.com", Breaches: gatehouse.Breaches{Off: true},
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	u, err := url.Parse(public)
	must(t, err)
	c.Origins = []string{u.Scheme + "://app." + u.Host}
	if u.Scheme == "http" {
		c.Origins = []string{"http://localhost:3000"}
	}
	gate, err := gatehouse.New(t.Context(), c)
	must(t, err)
	h := &house{t, gate, u, httptest.NewUnstartedServer(gate.Handler())}
	h.server.Config.DisableGeneralOptionsHandler = true // as the program does
	h.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	if u.Scheme == "https" {
		h.server.StartTLS()
	} else {
		h.server.Start()
	}
	t.Cleanup(func() { h.server.Close(); _ = gate.Close(context.Background()) })
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A visitor is a browser, or a program, that talks to the house.
type visitor struct {
	*house
	client *http.Client
	sends  []string // names and values of header fields, of every request
}

func (h *house) visitor(sends ...string) *visitor {
	transport := h.server.Client().Transport.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, h.server.Listener.Addr().String())
	}
	h.Cleanup(transport.CloseIdleConnections)
	jar, _ := cookiejar.New(nil)
	return &visitor{h, &http.Client{Transport: transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}, sends}
}

// reader is a person with a browser.
func (h *house) reader() *visitor {
	return h.visitor("Accept", "text/html", "Sec-Fetch-Site", "same-origin")
}

// An answer is what came back.
type answer struct {
	request string
	status  int
	header  http.Header
	cookies []*http.Cookie
	text    string
}

// do sends a request: JSON, or a form if the body is none.
func (v *visitor) do(method, path, body string, sends ...string) answer {
	v.Helper()
	r, err := http.NewRequestWithContext(v.Context(), method, v.public.Scheme+"://"+v.public.Host+path, strings.NewReader(body))
	must(v, err)
	switch {
	case strings.HasPrefix(body, "{"):
		r.Header.Set("Content-Type", "application/json")
	case body != "":
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	sends = append(append([]string{}, v.sends...), sends...)
	for i := 0; i < len(sends); i += 2 {
		if sends[i] == "Host" {
			r.Host = sends[i+1]
		}
		r.Header.Set(sends[i], sends[i+1])
	}
	response, err := v.client.Do(r)
	must(v, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	must(v, err)
	return answer{method + " " + path, response.StatusCode, response.Header, response.Cookies(), string(text)}
}

// person makes somebody who administers the house.
func (h *house) person() {
	h.Helper()
	_, err := h.gate.Flow.CreateUser(h.Context(), account.NewUser{Email: alice, Verified: true, Name: "Alice", Roles: []string{"admin", "user"}}, passphrase)
	must(h, err)
}

// signIn signs Alice in and returns the access token, if the mode has one.
func (v *visitor) signIn(mode string) string {
	v.Helper()
	a := v.do("POST", "/auth/login", `{"email":"`+alice+`","password":"`+passphrase+`","mode":"`+mode+`"}`)
	var in struct {
		AccessToken string `json:"accessToken"`
	}
	if err := json.Unmarshal([]byte(a.text), &in); err != nil || a.status != http.StatusOK {
		v.Fatalf("%v %d %s", err, a.status, a.text)
	}
	return in.AccessToken
}

// gets returns the paths of all routes that are read, each gap filled.
func (h *house) gets() (paths []string) {
	for _, r := range h.gate.Routes() {
		if path, ok := strings.CutPrefix(r.Pattern, "GET "); ok {
			paths = append(paths, filled(path))
		}
	}
	return paths
}

// filled puts something into the gaps of a pattern.
func filled(path string) string {
	parts := strings.Split(strings.TrimSuffix(path, "{$}"), "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			parts[i] = "x"
		}
	}
	return strings.Join(parts, "/")
}
