package access_test

import (
	"bytes"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/access"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/tenant"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A fixture is one machine of an empty house, whose clock stands still until somebody waits.
type fixture struct {
	testing.TB
	*access.Store
	accounts *account.Store
	tenants  *tenant.Store
	said     *bytes.Buffer // what the log was told
	since    *atomic.Int64 // start, as a Duration
}

func open(t testing.TB, db *sqldb.DB) *fixture {
	t.Helper()
	return on(t, db, &atomic.Int64{})
}

// next is another machine of the same house, with the same clock.
func (f *fixture) next() *fixture { return on(f.TB, f.DB, f.since) }

func on(t testing.TB, db *sqldb.DB, since *atomic.Int64) *fixture {
	t.Helper()
	f := &fixture{TB: t, said: &bytes.Buffer{}, since: since}
	log := &audit.Log{DB: db, Now: f.now}
	f.accounts = &account.Store{DB: db, Log: log, Now: f.now}
	f.tenants = &tenant.Store{DB: db, Log: log, Now: f.now}
	f.Store = &access.Store{DB: db, Log: log, Now: f.now, Outdate: f.accounts.Outdate, Logger: slog.New(slog.NewTextHandler(f.said, nil))}
	f.must(f.Open(t.Context()))
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

func (f *fixture) refuses(what string, err, want error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.Errorf("%s: %v, want %v", what, err, want)
	}
}

func (f *fixture) user(name string) identity.UserID {
	f.Helper()
	f.wait(time.Millisecond)
	u, err := f.accounts.Create(f.Context(), account.NewUser{Email: name + "@example.com"})
	f.must(err)
	return u.ID
}

// org makes an organization that the owners own.
func (f *fixture) org(name string, owners ...identity.UserID) identity.TenantID {
	f.Helper()
	f.wait(time.Millisecond)
	org, err := f.tenants.Create(f.Context(), name)
	f.must(err)
	for _, owner := range owners {
		f.must(f.Grant(f.Context(), org.ID, owner, access.RoleOwner))
	}
	return org.ID
}

func (f *fixture) roles(org identity.TenantID, user identity.UserID) []string {
	f.Helper()
	roles, err := f.RolesIn(f.Context(), org, user)
	f.must(err)
	return roles
}

func (f *fixture) version(user identity.UserID) int64 {
	f.Helper()
	u, err := f.accounts.ByID(f.Context(), user)
	f.must(err)
	return u.Version
}

// faulty is what an error says of the policy.
func faulty(err error) string {
	var e *identity.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Fields["policy"]
}
