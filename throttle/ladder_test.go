package throttle_test

import (
	"errors"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// fail makes an attempt that fails, and locks what it must.
func fail(t *testing.T, l *throttle.Limiter, b throttle.Budget) {
	t.Helper()
	a := begin(t, l, b)
	for _, spent := range a.Locks() {
		if err := l.Locks.Lock(t.Context(), spent.Key, spent.Rate.Per); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Failed(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// waits fails unless the next attempt is refused so, for exactly so long.
func waits(t *testing.T, l *throttle.Limiter, c *clock, b throttle.Budget, want error, d time.Duration) {
	t.Helper()
	if d == 0 {
		return
	}
	var e *identity.Error
	if _, err := l.Begin(t.Context(), b); !errors.Is(err, want) || !errors.As(err, &e) || e.RetryAfter != d {
		t.Errorf("%v; want %v for %v", err, want, d)
	}
	c.Time = c.Add(d - time.Millisecond)
	if _, err := l.Begin(t.Context(), b); !errors.Is(err, want) {
		t.Errorf("a millisecond too early: %v", err)
	}
	c.Time = c.Add(time.Millisecond)
}

// The ladder: failures 1 to 3 cost nothing, then each costs more than the one before; a CAPTCHA
// is asked for after the seventh, and the tenth locks for fifteen minutes from then (RAT-09..11,
// CON-10, BUG-22..24). A lock survives whatever was counted, and another machine keeps it.
func TestLadder(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l, c := over(db)
		b := ladder("account", 10)
		for i, pause := range []time.Duration{0, 0, 0, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second} {
			a := begin(t, l, b)
			if a.Suspect() != (i >= 7) || len(a.Locks()) > 0 || a.Undo(t.Context()) != nil {
				t.Errorf("attempt %d: suspect %v, locks %v", i+1, a.Suspect(), a.Locks())
			}
			fail(t, l, b)
			waits(t, l, c, b, identity.ErrRateLimited, pause)
			c.Time = c.Add(time.Minute)
		}
		fail(t, l, b)
		other := &throttle.Limiter{Store: ephemeral.Memory(l.Now), Locks: l.Locks, Now: l.Now}
		waits(t, other, c, b, identity.ErrLocked, 15*time.Minute)
		for range 3 { // it begins anew
			fail(t, l, b)
		}
		begin(t, l, b)
	})
}

// Nine failures and a success are none (RAT-08).
func TestLadderForgives(t *testing.T) {
	l, c := newLimiter(t)
	b := ladder("account", 10)
	for range 3 {
		for i := range 9 {
			fail(t, l, b)
			c.Time = c.Add(throttle.Pause(i + 1))
		}
		if err := begin(t, l, b).Succeeded(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// Forgive opens what is locked, counted or in a pause.
func TestForgive(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l, _ := over(db)
		locked, waiting, untouched := ladder("locked", 1), ladder("waiting", 10), ladder("untouched", 1)
		fail(t, l, locked)
		fail(t, l, untouched)
		for range 4 {
			fail(t, l, waiting)
		}
		if err := l.Forgive(t.Context(), "locked", "waiting"); err != nil {
			t.Fatal(err)
		}
		begin(t, l, locked)
		begin(t, l, waiting)
		if _, err := l.Begin(t.Context(), untouched); !errors.Is(err, identity.ErrLocked) {
			t.Errorf("what was not forgiven: %v", err)
		}
	})
}

// A lock that ends later stays, and one that is over is swept.
func TestLocks(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l, c := over(db)
		for _, d := range []time.Duration{time.Hour, time.Minute} {
			if err := l.Locks.Lock(t.Context(), "a", d); err != nil {
				t.Fatal(err)
			}
		}
		if until, err := l.Locks.Until(t.Context(), "a"); err != nil || !until.Equal(c.Add(time.Hour)) {
			t.Errorf("until %v, %v", until, err)
		}
		c.Time = c.Add(time.Hour + time.Second)
		if err := l.Locks.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if until, err := l.Locks.Until(t.Context(), "a"); err != nil || !until.IsZero() {
			t.Errorf("after the sweep until %v, %v", until, err)
		}
	})
}

// What is written in settings is read, and what limits nothing is refused.
func TestLimits(t *testing.T) {
	var r throttle.Rate
	if err := r.UnmarshalText([]byte("20/1m")); err != nil || r != (throttle.Rate{N: 20, Per: time.Minute}) {
		t.Errorf("%+v, %v", r, err)
	}
	for _, text := range []string{"", "20", "20/", "/1m", "x/1m", "20/1"} {
		if err := r.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read as %v", text, r)
		}
	}
	for name, c := range map[string]struct {
		limits throttle.Limits
		fits   bool
	}{
		"none":          {nil, true},
		"another":       {throttle.Limits{throttle.Calls: {N: 1, Per: time.Second}}, true},
		"unknown":       {throttle.Limits{"call": {N: 1, Per: time.Second}}, false},
		"zero":          {throttle.Limits{throttle.Calls: {}}, false},
		"no time":       {throttle.Limits{throttle.Calls: {N: 1}}, false},
		"too many":      {throttle.Limits{throttle.Calls: {N: 1e9, Per: time.Second}}, false},
		"less than one": {throttle.Limits{throttle.Calls: {N: -1, Per: time.Second}}, false},
	} {
		if err := c.limits.Check(); (err == nil) != c.fits {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, v := range throttle.Table() {
		if got := throttle.Limits(nil).Rate(v.Name); got.N != v.Rate.N || got.Per != v.Rate.Per || got.Name != v.Name {
			t.Errorf("%s: %+v", v.Name, got)
		}
	}
}

// Whoever looked for the lock a moment before it was there is refused by the count.
func TestLockIsNoNewBeginning(t *testing.T) {
	l, c := newLimiter(t)
	b := ladder("account", 3)
	for range 3 {
		a := begin(t, l, b)
		if err := a.Failed(t.Context()); err != nil { // and nobody locks yet
			t.Fatal(err)
		}
		c.Time = c.Add(time.Second)
	}
	for range 5 {
		if _, err := l.Begin(t.Context(), b); !errors.Is(err, identity.ErrRateLimited) {
			t.Errorf("one more: %v", err)
		}
	}
}

// Of tries at once the longest pause holds, in whatever order they fail (RAT-09).
func TestLongestPauseHolds(t *testing.T) {
	for _, order := range [][]int{{3, 4, 5, 6}, {6, 5, 4, 3}, {4, 6, 3, 5}} {
		sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
			l, c := over(db)
			b := ladder("account", 10)
			var tries []*throttle.Attempt
			for range 7 {
				tries = append(tries, begin(t, l, b))
			}
			for _, i := range order {
				if err := tries[i].Failed(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			waits(t, l, c, b, identity.ErrRateLimited, 4*time.Second)
		})
	}
}
