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
	t.Run("Take", func(t *testing.T) { take(t, open) })
	t.Run("Claim", func(t *testing.T) { claim(t, open) })
	t.Run("UnevenRate", func(t *testing.T) { unevenRate(t, open) })
	t.Run("Sum", func(t *testing.T) { sum(t, open) })
	t.Run("NoneTooMany", func(t *testing.T) { noneTooMany(t, open) })
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
		{"look at nothing", 0, "a", 0, 0, begin.Add(time.Minute)},
		{"first", time.Second, "a", 1, 1, begin.Add(time.Minute + time.Second)},
		{"another key", 0, "b", 1, 1, begin.Add(time.Minute + time.Second)},
		{"second, the window does not move", 30 * time.Second, "a", 1, 2, begin.Add(time.Minute + time.Second)},
		{"look", 0, "a", 0, 2, begin.Add(time.Minute + time.Second)},
		{"several at once", 0, "a", 3, 5, begin.Add(time.Minute + time.Second)},
		{"taken back", 0, "a", -2, 3, begin.Add(time.Minute + time.Second)},
		{"never below zero", 0, "a", -9, 0, begin.Add(time.Minute + time.Second)},
		{"the window has ended", 30 * time.Second, "a", 1, 1, begin.Add(2*time.Minute + time.Second)},
		{"taken back from nothing", 0, "c", -1, 0, begin.Add(2*time.Minute + time.Second)},
		{"which is no credit", 0, "c", 1, 1, begin.Add(2*time.Minute + time.Second)},
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

// Four per minute: four at once, and then one every quarter.
func take(t *testing.T, open func(*testing.T, func() time.Time) ephemeral.Store) {
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := open(t, func() time.Time { return clock })
	for _, c := range []struct {
		step  string
		wait  time.Duration
		key   string
		taken bool
		left  int
		until time.Duration
	}{
		{"first", 0, "a", true, 3, 15 * time.Second},
		{"second", 0, "a", true, 2, 30 * time.Second},
		{"another key", 0, "b", true, 3, 15 * time.Second},
		{"third", 5 * time.Second, "a", true, 1, 40 * time.Second},
		{"fourth", 0, "a", true, 0, 55 * time.Second},
		{"none is left", 0, "a", false, 0, 10 * time.Second},
		{"nor now", 9 * time.Second, "a", false, 0, time.Second},
		{"one came back", time.Second, "a", true, 0, time.Minute},
		{"a refusal takes nothing", 0, "a", false, 0, 15 * time.Second},
		{"all are there again", time.Minute, "a", true, 3, 15 * time.Second},
		{"the clock goes back", -time.Hour, "a", true, 3, 15 * time.Second},
	} {
		clock = clock.Add(c.wait)
		taken, left, until, err := s.Take(t.Context(), c.key, 4, time.Minute)
		if err != nil || taken != c.taken || left != c.left || until.Sub(clock) != c.until {
			t.Errorf("%s: %v, %d left until %v, %v; want %v, %d until %v", c.step, taken, left, until.Sub(clock), err, c.taken, c.left, c.until)
		}
	}
	if err := s.Forget(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, left, _, _ := s.Take(t.Context(), "a", 4, time.Minute); left != 3 {
		t.Errorf("after Forget %d are left", left)
	}
}

// Seven a second do not divide it: every store rounds alike, and no clock has to be whole.
func unevenRate(t *testing.T, open func(*testing.T, func() time.Time) ephemeral.Store) {
	clock := time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.UTC)
	now := func() time.Time { return clock }
	s, oracle := open(t, now), ephemeral.Memory(now)
	for i := range 60 {
		clock = clock.Add(time.Duration(i*i%13) * 13_577 * time.Microsecond)
		taken, left, until, err := s.Take(t.Context(), "a", 7, time.Second)
		wantTaken, wantLeft, wantUntil, _ := oracle.Take(t.Context(), "a", 7, time.Second)
		if err != nil || taken != wantTaken || left != wantLeft || !until.Equal(wantUntil) {
			t.Errorf("step %d: %v, %d left until %v, %v; in memory %v, %d until %v", i, taken, left, until, err, wantTaken, wantLeft, wantUntil)
		}
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
	if err := s.Forget(t.Context(), "jti"); err != nil {
		t.Fatal(err)
	}
	if free, err := s.Claim(t.Context(), "jti", time.Minute); err != nil || !free {
		t.Errorf("after Forget: %v, %v", free, err)
	}
}

// race calls fn 32 times at once.
func race(fn func()) {
	var all sync.WaitGroup
	for range 32 {
		all.Go(fn)
	}
	all.Wait()
}

// sum: no count is lost between callers at once (BUG-22).
func sum(t *testing.T, open func(*testing.T, func() time.Time) ephemeral.Store) {
	s := open(t, time.Now)
	race(func() {
		if _, _, err := s.Count(t.Context(), "sum", 1, time.Hour); err != nil {
			t.Error(err)
		}
	})
	if n, _, err := s.Count(t.Context(), "sum", 0, time.Hour); n != 32 || err != nil {
		t.Errorf("32 at once are %d, %v", n, err)
	}
}

func noneTooMany(t *testing.T, open func(*testing.T, func() time.Time) ephemeral.Store) {
	s := open(t, time.Now)
	var winners atomic.Int32
	race(func() {
		taken, _, _, err := s.Take(t.Context(), "few", 5, time.Hour)
		if err != nil {
			t.Error(err)
		}
		if taken {
			winners.Add(1)
		}
	})
	if winners.Load() != 5 {
		t.Errorf("%d of 5 were taken", winners.Load())
	}
}

func oneWinner(t *testing.T, open func(*testing.T, func() time.Time) ephemeral.Store) {
	s := open(t, time.Now)
	var winners atomic.Int32
	race(func() {
		if ok, err := s.Claim(t.Context(), "one", time.Hour); err == nil && ok {
			winners.Add(1)
		}
	})
	if winners.Load() != 1 {
		t.Errorf("%d winners", winners.Load())
	}
}
