package ephemeral_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral/ephemeraltest"
)

func TestMemory(t *testing.T) {
	ephemeraltest.Run(t, func(_ *testing.T, now func() time.Time) ephemeral.Store { return ephemeral.Memory(now) })
}

func TestApart(t *testing.T) {
	ephemeraltest.Run(t, func(_ *testing.T, now func() time.Time) ephemeral.Store {
		return ephemeral.Apart(ephemeral.Memory(now), ephemeral.Memory(now))
	})
	s := newFar(time.Now)
	if taken, _, _, _ := ephemeral.Apart(s, ephemeral.Memory(nil)).Take(t.Context(), "ada", 1, time.Hour); !taken || s.asks() != 0 {
		t.Error("a call asks the other store")
	}
	if taken, _, _, _ := s.Take(t.Context(), "ada", 1, time.Hour); !taken {
		t.Error("a call was taken in the other store")
	}
}

// Invented keys push each other out, never a key that is in use (bounded memory).
func TestMemoryIsBounded(t *testing.T) {
	s := ephemeral.Memory(nil)
	for i := range 1 << 19 {
		if _, _, err := s.Count(t.Context(), fmt.Sprint("invented", i), 1, time.Hour); err != nil {
			t.Fatal(err)
		}
		if i%1000 == 0 {
			_, _, _ = s.Count(t.Context(), "victim", 1, time.Hour)
		}
	}
	if n, _, _ := s.Count(t.Context(), "victim", 0, time.Hour); n != 525 {
		t.Errorf("a key in use was counted %d times, want 525", n)
	}
	if n, _, _ := s.Count(t.Context(), "invented0", 0, time.Hour); n != 0 {
		t.Error("the oldest invented key is still kept")
	}
}

// What has failed often is not washed out by a million keys that somebody invents.
func TestFailuresOutliveInventedKeys(t *testing.T) {
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := ephemeral.Memory(func() time.Time { return clock })
	count := func(key string, n int) (sum int) {
		sum, _, _ = s.Count(t.Context(), key, n, 15*time.Minute)
		return sum
	}
	count("victim", 9)
	for i := range 1 << 20 {
		count(fmt.Sprint("invented ", i), 1)
	}
	if n := count("victim", 0); n != 9 {
		t.Errorf("%d failures are remembered, want 9", n)
	}
	clock = clock.Add(15 * time.Minute)
	for i := range 1 << 19 {
		count(fmt.Sprint("later ", i), 1)
	}
	if n := count("victim", 0); n != 0 {
		t.Errorf("%d failures outlive their window", n)
	}
}
