package api_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/test/house"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const (
	alice      = "alice@example.com"
	bob        = "bob@example.com"
	admin      = "admin@example.com"
	passphrase = "violet hammer seventeen"
	agent      = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
)

// A fixture is a house with its doors open, whose clock stands still until somebody waits.
type fixture struct {
	testing.TB
	gate      *gatehouse.Gate
	mail      *notify.Capture
	public    *url.URL
	transport http.RoundTripper
	doc       document
	key       []byte          // the master key
	since     *atomic.Int64   // start, as a Duration
	used      map[string]bool // the tokens of links that were followed
}

// open serves a house. Its zero options are those of a development server at the root of
// http://localhost:8080.
func open(t testing.TB, db *sqldb.DB, options ...func(*gatehouse.Config)) *fixture {
	t.Helper()
	f := &fixture{TB: t, mail: &notify.Capture{}, since: &atomic.Int64{}, used: map[string]bool{}}
	c := gatehouse.Config{
		Breaches: gatehouse.Breaches{Off: true}, DB: db, PublicURL: "http://localhost:8080", MasterKey: secret.Bytes(secret.Size), Mailer: f.mail, Product: "Gatehouse",
		Passwords: gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 64, Time: 1, Parallelism: 1}},
		Logger:    slog.New(slog.NewTextHandler(t.Output(), nil)), Now: f.now,
		Limits: house.Wide(),
	}
	for _, option := range options {
		option(&c)
	}
	gate, err := gatehouse.New(t.Context(), c)
	f.must(err)
	t.Cleanup(func() { _ = gate.Close(context.Background()) })
	f.gate, f.key = gate, c.MasterKey
	f.public, err = url.Parse(c.PublicURL)
	f.must(err)
	f.transport = serve(t, gate.Handler(), f.public.Scheme == "https")
	f.doc = read(f)
	return f
}

// serve listens on some port and returns a transport that finds it under any host.
func serve(t testing.TB, h http.Handler, secure bool) http.RoundTripper {
	server := httptest.NewUnstartedServer(h)
	t.Cleanup(server.Close)
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	transport := server.Client().Transport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// each runs a flow on both engines.
func each(t *testing.T, fn func(*fixture), options ...func(*gatehouse.Config)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(open(t, db, options...)) })
}

func one(t testing.TB, options ...func(*gatehouse.Config)) *fixture {
	t.Helper()
	return open(t, sqldbtest.SQLite(t), options...)
}

func at(public string) func(*gatehouse.Config) {
	return func(c *gatehouse.Config) { c.PublicURL = public }
}

func (f *fixture) now() time.Time { return start.Add(time.Duration(f.since.Load())) }

func (f *fixture) wait(d time.Duration) { f.since.Add(int64(d)) }

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// in is the fixture for a test below the one it was opened for.
func (f *fixture) in(t testing.TB) *fixture {
	inner := *f
	inner.TB = t
	return &inner
}

// person makes a user whose address is proved.
func (f *fixture) person(email string, roles ...string) *identity.User {
	f.Helper()
	u, err := f.gate.Flow.CreateUser(f.Context(), account.NewUser{Email: email, Verified: true, Name: "Somebody", Roles: roles}, passphrase)
	f.must(err)
	return u
}

// A device is a browser, or a program without cookies, that talks to the house.
type device struct {
	*fixture
	jar             http.CookieJar // nil: a program
	header          http.Header    // of every request
	access, refresh string         // what it keeps in memory
}

func (f *fixture) browser() *device {
	jar, _ := cookiejar.New(nil)
	return &device{fixture: f, jar: jar, header: http.Header{"Sec-Fetch-Site": {"same-origin"}, "User-Agent": {agent}}}
}

func (f *fixture) program() *device {
	return &device{fixture: f, header: http.Header{"User-Agent": {"Example/1.0"}}}
}

// inbox returns the mails to an address, newest first. One that was sent twice, because our
// clock jumped while it was under way, counts once.
func (f *fixture) inbox(to string) (found []notify.Message) {
	seen := map[identity.MailID]bool{}
	for _, m := range slices.Backward(f.mail.List()) {
		if m.To == to && !seen[m.ID] {
			found = slices.Insert(found, 0, m.Message)
		}
		seen[m.ID] = true
	}
	return found
}

// mails waits for the newest mail to an address, of which there must be n.
func (f *fixture) mails(to string, n int) notify.Message {
	f.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		found := f.inbox(to)
		if len(found) >= n {
			if len(found) > n {
				f.Errorf("%d mails to %s, want %d", len(found), to, n)
			}
			return found[0]
		}
	}
	f.Fatalf("mail %d to %s did not come", n, to)
	return notify.Message{}
}

// token is the secret in the link of a mail.
func (f *fixture) token(m notify.Message) string {
	f.Helper()
	for _, link := range m.Links {
		if !strings.HasPrefix(link, f.public.String()+"/") {
			f.Errorf("the mail leads to %s", link)
		}
		if _, token, ok := strings.Cut(link, "?token="); ok {
			return token
		}
	}
	f.Fatalf("no token in %v", m.Links)
	return ""
}

// events counts what the log tells of a user.
func (f *fixture) events(id identity.UserID) map[string]int {
	f.Helper()
	list, _, err := f.gate.Log.List(f.Context(), audit.Query{Subject: id, Limit: 200})
	f.must(err)
	count := map[string]int{}
	for _, e := range list {
		count[e.Type]++
	}
	return count
}
