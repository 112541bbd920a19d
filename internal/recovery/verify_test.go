package recovery_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/recovery"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

const (
	alice      = "alice@example.com"
	passphrase = "violet hammer seventeen"
	another    = "crimson ladder fourteen"
)

// A fixture is a verifier, with the links that were mailed, newest last.
type fixture struct {
	testing.TB
	*recovery.Verifier
	links []string
	time  time.Time
}

// Queue implements authn.Post: it keeps the tokens of links, which leave with no mail.
func (f *fixture) Queue(_ context.Context, m notify.Message, _ time.Time) error {
	if m.Channel == notify.Nobody {
		return nil
	}
	for _, link := range m.Links {
		if _, token, ok := strings.Cut(link, "?token="); ok {
			f.links = append(f.links, token)
		}
	}
	return nil
}

func each(t *testing.T, fn func(*fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := &fixture{TB: t, time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
		now := func() time.Time { return f.time }
		gate, err := gatehouse.New(t.Context(), gatehouse.Config{
			Breaches: gatehouse.Breaches{Off: true}, DB: db, PublicURL: "https://id.example.com", MasterKey: make([]byte, 32), Mailer: &notify.Capture{}, Idle: true, Now: now,
			Passwords: gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 64, Time: 1, Parallelism: 1}},
		})
		f.must(err)
		gate.Flow.Mail = f
		f.Verifier = &recovery.Verifier{Accounts: gate.Accounts, Flow: gate.Flow, Now: now}
		fn(f)
	})
}

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// register begins a registration of alice and returns the link that was mailed.
func (f *fixture) register(password, visit string) string {
	f.Helper()
	f.must(f.Flow.Register(f.Context(), authn.NewAccount{Email: alice, Password: password, Visit: visit}))
	return f.links[len(f.links)-1]
}

// Looking at a link spends nothing, however often a scanner opens it (BUG-28).
func TestPending(t *testing.T) {
	each(t, func(f *fixture) {
		visit := secret.New()
		token := f.register(passphrase, visit)
		for from, same := range map[string]bool{visit: true, secret.New(): false, "": false} {
			p, err := f.Pending(f.Context(), token, from)
			if err != nil || p.Email != alice || p.SameBrowser != same {
				t.Errorf("%+v, %v, want same browser %v", p, err, same)
			}
		}
		for token, want := range map[string]error{"": identity.ErrInvalidLink, "x": identity.ErrInvalidLink, strings.Repeat("A", 43): identity.ErrLinkExpired} {
			if _, err := f.Pending(f.Context(), token, visit); !errors.Is(err, want) {
				t.Errorf("%q: %v", token, err)
			}
		}
		if p, err := f.Pending(f.Context(), f.register(passphrase, ""), ""); err != nil || p.SameBrowser {
			t.Errorf("a client without cookies has no browser: %+v, %v", p, err)
		}
	})
}

// However many links of one address are used at once, one user comes of it, with the
// password of the registration whose link it was.
func TestLinksRace(t *testing.T) {
	each(t, func(f *fixture) {
		for range max(1, sqldbtest.Rounds(t)/10) {
			visit := secret.New()
			tokens := []string{f.register(passphrase, visit), f.register(another, visit)}
			f.time = f.time.Add(time.Hour) // so that the address may be mailed again
			var made atomic.Int32
			sqldbtest.Race(4, func(i int) {
				err := f.Verify(f.Context(), tokens[i%2], "", visit)
				if err == nil && made.Add(1) > 1 {
					t.Error("two users of one address")
				}
				if err != nil && !errors.Is(err, identity.ErrLinkExpired) {
					t.Error(err)
				}
			})
			if made.Load() == 0 {
				t.Fatal("nobody passed")
			}
			user, err := f.Accounts.ByEmail(f.Context(), alice)
			f.must(err)
			f.must(f.Accounts.Delete(f.Context(), user.ID))
		}
	})
}

// What fails leaves the link as it was: a weak password, or hashes that cannot be had.
func TestFailureSpendsNothing(t *testing.T) {
	each(t, func(f *fixture) {
		token := f.register(passphrase, "")
		ended, end := context.WithCancel(f.Context())
		end()
		for what, fail := range map[string]func() error{
			"no password":   func() error { err := f.Verify(f.Context(), token, "", ""); return err },
			"weak password": func() error { err := f.Verify(f.Context(), token, "short", ""); return err },
			"outage":        func() error { err := f.Verify(ended, token, passphrase, ""); return err },
		} {
			if err := fail(); err == nil {
				t.Errorf("%s: passed", what)
			}
		}
		f.must(f.Verify(f.Context(), token, passphrase, ""))
		user, err := f.Accounts.ByEmail(f.Context(), alice)
		if err != nil || user.Email != alice || !user.EmailVerified {
			t.Errorf("%+v, %v", user, err)
		}
	})
}

// A new link is mailed only where a registration waits, and to nobody too often.
func TestResend(t *testing.T) {
	each(t, func(f *fixture) {
		_, err := f.Flow.CreateUser(f.Context(), account.NewUser{Email: "bob@example.com", Verified: true}, passphrase)
		f.must(err)
		for _, email := range []string{alice, "bob@example.com", "unknown@example.com"} {
			f.must(f.Resend(f.Context(), email, ""))
		}
		if len(f.links) != 0 {
			t.Errorf("%d links for nobody", len(f.links))
		}
		first := f.register(passphrase, "")
		for range 10 {
			f.must(f.Resend(f.Context(), " ALICE@example.com ", ""))
		}
		if len(f.links) != 4 { // a resend that found nothing, the registration, three more
			t.Errorf("%d links within an hour", len(f.links))
		}
		if _, err := f.Pending(f.Context(), first, ""); !errors.Is(err, identity.ErrLinkExpired) {
			t.Errorf("the first link: %v", err)
		}
		if _, err := f.Pending(f.Context(), f.links[len(f.links)-1], ""); err != nil {
			t.Errorf("the last link: %v", err)
		}
		if err := f.Resend(f.Context(), "nobody", ""); !errors.Is(err, identity.ErrInvalid) {
			t.Errorf("%v", err)
		}
	})
}
