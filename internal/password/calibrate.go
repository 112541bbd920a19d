package password

import (
	"cmp"
	"context"
	"time"

	"golang.org/x/crypto/argon2"
)

// The range that Calibrate aims into (PWD-07), and the least memory it goes down to
// (OWASP's minimum for Argon2id, in KiB).
const (
	MinTarget   = 100 * time.Millisecond
	MaxTarget   = 300 * time.Millisecond
	floorMemory = 19 << 10
)

// Calibrate finds the highest cost whose hash takes at most target on this host, and how
// long it takes. Target 0 is 200 ms; one outside 100–300 ms is moved to its edge. Where
// one pass over the default memory is too slow it halves the memory, not below 19 MiB. It
// runs for a few seconds and returns ctx.Err() when ctx ends first.
func Calibrate(ctx context.Context, target time.Duration) (Params, time.Duration, error) {
	target = min(max(cmp.Or(target, 2*MinTarget), MinTarget), MaxTarget)
	return calibrate(ctx, target, fastest)
}

func calibrate(ctx context.Context, target time.Duration, measure func(Params) time.Duration) (Params, time.Duration, error) {
	p := Params{Time: 1}.orDefault()
	took := measure(p)
	for took > target && p.Memory > floorMemory && ctx.Err() == nil {
		p.Memory = max(p.Memory/2, floorMemory)
		took = measure(p)
	}
	for next := p; ctx.Err() == nil; p = next {
		next.Time++
		if next.Validate() != nil {
			break
		}
		slower := measure(next)
		if slower > target {
			break
		}
		took = slower
	}
	return p, took, ctx.Err()
}

// fastest returns the best of three, since other work can only make a hash slower.
func fastest(p Params) time.Duration {
	best := time.Duration(1<<63 - 1)
	for range 3 {
		start := time.Now()
		argon2.IDKey([]byte("calibration"), make([]byte, saltLength), p.Time, p.Memory, p.Parallelism, keyLength)
		best = min(best, time.Since(start))
	}
	return best
}
