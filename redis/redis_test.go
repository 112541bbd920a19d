package redis_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"github.com/throttled/throttled/v2"

	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral/ephemeraltest"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/redis"
)

// TestMain leaves all of it out where GATEHOUSE_TEST_REDIS is "none", for a developer in a hurry.
func TestMain(m *testing.M) {
	if os.Getenv("GATEHOUSE_TEST_REDIS") != "none" {
		os.Exit(m.Run())
	}
}

// common is the URL of the server that scripts/test starts, with a keyspace of the test's own.
func common(t *testing.T) string {
	t.Helper()
	url := os.Getenv("GATEHOUSE_TEST_REDIS")
	if url == "" {
		t.Fatal("GATEHOUSE_TEST_REDIS names no Redis server; ./scripts/test starts one")
	}
	return url + "?prefix=" + secret.New() + ":"
}

func open(t *testing.T, url string, now func() time.Time) *redis.Store {
	t.Helper()
	s, err := redis.Open(t.Context(), url, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// raw asks a server what it has, past the house.
func raw(t *testing.T, url string, command ...string) rueidis.RedisResult {
	t.Helper()
	url, _, _ = strings.Cut(url, "?")
	option := rueidis.MustParseURL(url)
	option.DisableCache, option.ForceSingleClient = true, true
	client, err := rueidis.NewClient(option)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	answer := client.Do(t.Context(), client.B().Arbitrary(command...).Build())
	if err := answer.Error(); err != nil {
		t.Fatalf("%v: %v", command, err)
	}
	return answer
}

func TestStore(t *testing.T) {
	ephemeraltest.Run(t, func(t *testing.T, now func() time.Time) ephemeral.Store { return open(t, common(t), now) })
}

// The same through Shared, as a house has it.
func TestShared(t *testing.T) {
	ephemeraltest.Run(t, func(t *testing.T, now func() time.Time) ephemeral.Store {
		return ephemeral.Share(open(t, common(t), now), now)
	})
}

// No address stands in Redis, and no key lives for ever but the mark (BUG-22).
func TestKeys(t *testing.T) {
	url := common(t)
	s := open(t, url, nil)
	ctx := t.Context()
	for _, err := range []error{
		second(s.Count(ctx, "alice@example.com 192.0.2.1", 1, time.Hour)),
		third(s.Take(ctx, "alice@example.com 192.0.2.1", 5, time.Hour)),
		last(s.Claim(ctx, "alice@example.com 192.0.2.1", time.Hour)),
		last(s.Spend(ctx, []ephemeral.Spent{{Key: "bob@example.com", N: 5, Per: time.Hour, Used: 2}})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, prefix, _ := strings.Cut(url, "?prefix=")
	keys, err := raw(t, url, "KEYS", prefix+"*").AsStrSlice()
	if err != nil || len(keys) != 6 {
		t.Fatalf("%q, %v", keys, err)
	}
	for _, key := range keys {
		if strings.Contains(key, "example") || strings.Contains(key, "192.") {
			t.Errorf("Redis knows %q", key)
		}
		left, err := raw(t, url, "PTTL", key).AsInt64()
		if immortal := strings.HasSuffix(key, ":mark"); err != nil || immortal != (left < 0) || left > time.Hour.Milliseconds() {
			t.Errorf("%q ends in %d ms, %v", key, left, err)
		}
	}
}

func second[A, B any](_ A, _ B, err error) error      { return err }
func third[A, B, C any](_ A, _ B, _ C, e error) error { return e }
func last[A any](_ A, err error) error                { return err }

// Forgetting touches one key, and houses of different prefixes do not meet (BUG-31).
func TestForgetIsNarrow(t *testing.T) {
	mine, others := open(t, common(t), nil), open(t, common(t), nil)
	for _, s := range []*redis.Store{mine, others} {
		for _, key := range []string{"ada", "bob"} {
			if n, _, err := s.Count(t.Context(), key, 1, time.Hour); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
	}
	if err := mine.Forget(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{0, 1, 1, 1} {
		s, key := []*redis.Store{mine, others}[i/2], []string{"ada", "bob"}[i%2]
		if n, _, _ := s.Count(t.Context(), key, 0, time.Hour); n != want {
			t.Errorf("%s of store %d is %d, want %d", key, i/2, n, want)
		}
	}
}

// An independent implementation of the same algorithm agrees with each answer.
func TestTakeAgreesWithThrottled(t *testing.T) {
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	now := func() time.Time { return clock }
	for _, rate := range []struct {
		n   int
		per time.Duration
	}{{100, time.Minute}, {5, time.Hour}, {1, time.Second}, {300, time.Minute}} {
		oracle, err := throttled.NewGCRARateLimiterCtx(kept{now: now, at: map[string]int64{}}, throttled.RateQuota{
			MaxRate: throttled.PerDuration(rate.n, rate.per), MaxBurst: rate.n - 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, s := range map[string]ephemeral.Store{"memory": ephemeral.Memory(now), "redis": open(t, common(t), now)} {
			for step := range 700 {
				clock = clock.Add(rate.per / time.Duration(rate.n) * time.Duration(step*step%7) / 5)
				taken, left, until, err := s.Take(t.Context(), "ada", rate.n, rate.per)
				limited, want, oerr := oracle.RateLimitCtx(t.Context(), name, 1)
				if err != nil || oerr != nil || taken == limited || left != want.Remaining {
					t.Fatalf("%s, %d in %v, step %d: %v, %d left, %v; throttled says %v, %+v, %v", name, rate.n, rate.per, step, taken, left, err, !limited, want, oerr)
				}
				wait := want.ResetAfter
				if limited {
					wait = want.RetryAfter
				}
				if until.Sub(clock) != wait {
					t.Fatalf("%s, step %d: until %v, throttled says %v", name, step, until.Sub(clock), wait)
				}
			}
		}
	}
}

// kept is what throttled keeps, by the clock of the test.
type kept struct {
	now func() time.Time
	at  map[string]int64
}

func (k kept) GetWithTime(_ context.Context, key string) (int64, time.Time, error) {
	if at, ok := k.at[key]; ok {
		return at, k.now(), nil
	}
	return -1, k.now(), nil
}

func (k kept) SetIfNotExistsWithTTL(_ context.Context, key string, v int64, _ time.Duration) (bool, error) {
	_, ok := k.at[key]
	if !ok {
		k.at[key] = v
	}
	return !ok, nil
}

func (k kept) CompareAndSwapWithTTL(_ context.Context, key string, old, v int64, _ time.Duration) (bool, error) {
	if k.at[key] != old {
		return false, nil
	}
	k.at[key] = v
	return true, nil
}

// What machines took without asking is added up; a debt is paid back, but never for longer than per.
func TestSpend(t *testing.T) {
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := open(t, common(t), func() time.Time { return clock })
	for i, c := range []struct {
		used int
		full time.Duration
	}{{3, 18 * time.Second}, {4, 42 * time.Second}, {4, 66 * time.Second}, {1000, 2 * time.Minute}} {
		full, err := s.Spend(t.Context(), []ephemeral.Spent{{Key: "ada", N: 10, Per: time.Minute, Used: c.used}})
		if err != nil || len(full) != 1 || full[0].Sub(clock) != c.full {
			t.Errorf("step %d: %v, %v; want %v", i, full, err, c.full)
		}
	}
	if taken, left, _, err := s.Take(t.Context(), "ada", 10, time.Minute); taken || left != 0 || err != nil {
		t.Errorf("one more was taken: %v, %d, %v", taken, left, err)
	}
	var many []ephemeral.Spent
	for i := range 1300 {
		many = append(many, ephemeral.Spent{Key: fmt.Sprint(i), N: 60, Per: time.Minute, Used: i % 50})
	}
	full, err := s.Spend(t.Context(), many)
	if err != nil || len(full) != len(many) {
		t.Fatalf("%d answers, %v", len(full), err)
	}
	for i, f := range full {
		if f.Sub(clock) != time.Duration(i%50)*time.Second {
			t.Errorf("%d: %v", i, f.Sub(clock))
		}
	}
}
