package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

func TestExec(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		for _, c := range []struct {
			query string
			want  int64
		}{
			{`INSERT INTO numbers (n) VALUES (1), (2), (3)`, 3},
			{`UPDATE numbers SET word = 'two' WHERE n = 2`, 1},
			{`UPDATE numbers SET word = 'two' WHERE n = 4`, 0},
			{`DELETE FROM numbers WHERE n > 1`, 2},
		} {
			if n, err := db.Exec(t.Context(), c.query); err != nil || n != c.want {
				t.Errorf("%s: %d rows, %v; want %d", c.query, n, err, c.want)
			}
		}
		expect(t, db, 1)
	})
}

func TestChange(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		if err := add(t.Context(), db, 1); err != nil {
			t.Fatal(err)
		}
		const rename = `UPDATE numbers SET word = $1 WHERE n = $2 AND word <> $1 RETURNING word`
		for _, want := range []bool{true, false} { // the second time the condition does not hold
			word := "untouched"
			changed, err := db.Change(t.Context(), []any{&word}, rename, "one", 1)
			if err != nil || changed != want || changed != (word == "one") {
				t.Errorf("changed %v to %q, %v; want %v", changed, word, err, want)
			}
		}
		if changed, err := db.Change(t.Context(), []any{new(string)}, `UPDATE nothing SET x = 1 RETURNING x`); err == nil || changed {
			t.Errorf("a table that is not there: %v, %v", changed, err)
		}
		var n int
		err := db.Tx(t.Context(), func(ctx context.Context) error {
			_, err := db.Change(ctx, []any{&n}, `INSERT INTO numbers (n) VALUES (2) RETURNING n`)
			return errors.Join(err, errRefused)
		})
		if n != 2 || !errors.Is(err, errRefused) {
			t.Errorf("in a Tx: %d, %v", n, err)
		}
		expect(t, db, 1)
	})
}

func TestRow(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		if err := add(t.Context(), db, 1); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // a point read is over sooner than it could be cancelled
		for n, want := range map[int]bool{1: true, 2: false} {
			var got int
			if found, err := db.Row(ctx, []any{&got}, `SELECT n FROM numbers WHERE n = $1`, n); err != nil || found != want {
				t.Errorf("row %d: found %v, %v; want %v", n, found, err, want)
			}
		}
		if found, err := db.Row(ctx, []any{new(int)}, `SELECT n FROM nothing`); err == nil || found {
			t.Errorf("a table that is not there: %v, %v", found, err)
		}
	})
}

// On SQLite what is meant to read cannot write: it does not pass the one writer.
func TestReadersCannotWrite(t *testing.T) {
	db := sqldbtest.SQLite(t)
	create(t, db)
	if _, err := db.Row(t.Context(), []any{new(int)}, `INSERT INTO numbers (n) VALUES (1) RETURNING n`); err == nil {
		t.Error("Row has written")
	}
	expect(t, db)
}

func TestExists(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		for _, query := range []string{
			`CREATE TABLE people (name TEXT PRIMARY KEY, mail TEXT UNIQUE, best BIGINT REFERENCES numbers (n))`,
			`INSERT INTO people (name, mail) VALUES ('ann', 'ann@example.org')`,
		} {
			if _, err := db.Exec(t.Context(), query); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			query string
			want  bool
		}{
			{`INSERT INTO people (name, mail) VALUES ('ann', 'other@example.org')`, true},
			{`INSERT INTO people (name, mail) VALUES ('bob', 'ann@example.org')`, true},
			{`INSERT INTO people (name, best) VALUES ('bob', 7)`, false},
			{`INSERT INTO people (name) VALUES (NULL) RETURNING nothing`, false},
			{`INSERT INTO people (name) VALUES ('cid')`, false},
		} {
			_, err := db.Exec(t.Context(), c.query)
			if got := db.Exists(err); got != c.want {
				t.Errorf("%s: Exists(%v) is %v", c.query, err, got)
			}
			if wrapped := fmt.Errorf("add: %w", err); db.Exists(wrapped) != c.want {
				t.Errorf("%s: wrapped it is not recognised", c.query)
			}
		}
	})
}

// The same text runs again and again, in and out of transactions, while the table grows a
// column under it.
func TestStatementsAreReused(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		if err := add(t.Context(), db, 0); err != nil {
			t.Fatal(err)
		}
		use := func(ctx context.Context) error {
			var n int
			_, err1 := db.Exec(ctx, `UPDATE numbers SET n = n + 1`)
			_, err2 := db.Row(ctx, []any{&n}, `SELECT n FROM numbers`)
			return errors.Join(err1, err2)
		}
		const callers, times = 4, 125
		sqldbtest.Race(callers, func(caller int) {
			for i := range times {
				if err := errors.Join(use(t.Context()), db.Tx(t.Context(), use)); err != nil {
					t.Error(err)
					return
				}
				if caller == 0 && i == times/2 {
					if _, err := db.Exec(t.Context(), `ALTER TABLE numbers ADD COLUMN later BIGINT`); err != nil {
						t.Error(err)
					}
				}
			}
		})
		expect(t, db, 2*callers*times)
	})
}
