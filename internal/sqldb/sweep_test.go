package sqldb_test

import (
	"context"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// A sweep removes everything that is over, and nothing else, however much there is.
func TestSweep(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Tx(t.Context(), func(ctx context.Context) error {
			for n := range 1700 {
				if err := add(ctx, db, n); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, below := range []int{0, 500, 1690, 1690} {
			if err := db.Sweep(t.Context(), `DELETE FROM numbers WHERE n IN (SELECT n FROM numbers WHERE n < $1 LIMIT $2)`, below); err != nil {
				t.Fatal(err)
			}
			if left := numbers(t, db); len(left) != 1700-below || left[0] != below {
				t.Errorf("below %d: %d are left", below, len(left))
			}
		}
		if err := db.Sweep(t.Context(), `DELETE FROM nothing WHERE n < $1`); err == nil {
			t.Error("a table that is not there is swept")
		}
	})
}
