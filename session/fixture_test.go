package session_test

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

// The lifetimes of a cookie session (SES-03, SES-20).
const (
	idle = 30 * time.Minute
	day  = 24 * time.Hour
)

// A fixture is an empty house whose clock stands still until somebody waits.
type fixture struct {
	testing.TB
	db       *sqldb.DB
	log      *audit.Log
	accounts *account.Store
	sessions *session.Store
	since    atomic.Int64 // start, as a Duration
}

func open(t testing.TB, db *sqldb.DB) *fixture {
	f := &fixture{TB: t, db: db}
	f.log = &audit.Log{DB: db, Now: f.now}
	f.accounts = &account.Store{DB: db, Log: f.log, Now: f.now}
	f.sessions = &session.Store{DB: db, Log: f.log, Now: f.now}
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

func (f *fixture) user(name string, roles ...string) identity.UserID {
	f.Helper()
	u, err := f.accounts.Create(f.Context(), account.NewUser{Email: name + "@example.com", Roles: roles})
	f.must(err)
	return u.ID
}

// from is a request that comes from somewhere.
func (f *fixture) from(ip, agent string) context.Context {
	return identity.WithOrigin(f.Context(), &identity.Origin{IP: ip, UserAgent: agent})
}

// signIn starts a cookie session with the usual lifetimes.
func (f *fixture) signIn(user identity.UserID) (*identity.Session, string) {
	f.Helper()
	return f.begin(user, identity.ModeCookie, idle, day)
}

func (f *fixture) begin(user identity.UserID, mode identity.Mode, idle, lifetime time.Duration) (*identity.Session, string) {
	f.Helper()
	u, err := f.accounts.ByID(f.Context(), user)
	f.must(err)
	v := &identity.Session{
		UserID: user, Mode: mode, Generation: u.Generation, Idle: idle, ExpiresAt: f.now().Add(lifetime),
		Proofs: []identity.Proof{{Method: "password", Factor: identity.Knowledge, At: f.now()}},
	}
	token, err := f.sessions.Create(f.from("192.0.2.1", "Firefox"), v)
	f.must(err)
	return v, token
}

// live reports whether a secret opens a session. Every refusal is the same.
func (f *fixture) live(token string) bool {
	f.Helper()
	_, _, err := f.sessions.Lookup(f.Context(), token)
	if err != nil {
		f.refuses("Lookup", err, identity.ErrNoCredentials)
	}
	return err == nil
}

func (f *fixture) seen(id identity.SessionID) (at int64) {
	f.Helper()
	_, err := f.db.Row(f.Context(), []any{&at}, `SELECT seen_at FROM sessions WHERE id = $1`, string(id))
	f.must(err)
	return at
}

// events counts what the log tells of a user.
func (f *fixture) events(id identity.UserID) map[string]int {
	f.Helper()
	events, _, err := f.log.List(f.Context(), audit.Query{Subject: id})
	f.must(err)
	count := map[string]int{}
	for _, e := range events {
		count[e.Type]++
	}
	return count
}

// tokens is who keeps the refresh families of the sessions.
func (f *fixture) tokens() *token.Store {
	f.Helper()
	keys := &keyring.Ring{DB: f.db, Log: f.log, Now: f.now, Master: secret.Bytes(secret.Size)}
	f.must(keys.Open(f.Context()))
	return &token.Store{DB: f.db, Log: f.log, Now: f.now, Keys: keys, Issuer: "https://id.example.com"}
}

// family begins a session of a token mode, with the refresh family that carries it.
func (f *fixture) family(tokens *token.Store, user identity.UserID, idle time.Duration) identity.SessionID {
	f.Helper()
	v, _ := f.begin(user, identity.ModeNative, 0, 30*day)
	_, _, err := tokens.Begin(f.Context(), token.NewFamily{Session: v, Idle: idle, Lifetime: 30 * day})
	f.must(err)
	return v.ID
}
