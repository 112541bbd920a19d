package password_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/password"
)

func TestParseParams(t *testing.T) {
	for _, c := range []struct {
		in   string
		want password.Params
		ok   bool
	}{
		{"m=19456,t=2,p=1", password.Params{Memory: 19456, Time: 2, Parallelism: 1}, true},
		{"m=8,t=1,p=1", cheap, true},
		{"", password.Params{}, false},
		{"t=2,m=19456,p=1", password.Params{}, false},
		{"m=19456,t=2", password.Params{}, false},
		{"m=19456,t=2,p=257", password.Params{}, false},
		{"m=4294967295,t=1,p=1", password.Params{}, false},
		{"m=0,t=0,p=0", password.Params{}, false},
	} {
		got, err := password.ParseParams(c.in)
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%q: %+v, %v", c.in, got, err)
		}
		if c.ok && got.String() != c.in {
			t.Errorf("%q is written %q", c.in, got)
		}
	}
}

// PWD-02, CON-06.
func TestZeroParamsAreTheDefault(t *testing.T) {
	if got := (password.Params{}).String(); got != "m=65536,t=3,p=1" {
		t.Errorf("zero Params are %s", got)
	}
	if err := (password.Params{}).Validate(); err != nil {
		t.Error(err)
	}
	if err := (password.Params{Time: 17}).Validate(); !errors.Is(err, password.ErrUnusable) {
		t.Errorf("17 passes over 64 MiB: %v", err)
	}
}

// PWD-07: hosts that need so long for one pass over one MiB.
func TestCalibrate(t *testing.T) {
	for _, c := range []struct {
		name string
		host time.Duration
		want string
		took time.Duration
	}{
		{"usual", time.Millisecond, "m=65536,t=3,p=1", 192 * time.Millisecond},
		{"fast", 100 * time.Microsecond, "m=65536,t=16,p=1", 102400 * time.Microsecond},
		{"slow", 5 * time.Millisecond, "m=32768,t=1,p=1", 160 * time.Millisecond},
		{"hopeless", time.Second, "m=19456,t=1,p=1", 19 * time.Second},
	} {
		measure := func(p password.Params) time.Duration {
			return time.Duration(p.Memory) * time.Duration(p.Time) * c.host / 1024
		}
		p, took, err := password.CalibrateWith(t.Context(), 200*time.Millisecond, measure)
		if err != nil || p.String() != c.want || took != c.took {
			t.Errorf("%s: %s in %s, %v", c.name, p, took, err)
		}
	}
}

func TestCalibrateEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	measured := 0
	_, _, err := password.CalibrateWith(ctx, time.Second, func(password.Params) time.Duration {
		measured++
		cancel()
		return 0
	})
	if !errors.Is(err, context.Canceled) || measured != 1 {
		t.Errorf("%v after %d measurements", err, measured)
	}
}
