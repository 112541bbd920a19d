// Package sqldbtest runs a test on every engine that the house supports, on a real
// database with all migrations applied.
package sqldbtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/schema"
	"github.com/gatehouse-id/gatehouse/postgres"
	"github.com/gatehouse-id/gatehouse/sqlite"
)

// Server is the environment variable that names a PostgreSQL server by a URL with a query
// part. scripts/test starts one and sets it. "none" leaves PostgreSQL out, for a
// developer in a hurry; where it is not set at all the tests fail.
const Server = "GATEHOUSE_TEST_POSTGRES"

// Each runs fn on an empty SQLite database and on an empty PostgreSQL schema.
func Each(t *testing.T, fn func(*testing.T, *sqldb.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t)) })
	if os.Getenv(Server) != "none" {
		t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t)) })
	}
}

// SQLite returns an empty database in a file of its own.
func SQLite(t testing.TB) *sqldb.DB {
	t.Helper()
	return migrated(t)(sqlite.Open(filepath.Join(t.TempDir(), "test.db")))
}

// Postgres returns an empty schema on the server, which is dropped in the end.
func Postgres(t testing.TB) *sqldb.DB {
	t.Helper()
	return migrated(t)(postgres.Open(PostgresURL(t)))
}

// PostgresURL returns the URL of an empty schema without tables, which is dropped in the
// end.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Server)
	if !strings.Contains(server, "?") {
		t.Fatalf("%s=%q names no PostgreSQL server; ./scripts/test starts one", Server, server)
	}
	name := fmt.Sprintf("t%x", secret.Bytes(8))
	script(t, server, "CREATE SCHEMA "+name)
	t.Cleanup(func() { script(t, server, "DROP SCHEMA "+name+" CASCADE") })
	return server + "&search_path=" + name
}

func script(t testing.TB, url, text string) {
	t.Helper()
	db, err := postgres.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec(t.Context(), text); err != nil && t.Context().Err() == nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func migrated(t testing.TB) func(*sqldb.DB, error) *sqldb.DB {
	return func(db *sqldb.DB, err error) *sqldb.DB {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := db.Migrate(t.Context(), schema.Files); err != nil {
			t.Fatal(err)
		}
		return db
	}
}

// Rounds is how often a race is run: GATEHOUSE_RACE_ROUNDS, 20 where it is not set.
func Rounds(t testing.TB) int {
	t.Helper()
	text := os.Getenv("GATEHOUSE_RACE_ROUNDS")
	if text == "" {
		return 20
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("GATEHOUSE_RACE_ROUNDS=%q is no number of rounds", text)
	}
	return n
}

// Race calls fn n times at once and waits for all.
func Race(n int, fn func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	all.Wait()
}
