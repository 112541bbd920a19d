package authn_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/breach"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// A pwned stands in for Have I Been Pwned.
type pwned struct {
	*httptest.Server
	known string // a password
	fails atomic.Bool
	asked atomic.Int32
}

func newPwned(t *testing.T, known string) *pwned {
	p := &pwned{known: known}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		d := breach.Of(p.known)
		switch {
		case p.fails.Load():
			w.WriteHeader(http.StatusInternalServerError)
		case r.Header.Get("Add-Padding") != "true" || len(r.URL.Path) != len("/range/ABCDE"):
			t.Errorf("asked for %s with %v", r.URL.Path, r.Header)
		case strings.HasSuffix(r.URL.Path, d.Prefix()):
			_, _ = w.Write([]byte(strings.ToUpper(hexOf(d))[5:] + ":7\r\n" + strings.Repeat("0", 35) + ":0\r\n"))
		default:
			_, _ = w.Write([]byte(strings.Repeat("0", 35) + ":0\r\n"))
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func hexOf(d breach.Digest) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for _, c := range d {
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

func (p *pwned) ask(c *gatehouse.Config) {
	c.Breaches = gatehouse.Breaches{Ranges: gatehouse.Ranges{URL: p.URL, Loopback: true}}
}

// A password that attackers know cannot be set, wherever one is set; a service that is down keeps
// nobody from setting one, and is left alone for a while (PWD-09, PWD-10, PWD-14).
func TestBreachedIsRefused(t *testing.T) {
	service := newPwned(t, another)
	f := open(t, sqldbtest.SQLite(t), service.ask)
	f.person(alice)
	in := f.signIn(identity.ModeCookie)
	p := &identity.Principal{UserID: in.User.ID, SessionID: in.Session.ID}
	for what, err := range map[string]error{
		"registration": f.Register(f.Context(), authn.NewAccount{Email: "new@example.com", Password: another}),
		"change":       second(f.ChangePassword(f.Context(), p, passphrase, another)),
	} {
		var e *identity.Error
		if !errors.Is(err, identity.ErrBreached) || !errors.As(err, &e) || len(e.Fields) != 1 {
			t.Errorf("%s: %v", what, err)
		}
	}
	service.fails.Store(true)
	before := service.asked.Load()
	for range 5 {
		f.must(f.Register(f.Context(), authn.NewAccount{Email: "new@example.com", Password: another}))
	}
	if n := service.asked.Load() - before; n != 1 {
		t.Errorf("a service that is down was asked %d times", n)
	}
}

func second[T any](_ T, err error) error { return err }

// Whose password is found after a sign-in is signed out, told by mail, and must choose another one;
// nobody waits for the look, and a password that was looked up is not looked up again (PWD-14).
func TestBreachedAfterSignIn(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		service, post := newPwned(t, "another one entirely"), &notify.Capture{}
		f := open(t, db, service.ask, func(c *gatehouse.Config) { c.Mailer = post })
		user := f.person(alice)
		before := service.asked.Load()
		for range 4 {
			f.signIn(identity.ModeCookie)
			if n := service.asked.Load() - before; n > 1 {
				t.Errorf("looked up %d times", n)
			}
			f.look()
		}
		f.wait(4 * 24 * time.Hour) // long enough to look again
		service.known = passphrase
		in := f.signIn(identity.ModeCookie)
		if n := service.asked.Load() - before; n != 1 || !f.opens(in) {
			t.Fatalf("the sign-in did not leave the look for later: %d looks; it opens: %v", n, f.opens(in))
		}
		f.look()
		if n := service.asked.Load() - before; n != 2 || f.opens(in) {
			t.Fatalf("looked up %d times; the session goes on: %v", n, f.opens(in))
		}
		_, err := f.try(identity.ModeCookie, passphrase)
		f.refuses("the next sign-in", err, identity.ErrMustReset)
		f.mailed(post, "forgot")
		told := slices.DeleteFunc(post.List(), func(m notify.Captured) bool { return !strings.Contains(m.Text, "/forgot") })
		if len(told) != 1 || told[0].To != alice {
			t.Errorf("%+v", told)
		}
		if len(f.events(user, identity.EventPasswordBreached)) != 1 {
			t.Error("the log does not tell of it")
		}
	})
}

// look looks up whatever waits, as the house does when it closes.
func (f *fixture) look() {
	f.Helper()
	closed, stop := context.WithCancel(f.Context())
	stop()
	f.WatchPasswords(closed, func(err error) { f.Error(err) })
}

// Users who were brought along with a hash of another make are looked at too, at their first sign-in,
// which makes the hash anew: their passwords are the oldest (PWD-08, PWD-14).
func TestBreachedImport(t *testing.T) {
	const old, bcrypt = "correct horse battery staple", "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"
	f := open(t, sqldbtest.SQLite(t), newPwned(t, old).ask)
	_, err := f.Import(f.Context(), account.NewUser{Email: alice, Verified: true}, bcrypt)
	f.must(err)
	out, err := f.try(identity.ModeCookie, old)
	f.must(err)
	f.look()
	if f.opens(out) {
		t.Error("the session goes on")
	}
}

// What waits when the house closes is looked up before; more than may wait is dropped, and nobody
// waits for that (PWD-14).
func TestBreachedQueue(t *testing.T) {
	service := newPwned(t, another)
	f := open(t, sqldbtest.SQLite(t), service.ask)
	user := &identity.User{ID: f.person(alice)}
	service.known = passphrase
	in := f.signIn(identity.ModeCookie)
	for range 260 { // there is room for 256
		f.must(f.Passwords.Verify(f.Context(), user, passphrase))
	}
	before := service.asked.Load()
	f.look()
	if n := service.asked.Load() - before; n != 1 || f.opens(in) {
		t.Errorf("asked %d times; the session goes on: %v", n, f.opens(in))
	}
}

// A look that was cut short is made at the next sign-in, not days later: the end of a server must
// spare no password (PWD-14).
func TestBreachedLookIsCutShort(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	f.person(alice)
	slow := true
	f.Passwords.Breaches = authn.NewBreaches(func(ctx context.Context, _ breach.Digest) (bool, error) {
		if slow {
			<-ctx.Done()
			return false, ctx.Err()
		}
		return true, nil
	})
	f.signIn(identity.ModeCookie)
	f.look()
	slow = false
	in := f.signIn(identity.ModeCookie)
	f.look()
	if f.opens(in) {
		t.Error("the session goes on")
	}
}
