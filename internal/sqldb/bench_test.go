package sqldb_test

import (
	"sync/atomic"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// on runs fn on both engines, with a table of numbers.
func on(b *testing.B, fn func(*testing.B, *sqldb.DB)) {
	for _, engine := range []struct {
		name string
		open func(testing.TB) *sqldb.DB
	}{{"sqlite", sqldbtest.SQLite}, {"postgres", sqldbtest.Postgres}} {
		b.Run(engine.name, func(b *testing.B) {
			db := engine.open(b)
			create(b, db)
			fn(b, db)
		})
	}
}

// BenchmarkTx is a durable commit with 64 callers for each processor: what it costs depends
// on how many share one.
func BenchmarkTx(b *testing.B) {
	on(b, func(b *testing.B, db *sqldb.DB) {
		var n atomic.Int64
		b.SetParallelism(64)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := db.Tx(b.Context(), adding(db, int(n.Add(1)), nil)); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func BenchmarkRow(b *testing.B) {
	on(b, func(b *testing.B, db *sqldb.DB) {
		if err := add(b.Context(), db, 1); err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			var n int
			for pb.Next() {
				if found, err := db.Row(b.Context(), []any{&n}, `SELECT n FROM numbers WHERE n = $1`, 1); err != nil || !found {
					b.Error(found, err)
				}
			}
		})
	})
}
