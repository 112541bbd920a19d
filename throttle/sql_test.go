package throttle_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral/ephemeraltest"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/throttle"
)

func TestSQL(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ephemeraltest.Run(t, func(t *testing.T, now func() time.Time) ephemeral.Store {
			if _, err := db.Exec(t.Context(), "DELETE FROM counters"); err != nil {
				t.Fatal(err)
			}
			return &throttle.SQL{DB: db, Now: now}
		})
	})
}

// The first count of a key is one row, however many callers make it at once (BUG-22).
func TestSQLAtOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := &throttle.SQL{DB: db, Now: time.Now}
		for range sqldbtest.Rounds(t) {
			sqldbtest.Race(8, func(int) {
				if _, _, err := s.Count(t.Context(), "ada", 1, time.Hour); err != nil {
					t.Error(err)
				}
			})
			if n, _, err := s.Count(t.Context(), "ada", 0, time.Hour); n != 8 || err != nil {
				t.Errorf("8 at once are %d, %v", n, err)
			}
			if err := s.Forget(t.Context(), "ada"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Two machines count together; what is over leaves, what is not stays, and no address stands in
// the table (RAT-05).
func TestSQLIsShared(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
		now := func() time.Time { return c.Time }
		a, b := &throttle.SQL{DB: db, Now: now, Key: []byte("key")}, &throttle.SQL{DB: db, Now: now, Key: []byte("key")}
		other := &throttle.SQL{DB: db, Now: now}
		for i, s := range []*throttle.SQL{a, b, a} {
			if n, _, err := s.Count(t.Context(), "ada@example.com", 1, time.Minute); n != i+1 || err != nil {
				t.Errorf("step %d: %d, %v", i, n, err)
			}
		}
		if n, _, _ := other.Count(t.Context(), "ada@example.com", 1, time.Hour); n != 1 {
			t.Errorf("another key counts %d", n)
		}
		c.Time = c.Add(time.Minute)
		if err := a.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		keys, err := sqldb.All(t.Context(), db, func(row func(...any) error) (key []byte, err error) {
			return key, row(&key)
		}, "SELECT key FROM counters")
		if err != nil || len(keys) != 1 || len(keys[0]) != 32 || strings.Contains(string(keys[0]), "ada") {
			t.Errorf("the table keeps %q, %v", keys, err)
		}
	})
}
