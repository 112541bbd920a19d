package ephemeral_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral/ephemeraltest"
)

const window = 15 * time.Minute

// A far is a Remote in this process, which can be emptied, stopped and cut off.
type far struct {
	ephemeral.Store
	now func() time.Time

	mu    sync.Mutex
	err   error
	asked int
	keys  []string
	lost  time.Time
}

func newFar(now func() time.Time) *far { return &far{Store: ephemeral.Memory(now), now: now} }

func (f *far) question(key string) (ephemeral.Store, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	f.keys = append(f.keys, key)
	return f.Store, f.err
}

func (f *far) Count(ctx context.Context, key string, n int, d time.Duration) (int, time.Time, error) {
	s, err := f.question(key)
	if err != nil {
		return 0, time.Time{}, err
	}
	return s.Count(ctx, key, n, d)
}

func (f *far) Claim(ctx context.Context, key string, d time.Duration) (bool, error) {
	s, err := f.question(key)
	if err != nil {
		return false, err
	}
	return s.Claim(ctx, key, d)
}

func (f *far) Forget(ctx context.Context, key string) error {
	s, err := f.question(key)
	if err != nil {
		return err
	}
	return s.Forget(ctx, key)
}

func (f *far) Spend(ctx context.Context, spent []ephemeral.Spent) (full []time.Time, err error) {
	for _, e := range spent {
		s, _ := f.question(e.Key)
		until := f.now()
		for range e.Used {
			if taken, _, u, _ := s.Take(ctx, e.Key, e.N, e.Per); taken {
				until = u
			} else {
				until = u.Add(e.Per - ephemeral.Interval(e.N, e.Per))
			}
		}
		full = append(full, until)
	}
	_, err = f.question("")
	return full, err
}

func (f *far) Lost() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lost
}

func (f *far) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *far) empty() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Store, f.lost = ephemeral.Memory(f.now), f.now()
}

func (f *far) asks() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func start() *clock { return &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func counts(t *testing.T, what string, s ephemeral.Store, want int) {
	t.Helper()
	if n, _, err := s.Count(t.Context(), "ada", 1, window); n != want || err != nil {
		t.Errorf("%s: %d, %v; want %d", what, n, err, want)
	}
}

func TestShared(t *testing.T) {
	ephemeraltest.Run(t, func(_ *testing.T, now func() time.Time) ephemeral.Store {
		return ephemeral.Share(newFar(now), now)
	})
}

// What fails here counts there at once, and what is forgiven here is forgiven there (RAT-05).
func TestSharedCounts(t *testing.T) {
	c := start()
	remote := newFar(c.now)
	a, b := ephemeral.Share(remote, c.now), ephemeral.Share(remote, c.now)
	counts(t, "a", a, 1)
	counts(t, "b", b, 2)
	counts(t, "a", a, 3)
	if err := a.Forget(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	counts(t, "b, after a success at a", b, 1)
	if free, _ := a.Claim(t.Context(), "jti", window); !free {
		t.Error("a free claim was taken")
	}
	if free, _ := b.Claim(t.Context(), "jti", window); free {
		t.Error("two machines won one claim")
	}
}

// Whatever becomes of the remote counters, no machine allows more than the limit by itself: not
// while they are gone, not when they come back, and not when they come back empty (F10).
func TestSharedAlone(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(*far)
		back int // the sum when they are back
	}{
		"gone":    {func(f *far) { f.fail(errors.New("gone")) }, 4},
		"emptied": {func(f *far) { f.empty() }, 4},
		"both":    {func(f *far) { f.empty(); f.fail(errors.New("gone")) }, 4},
	} {
		t.Run(name, func(t *testing.T) {
			k := start()
			remote := newFar(k.now)
			a := ephemeral.Share(remote, k.now)
			a.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
			counts(t, "first", a, 1)
			counts(t, "second", a, 2)
			c.harm(remote)
			counts(t, "after the harm", a, 3)
			remote.fail(nil)
			a.Reconcile(t.Context())
			counts(t, "when it is back", a, c.back)
			if free, _ := a.Claim(t.Context(), "jti", window); !free {
				t.Error("a free claim was taken")
			}
			k.Time = k.Add(window)
			counts(t, "the next window", a, 1)
		})
	}
}

// A claim that was won is not won again because the remote counters are gone.
func TestSharedClaimAlone(t *testing.T) {
	k := start()
	remote := newFar(k.now)
	a := ephemeral.Share(remote, k.now)
	a.Log = slog.New(slog.DiscardHandler)
	for i, harm := range []func(){func() {}, func() { remote.fail(errors.New("gone")) }, func() { remote.fail(nil); remote.empty(); a.Reconcile(t.Context()) }} {
		harm()
		if free, err := a.Claim(t.Context(), "jti", window); free != (i == 0) || err != nil {
			t.Errorf("step %d: %v, %v", i, free, err)
		}
	}
}

// While they are down hardly anybody asks them, the log is told once, and a Reconcile finds out
// that they are back.
func TestSharedCircuit(t *testing.T) {
	k := start()
	remote := newFar(k.now)
	a := ephemeral.Share(remote, k.now)
	var log strings.Builder
	a.Log = slog.New(slog.NewTextHandler(&log, nil))
	remote.fail(errors.New("gone"))
	for range 100 {
		if _, _, err := a.Count(t.Context(), "ada", 1, window); err != nil {
			t.Fatal(err)
		}
	}
	if n := remote.asks(); n > 2 || !a.Down() {
		t.Errorf("asked %d times while down (%v)", n, a.Down())
	}
	a.Reconcile(t.Context())
	remote.fail(nil)
	a.Reconcile(t.Context())
	counts(t, "back", a, 101)
	if a.Down() || remote.asks() < 3 || a.Failures() < 2 {
		t.Errorf("not asked again: %d times, %d failures", remote.asks(), a.Failures())
	}
	if strings.Count(log.String(), "level=WARN") != 1 || strings.Count(log.String(), "level=INFO") != 1 {
		t.Errorf("the log:\n%s", log.String())
	}
}

// A call asks nobody; what others took is known after a turn.
func TestSharedTake(t *testing.T) {
	k := start()
	remote := newFar(k.now)
	a, b := ephemeral.Share(remote, k.now), ephemeral.Share(remote, k.now)
	take := func(s *ephemeral.Shared, n int) (taken int) {
		for range n {
			if ok, _, _, _ := s.Take(t.Context(), "ada", 10, time.Minute); ok {
				taken++
			}
		}
		return taken
	}
	if n := take(a, 6) + take(b, 3); n != 9 || remote.asks() != 0 {
		t.Errorf("%d of 9 were taken, and the remote was asked %d times", n, remote.asks())
	}
	a.Reconcile(t.Context())
	b.Reconcile(t.Context())
	if n := take(b, 10); n != 1 {
		t.Errorf("after 9 of 10 at two machines one took %d more", n)
	}
	b.Reconcile(t.Context())
	if n := take(a, 1); n != 1 { // it learns when it has something to tell
		t.Errorf("a, which was told of three, took %d", n)
	}
	a.Reconcile(t.Context())
	if n := take(a, 10); n != 0 {
		t.Errorf("after all were taken, %d more", n)
	}
}

// Whoever reads the remote counters reads no addresses, and houses of different keys do not
// count together.
func TestSharedKey(t *testing.T) {
	k := start()
	remote := newFar(k.now)
	a, b := ephemeral.Share(remote, k.now), ephemeral.Share(remote, k.now)
	a.Key, b.Key = []byte("one house"), []byte("another")
	counts(t, "a", a, 1)
	counts(t, "b", b, 1)
	for _, key := range remote.keys {
		if strings.Contains(key, "ada") {
			t.Errorf("the remote counters know %q", key)
		}
	}
}

// The house closes while it reconciles: the remote counters are not to blame.
func TestSharedCloses(t *testing.T) {
	k := start()
	remote := newFar(k.now)
	a := ephemeral.Share(remote, k.now)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	remote.fail(context.Canceled)
	a.Reconcile(ctx)
	if a.Down() || a.Failures() != 0 {
		t.Error("a house that closes calls the remote counters down")
	}
	a.Run(ctx)
}
