package client_test

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/client"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/policy"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A fixture is a house without clients whose clock stands still until somebody waits.
type fixture struct {
	testing.TB
	db      *sqldb.DB
	log     *audit.Log
	clients *client.Store
	since   atomic.Int64 // start, as a Duration
}

func each(t *testing.T, fn func(*fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(open(t, db)) })
}

func open(t testing.TB, db *sqldb.DB) *fixture {
	t.Helper()
	p, err := policy.File{Permissions: []policy.Permission{"posts:read", "export:csv"}}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{TB: t, db: db}
	f.log = &audit.Log{DB: db, Now: f.now}
	f.clients = &client.Store{DB: db, Log: f.log, Now: f.now, Allowed: func(roles, scopes []string) error {
		return errors.Join(p.Known(roles, false), p.Scoped(scopes))
	}}
	return f
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

// client creates one, a moment after the one before.
func (f *fixture) client(n client.New) (*identity.Client, string) {
	f.Helper()
	f.wait(time.Millisecond)
	c, secret, err := f.clients.Create(f.Context(), n)
	f.must(err)
	return c, secret
}

func (f *fixture) read(id identity.ClientID) *identity.Client {
	f.Helper()
	c, err := f.clients.ByID(f.Context(), id)
	f.must(err)
	return c
}

// opens reports what the secret is answered with.
func (f *fixture) opens(id identity.ClientID, secret string) error {
	f.Helper()
	_, err := f.clients.Authenticate(f.Context(), id, secret)
	return err
}

// events are the types that the log has, sorted.
func (f *fixture) events() string {
	f.Helper()
	list, _, err := f.log.List(f.Context(), audit.Query{})
	f.must(err)
	var types []string
	for _, e := range list {
		types = append(types, e.Type)
	}
	slices.Sort(types)
	return strings.Join(types, " ")
}

func (f *fixture) count(query string, args ...any) (n int) {
	f.Helper()
	_, err := f.db.Row(f.Context(), []any{&n}, query, args...)
	f.must(err)
	return n
}
