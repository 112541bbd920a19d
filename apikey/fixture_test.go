package apikey_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/apikey"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const (
	day  = 24 * time.Hour
	here = "192.0.2.7"
)

// A fixture is an empty house whose clock stands still until somebody waits.
type fixture struct {
	testing.TB
	db       *sqldb.DB
	log      *audit.Log
	accounts *account.Store
	*apikey.Store
	since atomic.Int64 // start, as a Duration
}

func open(t testing.TB, db *sqldb.DB) *fixture {
	f := &fixture{TB: t, db: db}
	f.log = &audit.Log{DB: db, Now: f.now}
	f.accounts = &account.Store{DB: db, Log: f.log, Now: f.now}
	f.Store = &apikey.Store{DB: db, Log: f.log, Now: f.now, Scoped: scoped}
	return f
}

// scoped knows what no policy of these tests needs to.
func scoped(scopes []string) error {
	for _, s := range scopes {
		if !strings.Contains("read write admin posts:read", s) {
			return identity.ErrInvalid.With("scopes", "has "+s)
		}
	}
	return nil
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

// key makes a key that lives for ever and may be used from everywhere.
func (f *fixture) key(user identity.UserID, change ...func(*apikey.New)) (apikey.Key, string) {
	f.Helper()
	n := apikey.New{Name: "build"}
	for _, fn := range change {
		fn(&n)
	}
	k, text, err := f.Create(f.Context(), user, n)
	f.must(err)
	return k, text
}

// opens reports whether a key is good. Every refusal is the same.
func (f *fixture) opens(text string) bool {
	f.Helper()
	_, _, err := f.Check(f.Context(), text, here)
	if err != nil {
		f.refuses("Check", err, identity.ErrAPIKey)
	}
	return err == nil
}

func (f *fixture) is(what, text string, want bool) {
	f.Helper()
	if got := f.opens(text); got != want {
		f.Errorf("%s: the key is good: %v, want %v", what, got, want)
	}
}

// events counts what the log tells of a user.
func (f *fixture) events(id identity.UserID) map[string]int {
	f.Helper()
	events, _, err := f.log.List(f.Context(), audit.Query{Subject: id, Limit: 200})
	f.must(err)
	count := map[string]int{}
	for _, e := range events {
		count[e.Type]++
	}
	return count
}

// all returns the only column of a query.
func all(f *fixture, query string) ([]string, error) {
	return sqldb.All(f.Context(), f.db, func(row func(...any) error) (string, error) {
		var v []byte
		err := row(&v)
		return string(v), err
	}, query)
}
