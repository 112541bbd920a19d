package sqldb_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// What is not idempotent shows that it ran once.
const (
	first  = "-- oldest: 0001\nCREATE TABLE steps (\n\tn BIGINT NOT NULL,\n\tdone BOOLEAN NOT NULL\n);\nINSERT INTO steps (n, done) VALUES (1, TRUE);\n"
	second = "-- oldest: 0001\nINSERT INTO steps (n, done) VALUES (2, FALSE);\n"
	third  = "-- oldest: 0003\nINSERT INTO steps (n, done) VALUES (3, TRUE);\n"
)

// files are migrations with these texts, numbered from 1.
func files(texts ...string) fstest.MapFS {
	all := fstest.MapFS{}
	for i, text := range texts {
		all[fmt.Sprintf("%04d_step.sql", i+1)] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

// steps are the numbers that the migrations have inserted; none where the table is missing.
func steps(t *testing.T, db *sqldb.DB) string {
	t.Helper()
	all, err := sqldb.All(t.Context(), db, func(row func(...any) error) (s string, err error) {
		var n int
		var done bool
		err = row(&n, &done)
		return fmt.Sprint(n, " ", done), err
	}, `SELECT n, done FROM steps ORDER BY n`)
	if err != nil {
		return "no table"
	}
	return strings.Join(all, ", ")
}

func TestMigrate(t *testing.T) {
	eachOpen(t, func(t *testing.T, open func() (*sqldb.DB, error)) {
		db := must(t)(open())
		for _, c := range []struct {
			program []string
			want    string
		}{
			{[]string{first}, "1 true"},
			{[]string{first}, "1 true"},
			{[]string{first, second}, "1 true, 2 false"},
			{[]string{first, second}, "1 true, 2 false"},
			{[]string{first, second, third}, "1 true, 2 false, 3 true"},
		} {
			if err := db.Migrate(t.Context(), files(c.program...)); err != nil {
				t.Errorf("program of %d migrations: %v", len(c.program), err)
			}
			if got := steps(t, db); got != c.want {
				t.Errorf("program of %d migrations left %s, want %s", len(c.program), got, c.want)
			}
		}
	})
}

// Two machines that start at once on the same empty database (F19).
func TestMigrateAtOnce(t *testing.T) {
	for range max(1, sqldbtest.Rounds(t)/4) {
		eachOpen(t, func(t *testing.T, open func() (*sqldb.DB, error)) {
			sqldbtest.Race(3, func(i int) {
				db, err := open()
				if err == nil {
					err = db.Migrate(t.Context(), files(first, second, third))
				}
				if err != nil {
					t.Errorf("machine %d: %v", i, err)
				}
			})
			if got := steps(t, must(t)(open())); got != "1 true, 2 false, 3 true" {
				t.Errorf("three machines left %s", got)
			}
		})
	}
}

// A program meets a database that a newer one has changed (F9, F19).
func TestMigrateNewerDatabase(t *testing.T) {
	eachOpen(t, func(t *testing.T, open func() (*sqldb.DB, error)) {
		db := must(t)(open())
		if err := db.Migrate(t.Context(), files(first, second)); err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(t.Context(), files(first)); err != nil {
			t.Errorf("the newer migration lets us run: %v", err)
		}
		if err := db.Migrate(t.Context(), files(first, second, third)); err != nil {
			t.Fatal(err)
		}
		err := db.Migrate(t.Context(), files(first, second))
		if err == nil {
			t.Fatal("ran on a database that needs a newer program")
		}
		for _, part := range []string{"0003_step.sql", "0002", "start the newer program", "restore the backup"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("the refusal does not say %q: %v", part, err)
			}
		}
	})
}

// What fails leaves nothing behind, and the mended program goes on from where it was.
func TestMigrateFails(t *testing.T) {
	misnumbered := files(first)
	misnumbered["0003_step.sql"] = &fstest.MapFile{Data: []byte(second)}
	for _, c := range []struct {
		name    string
		program fstest.MapFS
		want    string // part of the error
	}{
		{"wrong number", misnumbered, "expected number 0002"},
		{"no oldest", files(first, "SELECT 1;\n"), "-- oldest: NNNN"},
		{"malformed oldest", files(first, "-- oldest: 1\nSELECT 1;\n"), "-- oldest: NNNN"},
		{"broken", files(first, second+"INSERT INTO nothing VALUES (1);\n"), "migration 0002_step.sql"},
		{"broken later", files(first, second, third+"CREATE TABLE steps (\n\tn BIGINT\n);\n"), "migration 0003_step.sql"},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachOpen(t, func(t *testing.T, open func() (*sqldb.DB, error)) {
				db := must(t)(open())
				for _, before := range []string{"no table", "1 true"} { // a new database, and an upgrade
					if err := db.Migrate(t.Context(), c.program); err == nil || !strings.Contains(err.Error(), c.want) {
						t.Errorf("Migrate returned %v, want %s", err, c.want)
					}
					if got := steps(t, db); got != before {
						t.Errorf("the failure left %s, want %s", got, before)
					}
					if err := db.Migrate(t.Context(), files(first)); err != nil {
						t.Fatal(err)
					}
				}
			})
		})
	}
}

// On both engines a column takes its own type only.
func TestColumnsAreStrict(t *testing.T) {
	eachOpen(t, func(t *testing.T, open func() (*sqldb.DB, error)) {
		db := must(t)(open())
		if err := db.Migrate(t.Context(), files(first)); err != nil {
			t.Fatal(err)
		}
		for _, values := range []string{`('one', TRUE)`, `(1, 'perhaps')`, `(NULL, TRUE)`} {
			if _, err := db.Exec(t.Context(), `INSERT INTO steps (n, done) VALUES `+values); err == nil {
				t.Errorf("%s was stored", values)
			}
		}
	})
}
