package token_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/keyring"
	"github.com/gatehouse-id/gatehouse/session"
	"github.com/gatehouse-id/gatehouse/token"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const (
	issuer = "https://auth.example.com"
	day    = 24 * time.Hour
	// The lifetimes of a family (CON-01).
	idle     = 7 * day
	lifetime = 30 * day
)

// A fixture is a house with keys whose clock stands still until somebody waits.
type fixture struct {
	testing.TB
	db       *sqldb.DB
	accounts *account.Store
	sessions *session.Store
	ring     *keyring.Ring
	tokens   *token.Store
	since    atomic.Int64 // start, as a Duration
}

func open(t testing.TB, db *sqldb.DB) *fixture {
	f := &fixture{TB: t, db: db}
	log := &audit.Log{DB: db, Now: f.now}
	f.accounts = &account.Store{DB: db, Log: log, Now: f.now}
	f.sessions = &session.Store{DB: db, Log: log, Now: f.now}
	f.ring = &keyring.Ring{DB: db, Log: log, Now: f.now, Master: secret.Bytes(secret.Size)}
	f.must(f.ring.Open(t.Context()))
	f.tokens = f.storeAt(f.now)
	return f
}

// storeAt returns a store that has seen nothing yet, with a clock of its own.
func (f *fixture) storeAt(now func() time.Time) *token.Store {
	return &token.Store{DB: f.db, Log: f.accounts.Log, Now: now, Keys: f.ring, Issuer: issuer}
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

func (f *fixture) exec(query string, args ...any) {
	f.Helper()
	if n, err := f.db.Exec(f.Context(), query, args...); err != nil || n == 0 {
		f.Fatalf("%s: %d rows, %v", query, n, err)
	}
}

func (f *fixture) user(roles ...string) *identity.User {
	f.Helper()
	u, err := f.accounts.Create(f.Context(), account.NewUser{Email: secret.New() + "@example.com", Name: "Alice Adams", Roles: roles})
	f.must(err)
	return u
}

// A login is somebody who signed in: what the house knows and what the client was given.
type login struct {
	user    *identity.User
	session *identity.Session
	family  *token.Family
	refresh string // the first refresh token
}

// signIn signs in a new user in mode token, with Firefox.
func (f *fixture) signIn() *login {
	f.Helper()
	return f.signInAs(f.user("user"), idle)
}

func (f *fixture) signInAs(u *identity.User, idle time.Duration) *login {
	f.Helper()
	l := &login{user: u, session: &identity.Session{
		UserID: u.ID, Mode: identity.ModeToken, Generation: u.Generation, ExpiresAt: f.now().Add(lifetime),
		Proofs: []identity.Proof{{Method: "password", Factor: identity.Knowledge, At: f.now()}},
	}}
	_, err := f.sessions.Create(f.Context(), l.session)
	f.must(err)
	l.family, l.refresh, err = f.tokens.Begin(with(f.Context(), firefox), token.NewFamily{Session: l.session, Idle: idle, Lifetime: lifetime})
	f.must(err)
	return l
}

const (
	firefox = "Mozilla/5.0 Firefox/150.0"
	safari  = "Mozilla/5.0 Safari/620.1"
)

// with is a request of a browser.
func with(ctx context.Context, agent string) context.Context {
	return identity.WithOrigin(ctx, &identity.Origin{IP: "192.0.2.1", UserAgent: agent})
}

// refresh does what the route does: it returns the successor, or why there is none.
func (f *fixture) refresh(ctx context.Context, store *token.Store, refresh string, active bool) (next string, verdict token.Verdict, err error) {
	family, number, err := store.Present(ctx, refresh)
	if err != nil {
		return "", token.Refused, err
	}
	err = f.db.Tx(ctx, func(ctx context.Context) error {
		verdict, err = store.Rotate(ctx, family, number, active)
		return err
	})
	if err != nil || verdict == token.Reused {
		return "", verdict, err
	}
	next, err = store.Successor(family)
	return next, verdict, err
}

var words = map[token.Verdict]string{token.Rotated: "rotated", token.Repeated: "repeated", token.Replaced: "replaced", token.Reused: "reused"}

// present refreshes with a browser and returns the successor and, in a word, what happened:
// the verdict, or the code of the error.
func (f *fixture) present(agent, refresh string) (next, what string) {
	f.Helper()
	next, verdict, err := f.refresh(with(f.Context(), agent), f.tokens, refresh, true)
	if err != nil {
		return "", identity.CodeOf(err)
	}
	return next, words[verdict]
}
