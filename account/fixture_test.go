package account_test

import (
	"bytes"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A fixture is an empty house whose clock stands still until somebody waits.
type fixture struct {
	testing.TB
	db       *sqldb.DB
	log      *audit.Log
	accounts *account.Store
	since    atomic.Int64 // start, as a Duration
}

func each(t *testing.T, fn func(*fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := &fixture{TB: t, db: db}
		f.log = &audit.Log{DB: db, Now: f.now}
		f.accounts = &account.Store{DB: db, Log: f.log, Now: f.now}
		fn(f)
	})
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

// user creates name@example.com, a moment after the one before.
func (f *fixture) user(name string, roles ...string) *identity.User {
	f.Helper()
	f.wait(time.Millisecond)
	u, err := f.accounts.Create(f.Context(), account.NewUser{Email: name + "@example.com", Name: name, Roles: roles})
	f.must(err)
	return u
}

func (f *fixture) read(id identity.UserID) *identity.User {
	f.Helper()
	u, err := f.accounts.ByID(f.Context(), id)
	f.must(err)
	return u
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

func (f *fixture) count(query string, args ...any) (n int) {
	f.Helper()
	_, err := f.db.Row(f.Context(), []any{&n}, query, args...)
	f.must(err)
	return n
}

// row returns all columns of one row, as bytes.
func (f *fixture) row(columns int, query string) []byte {
	f.Helper()
	values, into := make([][]byte, columns), make([]any, columns)
	for i := range values {
		into[i] = &values[i]
	}
	found, err := f.db.Row(f.Context(), into, query)
	if err != nil || !found {
		f.Fatal("no row: ", err)
	}
	return bytes.Join(values, []byte(" "))
}

// winners lets 16 callers try at once and returns how many won. Who lost must have been
// told so by the error wanted.
func (f *fixture) winners(want error, try func(i int) error) int {
	f.Helper()
	var won atomic.Int64
	sqldbtest.Race(16, func(i int) {
		switch err := try(i); {
		case err == nil:
			won.Add(1)
		case !errors.Is(err, want):
			f.Errorf("caller %d: %v", i, err)
		}
	})
	return int(won.Load())
}
