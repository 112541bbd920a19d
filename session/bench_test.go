package session_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// BenchmarkLookup is what every request with a session cookie pays (SES-16: 1-2 ms).
func BenchmarkLookup(b *testing.B) {
	for _, engine := range []func(testing.TB) *sqldb.DB{sqldbtest.SQLite, sqldbtest.Postgres} {
		f := open(b, engine(b))
		_, token := f.signIn(f.user("alice"))
		b.Run(f.db.Engine(), func(b *testing.B) {
			for b.Loop() {
				if _, _, err := f.sessions.Lookup(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(f.db.Engine()+"-parallel", func(b *testing.B) {
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if _, _, err := f.sessions.Lookup(b.Context(), token); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
