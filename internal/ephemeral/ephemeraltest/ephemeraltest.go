// Package ephemeraltest checks what every ephemeral.Store must do.
package ephemeraltest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
)

// Run checks the store that open returns. The store must tell the time by now.
func Run(t *testing.T, open func(t *testing.T, now func() time.Time) ephemeral.Store) {
	t.Run("Count", func(t *testing.T) { count(t, open) })
	t.Run("Claim", func(t *testing.T) { claim(t, open) })
	t.Run("OneWinner", func(t *testing.T) { oneWinner(t, open) })
}

func count(t *testing.T, open func(*testing.T, func() time.Time) ephemeral.Store) {
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := open(t, func() time.Time { return clock })
	begin := clock
	for _, c := range []struct {
		step string
		wait time.Duration
		key  string
		n    int
		want int
		end  time.Time
	}{
		{"first", 0, "a", 1, 1, begin.Add(time.Minute)},
		{"another key", 0, "b", 1, 1, begin.Add(time.Minute)},
		{"second, the window does not move", 30 * time.Second, "a", 1, 2, begin.Add(time.Minute)},
		{"look", 0, "a", 0, 2, begin.Add(time.Minute)},
		{"several at once", 0, "a", 3, 5, begin.Add(time.Minute)},
		{"taken back", 0, "a", -2, 3, begin.Add(time.Minute)},
		{"never below zero", 0, "a", -9, 0, begin.Add(time.Minute)},
		{"the window has ended", 30 * time.Second, "a", 1, 1, begin.Add(2 * time.Minute)},
	} {
		clock = clock.Add(c.wait)
		n, end, err := s.Count(t.Context(), c.key, c.n, time.Minute)
		if err != nil || n != c.want || !end.Equal(c.end) {
			t.Errorf("%s: %d until %v, %v; want %d until %v", c.step, n, end, err, c.want, c.end)
		}
	}
	if err := s.Forget(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if n, _, _ := s.Count(t.Context(), "a", 1, time.Minute); n != 1 {
		t.Errorf("after Forget: %d", n)
	}
}

func claim(t *testing.T, open func(*testing.T, func() time.Time) ephemeral.Store) {
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := open(t, func() time.Time { return clock })
	for _, c := range []struct {
		step string
		wait time.Duration
		want bool
	}{
		{"free", 0, true},
		{"taken", 59 * time.Second, false},
		{"free again", time.Second, true},
	} {
		clock = clock.Add(c.wait)
		if got, err := s.Claim(t.Context(), "jti", time.Minute); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", c.step, got, err)
		}
	}
}

func oneWinner(t *testing.T, open func(*testing.T, func() time.Time) ephemeral.Store) {
	s := open(t, time.Now)
	var winners atomic.Int32
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if ok, err := s.Claim(t.Context(), "one", time.Hour); err == nil && ok {
				winners.Add(1)
			}
		})
	}
	all.Wait()
	if winners.Load() != 1 {
		t.Errorf("%d winners", winners.Load())
	}
}
