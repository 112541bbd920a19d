package token_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

var engines = []func(testing.TB) *sqldb.DB{sqldbtest.SQLite, sqldbtest.Postgres}

func BenchmarkIssue(b *testing.B) {
	f := open(b, sqldbtest.SQLite(b))
	l := f.signIn()
	for b.Loop() {
		f.issue(l)
	}
}

// BenchmarkVerifyFirst is the first request with a token, BenchmarkVerifySeen each other.
func BenchmarkVerifyFirst(b *testing.B) {
	f := open(b, sqldbtest.SQLite(b))
	access := f.issue(f.signIn())
	for b.Loop() {
		if _, err := f.storeAt(f.now).Verify(access); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifySeen(b *testing.B) {
	f := open(b, sqldbtest.SQLite(b))
	access := f.issue(f.signIn())
	for b.Loop() {
		if _, err := f.tokens.Verify(access); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	for _, engine := range engines {
		f := open(b, engine(b))
		c := f.claims(f.signIn())
		b.Run(f.db.Engine(), func(b *testing.B) {
			for b.Loop() {
				if err := f.tokens.Check(b.Context(), c); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(f.db.Engine()+"-parallel", func(b *testing.B) {
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if err := f.tokens.Check(b.Context(), c); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// BenchmarkRotate is a whole refresh but the signing: Present, Rotate with its durable
// commit, Successor. In parallel each of 32 clients has a family of its own.
func BenchmarkRotate(b *testing.B) {
	for _, engine := range engines {
		f := open(b, engine(b))
		u := f.user("user")
		rotate := func(b *testing.B, refresh string) string {
			next, _, err := f.refresh(with(b.Context(), firefox), f.tokens, refresh, true)
			if err != nil {
				b.Error(err)
			}
			return next
		}
		b.Run(f.db.Engine(), func(b *testing.B) {
			refresh := f.signInAs(u, idle).refresh
			for b.Loop() {
				refresh = rotate(b, refresh)
			}
		})
		b.Run(f.db.Engine()+"-parallel", func(b *testing.B) {
			b.SetParallelism(16)
			b.RunParallel(func(p *testing.PB) {
				refresh := f.signInAs(u, idle).refresh
				for p.Next() {
					refresh = rotate(b, refresh)
				}
			})
		})
	}
}
