package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/postgres"
	"github.com/gatehouse-id/gatehouse/sqlite"
)

var errRefused = errors.New("refused")

// each runs fn on every engine, with a table of numbers.
func each(t *testing.T, fn func(*testing.T, *sqldb.DB)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		create(t, db)
		fn(t, db)
	})
}

func create(t testing.TB, db *sqldb.DB) {
	t.Helper()
	if _, err := db.Exec(t.Context(), `CREATE TABLE numbers (n BIGINT PRIMARY KEY, word TEXT NOT NULL DEFAULT '')`); err != nil {
		t.Fatal(err)
	}
}

// eachOpen runs fn on every engine with a function that opens the same empty database, which
// has no table at all, as often as it is called.
func eachOpen(t *testing.T, fn func(t *testing.T, open func() (*sqldb.DB, error))) {
	t.Helper()
	run := func(name string, where func(testing.TB) string, open func(string) (*sqldb.DB, error)) {
		t.Run(name, func(t *testing.T) {
			place := where(t)
			fn(t, func() (*sqldb.DB, error) {
				db, err := open(place)
				if err == nil {
					t.Cleanup(func() { _ = db.Close() })
				}
				return db, err
			})
		})
	}
	run("sqlite", func(t testing.TB) string { return filepath.Join(t.TempDir(), "test.db") }, sqlite.Open)
	if os.Getenv(sqldbtest.Server) != "none" {
		run("postgres", sqldbtest.PostgresURL, postgres.Open)
	}
}

func must(t testing.TB) func(*sqldb.DB, error) *sqldb.DB {
	return func(db *sqldb.DB, err error) *sqldb.DB {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
}

func add(ctx context.Context, db *sqldb.DB, n int) error {
	_, err := db.Exec(ctx, `INSERT INTO numbers (n) VALUES ($1)`, n)
	return err
}

// adding returns a closure for Tx that adds n and then answers err.
func adding(db *sqldb.DB, n int, err error) func(context.Context) error {
	return func(ctx context.Context) error { return errors.Join(add(ctx, db, n), err) }
}

func numbers(t testing.TB, db *sqldb.DB) []int {
	t.Helper()
	all, err := sqldb.All(t.Context(), db, func(row func(...any) error) (n int, err error) {
		return n, row(&n)
	}, `SELECT n FROM numbers ORDER BY n`)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// expect fails unless exactly the numbers of want are there.
func expect(t testing.TB, db *sqldb.DB, want ...int) {
	t.Helper()
	slices.Sort(want)
	if got := numbers(t, db); !slices.Equal(got, want) {
		t.Errorf("the table has %s, want %s", short(got), short(want))
	}
}

func short(n []int) string {
	if len(n) > 40 {
		return fmt.Sprintf("%d numbers: %v…", len(n), n[:40])
	}
	return fmt.Sprint(n)
}
