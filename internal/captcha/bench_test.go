package captcha_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/captcha"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// Handing work out costs what anybody may cause; checking an answer of the default difficulty costs
// what only a challenge of ours can.
func BenchmarkWork(b *testing.B) {
	f := open(b, sqldbtest.SQLite(b), make([]byte, 32))
	w := captcha.New(captcha.Choice{}, f.House).(*captcha.Work)
	b.Run("challenge", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.Challenge(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		c, err := w.Challenge(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		bad := payload(c, solution{DerivedKey: "00"})
		for b.Loop() {
			if w.Verify(b.Context(), bad) == nil {
				b.Fatal("it passed")
			}
		}
	})
}
