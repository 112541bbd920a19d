package throttle_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// A clock is moved by the test.
type clock struct{ time.Time }

func newLimiter(t *testing.T) (*throttle.Limiter, *clock) { return over(sqldbtest.SQLite(t)) }

func over(db *sqldb.DB) (*throttle.Limiter, *clock) {
	c := &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	now := func() time.Time { return c.Time }
	return &throttle.Limiter{Store: ephemeral.Memory(now), Locks: &throttle.Locks{DB: db, Now: now}, Now: now}, c
}

func ladder(key string, n int) throttle.Budget {
	return throttle.Budget{Key: key, Rate: throttle.Rate{N: n, Per: 15 * time.Minute}, Ladder: true}
}

func budget(key string, n int) throttle.Budget {
	return throttle.Budget{Key: key, Rate: throttle.Rate{N: n, Per: time.Minute}}
}

func TestAllow(t *testing.T) {
	l, c := newLimiter(t)
	rate := throttle.Rate{N: 2, Per: time.Minute}
	for _, s := range []struct {
		step  string
		wait  time.Duration
		key   string
		left  int
		reset time.Duration
		spent bool
	}{
		{"first", 0, "a", 1, 30 * time.Second, false},
		{"second, later", 20 * time.Second, "a", 0, 40 * time.Second, false},
		{"one too many", 5 * time.Second, "a", 0, 5 * time.Second, true},
		{"another key", 0, "b", 1, 30 * time.Second, false},
		{"still", 4 * time.Second, "a", 0, time.Second, true},
		{"one came back", time.Second, "a", 0, time.Minute, false},
	} {
		c.Time = c.Add(s.wait)
		state, err := l.Allow(t.Context(), s.key, rate)
		if state != (throttle.State{Rate: rate, Left: s.left, Reset: s.reset}) {
			t.Errorf("%s: %+v; want %d left for %v", s.step, state, s.left, s.reset)
		}
		if errors.Is(err, identity.ErrRateLimited) != s.spent || err != nil && !s.spent {
			t.Errorf("%s: %v", s.step, err)
		}
		var e *identity.Error
		if errors.As(err, &e) && e.RetryAfter != s.reset {
			t.Errorf("%s: retry after %v, want %v", s.step, e.RetryAfter, s.reset)
		}
	}
}

func TestNoLimit(t *testing.T) {
	l, _ := newLimiter(t)
	off, _ := newLimiter(t)
	off.Off = true
	for name, c := range map[string]struct {
		limiter *throttle.Limiter
		budget  throttle.Budget
	}{"zero rate": {l, throttle.Budget{Key: "a", Ladder: true}}, "off": {off, ladder("a", 1)}} {
		for range 5 {
			if state, err := c.limiter.Allow(t.Context(), c.budget.Key, c.budget.Rate); state != (throttle.State{}) || err != nil {
				t.Errorf("%s: %+v, %v", name, state, err)
			}
			a, err := c.limiter.Begin(t.Context(), c.budget)
			if err == nil {
				err = errors.Join(a.Failed(t.Context()), c.limiter.Fail(t.Context(), c.budget), c.limiter.Spent(t.Context(), c.budget))
			}
			if err != nil || a.Suspect() || len(a.Locks()) > 0 {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func begin(t *testing.T, l *throttle.Limiter, budgets ...throttle.Budget) *throttle.Attempt {
	t.Helper()
	a, err := l.Begin(t.Context(), budgets...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// spent fails unless exactly left attempts are still allowed.
func spent(t *testing.T, l *throttle.Limiter, b throttle.Budget, left int) {
	t.Helper()
	for i := range left {
		if _, err := l.Begin(t.Context(), b); err != nil {
			t.Errorf("%s: attempt %d of %d: %v", b.Key, i+1, left, err)
		}
	}
	if _, err := l.Begin(t.Context(), b); !errors.Is(err, identity.ErrRateLimited) {
		t.Errorf("%s: %d attempts were left, and then one more: %v", b.Key, left, err)
	}
}

// Only failures count, and a success forgives the account they were of (RAT-01, RAT-08).
func TestAttempt(t *testing.T) {
	l, _ := newLimiter(t)
	address, account := budget("address", 4), ladder("account", 3)
	begin(t, l, address, account) // two failures
	begin(t, l, address, account)
	if err := begin(t, l, address, account).Succeeded(t.Context()); err != nil {
		t.Fatal(err)
	}
	spent(t, l, address, 2)
	spent(t, l, account, 3)
}

// An attempt that was not made counts against nobody.
func TestUndo(t *testing.T) {
	l, _ := newLimiter(t)
	address, account := budget("address", 2), ladder("account", 1)
	for range 5 {
		if err := begin(t, l, address, account).Undo(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	spent(t, l, account, 1)
	spent(t, l, address, 2)
}

// A refused attempt was not made: it counts against nobody, in whatever order the budgets
// stand. Otherwise a spent address could lock the accounts of others.
func TestRefusedAttemptCountsNowhere(t *testing.T) {
	l, _ := newLimiter(t)
	address, account := budget("address", 1), ladder("account", 3)
	begin(t, l, address)
	for range 10 {
		for _, order := range [][]throttle.Budget{{address, account}, {account, address}} {
			if _, err := l.Begin(t.Context(), order...); !errors.Is(err, identity.ErrRateLimited) {
				t.Errorf("a spent address: %v", err)
			}
		}
	}
	spent(t, l, account, 3)
}

// An attempt that ends in the next window does not leave that one with a credit.
func TestAttemptOutlivesItsWindow(t *testing.T) {
	l, c := newLimiter(t)
	account := budget("account", 2)
	a := begin(t, l, account)
	c.Time = c.Add(time.Minute)
	if err := a.Succeeded(t.Context()); err != nil {
		t.Fatal(err)
	}
	spent(t, l, account, 2)
}

// A thousand tries at once are not judged by the count before the first of them.
func TestAttemptsAtOnce(t *testing.T) {
	for round := range sqldbtest.Rounds(t) {
		l, _ := newLimiter(t)
		address, account := budget("address", 20), budget("account", 7)
		var mu sync.Mutex
		var attempts []*throttle.Attempt
		sqldbtest.Race(200, func(int) {
			switch a, err := l.Begin(t.Context(), address, account); {
			case err == nil:
				mu.Lock()
				defer mu.Unlock()
				attempts = append(attempts, a)
			case !errors.Is(err, identity.ErrRateLimited):
				t.Error(err)
			}
		})
		if n := len(attempts); n == 0 || n > 7 {
			t.Errorf("round %d: %d attempts were made, 7 allowed", round, n)
		}
		sqldbtest.Race(len(attempts), func(i int) {
			if err := attempts[i].Succeeded(t.Context()); err != nil {
				t.Error(err)
			}
		})
		spent(t, l, account, 7) // all have succeeded: nothing has failed
		spent(t, l, address, 20)
	}
}

// A store that does not answer refuses: a limiter that lets everybody in is none (I4).
func TestStoreFails(t *testing.T) {
	down := errors.New("the store is down")
	l, _ := newLimiter(t)
	for range 3 {
		begin(t, l, ladder("a", 10))
	}
	a := begin(t, l, ladder("a", 10)) // whose failure costs a pause
	l.Store = broken{down}
	if _, err := l.Allow(t.Context(), "a", throttle.Rate{N: 1, Per: time.Minute}); !errors.Is(err, down) {
		t.Errorf("Allow returned %v", err)
	}
	if _, err := l.Begin(t.Context(), budget("a", 1)); !errors.Is(err, down) {
		t.Errorf("Begin returned %v", err)
	}
	for name, err := range map[string]error{
		"Begin on the ladder": second(l.Begin(t.Context(), ladder("a", 1))), "Undo": a.Undo(t.Context()), "Failed": a.Failed(t.Context()),
		"Fail": l.Fail(t.Context(), budget("a", 1)), "Spent": l.Spent(t.Context(), budget("a", 1)), "Succeeded": a.Succeeded(t.Context()),
	} {
		if !errors.Is(err, down) {
			t.Errorf("%s returned %v", name, err)
		}
	}
}

func second(_ *throttle.Attempt, err error) error { return err }

type broken struct{ err error }

func (b broken) Count(context.Context, string, int, time.Duration) (int, time.Time, error) {
	return 0, time.Time{}, b.err
}

func (b broken) Take(context.Context, string, int, time.Duration) (bool, int, time.Time, error) {
	return false, 0, time.Time{}, b.err
}

func (b broken) Claim(context.Context, string, time.Duration) (bool, error) { return false, b.err }
func (b broken) Forget(context.Context, string) error                       { return b.err }

func TestNetwork(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.1":           "192.0.2.1",
		"2001:db8:1:2:3::4":   "2001:db8:1:2::/64",
		"2001:db8:1:2::ffff":  "2001:db8:1:2::/64",
		"fe80::1%eth0":        "fe80::/64",
		"::ffff:192.0.2.1":    "::ffff:192.0.2.1", // one IPv4 address, not all of them
		"":                    "",
		"@":                   "@",
		"2001:db8:1:2:3::4/1": "2001:db8:1:2:3::4/1",
	} {
		if got := throttle.Network(ip); got != want {
			t.Errorf("%q is counted by %q, want %q", ip, got, want)
		}
	}
}
