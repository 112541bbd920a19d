// Package proxy_test puts Gatehouse in front of an application by the proxies that people run, with
// the configurations of examples/proxy.
package proxy_test

import (
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// A front is a proxy with a house and an application behind it.
type front struct {
	*house.House
	url  string // of the application, as browsers know it
	door string // the public URL of the house
	user *identity.User

	mu   sync.Mutex
	seen []*http.Request // what reached the application
}

const page = "<!doctype html><title>Handbook</title>"

// open starts a house for the application at url, the application, and a folder of files. The house
// is below that URL, or elsewhere: on the host "localhost".
func open(t *testing.T, url string, elsewhere bool) (f *front, gate, app, files string) {
	t.Helper()
	f = &front{url: url, door: url + "/id"}
	inner := httptest.NewUnstartedServer(nil)
	gate = inner.Listener.Addr().String()
	f.House = house.Open(t, sqldbtest.SQLite(t), func(c *gatehouse.Config) {
		if elsewhere {
			f.door = "http://localhost:" + gate[strings.LastIndex(gate, ":")+1:]
			c.Applications = []string{url}
		}
		c.PublicURL, c.TrustedProxies = f.door, []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		c.Policy = &policy.File{Permissions: []policy.Permission{"docs:read"}, Roles: map[string][]policy.Permission{"staff": nil}}
	})
	var err error
	f.user, err = f.CreateUser(t.Context(), account.NewUser{Email: house.Alice, Verified: true, Roles: []string{"user", "staff"}}, house.Passphrase)
	f.Must(err)
	inner.Config.Handler = f.Gate.Handler()
	inner.Start()
	application := httptest.NewServer(http.HandlerFunc(f.application))
	t.Cleanup(inner.Close)
	t.Cleanup(application.Close)
	files = t.TempDir()
	f.Must(os.Chmod(filepath.Dir(files), 0o755))
	f.Must(os.Mkdir(filepath.Join(files, "docs"), 0o755))
	f.Must(os.WriteFile(filepath.Join(files, "docs", "index.html"), []byte(page), 0o644))
	return f, gate, application.Listener.Addr().String(), files
}

func (f *front) application(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, r)
	_, _ = io.WriteString(w, "the application")
}

// reached returns what reached the application since it was asked last.
func (f *front) reached() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.seen
	f.seen = nil
	return seen
}

// free is an address on this machine at which nobody listens.
func free(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// A browser keeps cookies and says where its requests come from.
type browser struct {
	*front
	client http.Client
}

func (f *front) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{f, http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// An answer is what came back, read to its end.
type answer struct {
	*http.Response
	text string
}

// ask sends a request for a path or a URL; a name and its value are a header field more.
func (b *browser) ask(method, to, body string, header ...string) answer {
	b.Helper()
	if strings.HasPrefix(to, "/") {
		to = b.url + to
	}
	r, err := http.NewRequestWithContext(b.Context(), method, to, strings.NewReader(body))
	b.Must(err)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header[header[i]] = []string{header[i+1]} // as it is written
	}
	response, err := b.client.Do(r)
	b.Must(err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	b.Must(err)
	return answer{response, string(text)}
}

// gets fails unless the answer to a GET has the status.
func (b *browser) gets(to string, status int, header ...string) answer {
	b.Helper()
	a := b.ask("GET", to, "", header...)
	if a.StatusCode != status {
		b.Fatalf("GET %s %q: %s, want %d: %v %s", to, header, a.Status, status, a.Header, a.text)
	}
	return a
}

var csrfField = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)

// signIn is led from a page to the form, fills it in, and is led back.
func (b *browser) signIn(from string) {
	b.Helper()
	a := b.gets(from, http.StatusSeeOther)
	form := a.Header.Get("Location")
	if want := b.door + "/login?returnTo=" + url.QueryEscape(from); form != want {
		b.Fatalf("GET %s leads to %q, want %q", from, form, want)
	}
	if back := b.fillIn(form, from); back != from {
		b.Fatalf("the form leads to %q", back)
	}
}

// fillIn signs in by the form at a URL and returns where that leads.
func (b *browser) fillIn(form, returnTo string) string {
	b.Helper()
	token := csrfField.FindStringSubmatch(b.gets(form, http.StatusOK).text)
	if token == nil {
		b.Fatal("the form has no token")
	}
	sent := url.Values{"csrf_token": {token[1]}, "email": {house.Alice}, "password": {house.Passphrase}, "returnTo": {returnTo}}
	a := b.ask("POST", b.door+"/login", sent.Encode())
	if a.StatusCode != http.StatusSeeOther {
		b.Fatalf("POST /login: %s: %s", a.Status, a.text)
	}
	return a.Header.Get("Location")
}
