package sqldb_test

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

const callers = 16

// The rule that single use, rotation and locks rest on: of those who change a row on a
// condition, one wins (I3).
func TestOneWinner(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		for round := range sqldbtest.Rounds(t) {
			if err := add(t.Context(), db, round); err != nil {
				t.Fatal(err)
			}
			var won atomic.Int64
			sqldbtest.Race(callers, func(i int) {
				if ok, err := take(t.Context(), db, round, i%2 == 0); err != nil {
					t.Errorf("round %d: %v", round, err)
				} else if ok {
					won.Add(1)
				}
			})
			if won.Load() != 1 {
				t.Errorf("round %d has %d winners", round, won.Load())
			}
		}
	})
}

// take is tried in both ways: by the count of Exec, and by Change in a Tx with other work.
func take(ctx context.Context, db *sqldb.DB, n int, direct bool) (won bool, err error) {
	if direct {
		changed, err := db.Exec(ctx, `UPDATE numbers SET word = 'taken' WHERE n = $1 AND word = ''`, n)
		return changed == 1, err
	}
	err = db.Tx(ctx, func(ctx context.Context) (err error) {
		won, err = db.Change(ctx, []any{new(int)}, `UPDATE numbers SET word = 'taken' WHERE n = $1 AND word = '' RETURNING n`, n)
		return err
	})
	return won, err
}

// Two who insert the same unique value: one is in, the others learn that it exists.
func TestOneInserter(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		for round := range sqldbtest.Rounds(t) {
			var won, exists atomic.Int64
			sqldbtest.Race(callers, func(int) {
				switch err := add(t.Context(), db, round); {
				case err == nil:
					won.Add(1)
				case db.Exists(err):
					exists.Add(1)
				default:
					t.Errorf("round %d: %v", round, err)
				}
			})
			if won.Load() != 1 || exists.Load() != callers-1 {
				t.Errorf("round %d: %d are in, %d exist", round, won.Load(), exists.Load())
			}
		}
	})
}

// Two transactions that wait for each other: PostgreSQL ends one, which is run again.
func TestDeadlock(t *testing.T) {
	if os.Getenv(sqldbtest.Server) == "none" {
		return
	}
	db := sqldbtest.Postgres(t)
	create(t, db)
	if err := errors.Join(add(t.Context(), db, 0), add(t.Context(), db, 1)); err != nil {
		t.Fatal(err)
	}
	var both atomic.Int64
	meet := make(chan struct{})
	touch := func(ctx context.Context, n int) error {
		_, err := db.Exec(ctx, `UPDATE numbers SET word = word || 'x' WHERE n = $1`, n)
		return err
	}
	sqldbtest.Race(2, func(i int) {
		if err := db.Tx(t.Context(), func(ctx context.Context) error {
			if err := touch(ctx, i); err != nil {
				return err
			}
			if both.Add(1) == 2 {
				close(meet)
			}
			<-meet
			return touch(ctx, 1-i)
		}); err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
	})
	var words int
	if _, err := db.Row(t.Context(), []any{&words}, `SELECT COUNT(*) FROM numbers WHERE word = 'xx'`); err != nil || words != 2 {
		t.Errorf("%d rows were changed by both, %v", words, err)
	}
	if both.Load() < 3 {
		t.Error("nothing was run again: there was no deadlock")
	}
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestLease(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for _, c := range []struct {
			step, name, holder string
			at                 time.Duration
			want               bool
		}{
			{"free", "seal", "a", 0, true},
			{"held by another", "seal", "b", 9 * time.Second, false},
			{"another lease", "mail", "b", 9 * time.Second, true},
			{"kept by its holder", "seal", "a", 9 * time.Second, true},
			{"kept, so not over", "seal", "b", 18 * time.Second, false},
			{"its holder died", "seal", "b", 20 * time.Second, true},
			{"back too late", "seal", "a", 20 * time.Second, false},
		} {
			got, err := db.Lease(t.Context(), c.name, c.holder, noon.Add(c.at), 10*time.Second)
			if err != nil || got != c.want {
				t.Errorf("%s: %v, %v; want %v", c.step, got, err, c.want)
			}
		}
		for _, c := range []struct {
			released string
			want     bool
		}{{"a", false}, {"b", true}} { // only its holder gives it back
			if err := db.Release(t.Context(), "seal", c.released); err != nil {
				t.Fatal(err)
			}
			if got, err := db.Lease(t.Context(), "seal", "c", noon.Add(21*time.Second), time.Second); err != nil || got != c.want {
				t.Errorf("released by %s, taken by c: %v, %v; want %v", c.released, got, err, c.want)
			}
		}
	})
}

// One machine at a time (F12), also at the moment at which the holder's time is over.
func TestLeaseHasOneHolder(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for round := range sqldbtest.Rounds(t) {
			var holders atomic.Int64
			sqldbtest.Race(callers, func(i int) {
				holder := string(rune('a' + i))
				got, err := db.Lease(t.Context(), "seal", holder, noon.Add(time.Duration(round)*time.Hour), time.Minute)
				if err != nil {
					t.Errorf("round %d: %v", round, err)
				}
				if got {
					holders.Add(1)
				}
			})
			if holders.Load() != 1 {
				t.Errorf("round %d has %d holders", round, holders.Load())
			}
		}
	})
}
