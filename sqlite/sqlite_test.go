package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/schema"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/sqlite"
)

// A path is a path, whatever an URL would make of it.
func TestOpenTakesAnyPath(t *testing.T) {
	for _, name := range []string{"plain.db", "two words.db", "what?mode=memory", "100%.db", "a#b&c=d.db", "größe.db"} {
		path := filepath.Join(t.TempDir(), name)
		for range 2 { // created, then found
			db, err := sqlite.Open(path)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if err := errors.Join(db.Migrate(t.Context(), schema.Files), db.Ping(t.Context()), db.Close()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

// Processes that start at once on a new file wait for each other.
func TestOpenAtOnce(t *testing.T) {
	for round := range sqldbtest.Rounds(t) {
		path := filepath.Join(t.TempDir(), "test.db")
		sqldbtest.Race(6, func(i int) {
			db, err := sqlite.Open(path)
			if err != nil {
				t.Errorf("round %d, process %d: %v", round, i, err)
				return
			}
			_ = db.Close()
		})
	}
}

// What is no database is named and left as it is (F9).
func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	text := strings.Repeat("this is no database ", 1000)
	if err := os.WriteFile(garbage, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{garbage, filepath.Join(dir, "missing", "test.db"), dir} {
		if db, err := sqlite.Open(path); err == nil {
			_ = db.Close()
			t.Errorf("opened %s", path)
		} else if !strings.Contains(err.Error(), path) {
			t.Errorf("%s is not named: %v", path, err)
		}
	}
	if after, err := os.ReadFile(garbage); err != nil || string(after) != text {
		t.Errorf("the file was changed, %v", err)
	}
}

// The writer keeps what it acknowledges, and its foreign keys; readers are readers.
func TestSettings(t *testing.T) {
	db := sqldbtest.SQLite(t)
	for _, c := range []struct{ pragma, writer, reader string }{
		{"journal_mode", "wal", "wal"},
		{"synchronous", "2", ""}, // FULL; a reader syncs nothing
		{"foreign_keys", "1", ""},
		{"query_only", "0", "1"},
		{"busy_timeout", "10000", "10000"},
		{"journal_size_limit", "67108864", ""}, // 64 MiB: a flood's log does not stay (I10)
	} {
		var writer, reader string
		err := db.Tx(t.Context(), func(ctx context.Context) error {
			_, err := db.Row(ctx, []any{&writer}, "PRAGMA "+c.pragma)
			return err
		})
		if err != nil || writer != c.writer {
			t.Errorf("%s of the writer is %s, %v; want %s", c.pragma, writer, err, c.writer)
		}
		if _, err := db.Row(t.Context(), []any{&reader}, "PRAGMA "+c.pragma); err != nil || c.reader != "" && reader != c.reader {
			t.Errorf("%s of the reader is %s, %v; want %s", c.pragma, reader, err, c.reader)
		}
	}
}

func TestForeignKeysHold(t *testing.T) {
	db := sqldbtest.SQLite(t)
	if _, err := db.Exec(t.Context(), `INSERT INTO user_roles (user_id, role, granted_at) VALUES ('usr_nobody', 'admin', 0)`); err == nil {
		t.Error("a role was granted to nobody")
	}
}

// Every table of the house is STRICT: a migration that is written in another layout would
// escape the rewriting.
func TestTablesAreStrict(t *testing.T) {
	db := sqldbtest.SQLite(t)
	loose, err := sqldb.All(t.Context(), db, func(row func(...any) error) (name string, err error) {
		return name, row(&name)
	}, `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'`)
	if err != nil || len(loose) > 0 {
		t.Errorf("tables that are not STRICT: %v, %v", loose, err)
	}
}
