package sqldb_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// Whoever watches is told each statement of their own, and each transaction.
func TestWatched(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		var told []string
		ctx := sqldb.Watched(t.Context(), func(s string) { told = append(told, s) })
		var n int
		add, look, other := `INSERT INTO numbers (n) VALUES (1)`, `SELECT n FROM numbers`, `UPDATE numbers SET n = 2 RETURNING n`
		scan := func(row func(...any) error) (int, error) { return n, row(&n) }
		err := db.Tx(ctx, func(ctx context.Context) error {
			_, err := db.Exec(ctx, add)
			_, rowErr := db.Row(ctx, []any{&n}, look)
			return errors.Join(err, rowErr)
		})
		_, changeErr := db.Change(ctx, []any{&n}, other)
		_, allErr := sqldb.All(ctx, db, scan, look)
		_, silent := db.Exec(t.Context(), `DELETE FROM numbers`)
		if err := errors.Join(err, changeErr, allErr, silent); err != nil {
			t.Fatal(err)
		}
		if want := []string{"BEGIN", add, look, "BEGIN", other, look}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}
