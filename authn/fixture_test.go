package authn_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

const (
	alice      = "alice@example.com"
	passphrase = "violet hammer seventeen"
	another    = "crimson ladder fourteen"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A fixture is the flow of a house whose clock stands still until somebody waits.
type fixture struct {
	testing.TB
	*authn.Flow
	gate  *gatehouse.Gate
	since atomic.Int64 // start, as a Duration
}

func open(t testing.TB, db *sqldb.DB, options ...func(*gatehouse.Config)) *fixture {
	t.Helper()
	f := &fixture{TB: t}
	c := gatehouse.Config{
		Breaches: gatehouse.Breaches{Off: true}, Captcha: gatehouse.Captcha{Provider: "off"}, DB: db, PublicURL: "https://id.example.com", MasterKey: make([]byte, 32), Mailer: &notify.Capture{}, Idle: true, Now: f.now,
		Passwords: gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 64, Time: 1, Parallelism: 1}},
		Logger:    slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, option := range options {
		option(&c)
	}
	gate, err := gatehouse.New(t.Context(), c)
	f.must(err)
	f.gate, f.Flow = gate, gate.Flow
	return f
}

func each(t *testing.T, fn func(*fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(open(t, db)) })
}

func (f *fixture) now() time.Time { return start.Add(time.Duration(f.since.Load())) }

func (f *fixture) wait(d time.Duration) { f.since.Add(int64(d)) }

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// refuses fails unless err is the error wanted; a nil want is success.
func (f *fixture) refuses(what string, err, want error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.Errorf("%s: %v, want %v", what, err, want)
	}
}

func (f *fixture) person(email string) identity.UserID {
	f.Helper()
	u, err := f.CreateUser(f.Context(), account.NewUser{Email: email, Verified: true}, passphrase)
	f.must(err)
	return u.ID
}

func (f *fixture) try(mode identity.Mode, password string) (*authn.SignedIn, error) {
	out, err := f.Finish(f.Context(), authn.Answer{
		Method: authn.Password, Start: authn.Start{Mode: mode}, Input: authn.Input{Email: alice, Password: password},
	})
	return out.SignedIn, err
}

func (f *fixture) signIn(mode identity.Mode) *authn.SignedIn {
	f.Helper()
	in, err := f.try(mode, passphrase)
	f.must(err)
	return in
}

// opens reports whether what a sign-in handed out is good for anything.
func (f *fixture) opens(in *authn.SignedIn) bool {
	if in.Cookie != "" {
		_, _, err := f.Sessions.Lookup(f.Context(), in.Cookie)
		return err == nil
	}
	_, err := f.Refresh(f.Context(), authn.Refresh{Token: in.Refresh, Native: in.Session.Mode == identity.ModeNative, Active: true})
	c, invalid := f.Tokens.Verify(in.Access)
	return err == nil || invalid == nil && f.Tokens.Check(f.Context(), c) == nil
}

func (f *fixture) caller(in *authn.SignedIn) *identity.Principal {
	return &identity.Principal{UserID: in.User.ID, SessionID: in.Session.ID}
}

func (f *fixture) events(id identity.UserID, kind string) []identity.Event {
	f.Helper()
	list, _, err := f.gate.Log.List(context.Background(), audit.Query{Subject: id, Type: kind})
	f.must(err)
	return list
}
