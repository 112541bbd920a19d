package main

import (
	"math"
	"slices"
	"time"
)

// median returns the middle of some times; there must be one.
func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// rankSum is the test of Mann and Whitney: p is how likely two samples of one distribution differ as
// much as these (by the normal approximation, with ties), and right is how often somebody guesses
// right which of the two a time is of, who has seen both: 0.5 is a coin.
func rankSum(a, b []time.Duration) (p, right float64) {
	type timed struct {
		d     time.Duration
		first bool
	}
	all := make([]timed, 0, len(a)+len(b))
	for _, d := range a {
		all = append(all, timed{d, true})
	}
	for _, d := range b {
		all = append(all, timed{d, false})
	}
	slices.SortFunc(all, func(x, y timed) int { return int(x.d - y.d) })

	n, m := float64(len(a)), float64(len(b))
	var ranks, ties float64
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].d == all[i].d {
			j++
		}
		for _, v := range all[i:j] {
			if v.first {
				ranks += float64(i+j+1) / 2
			}
		}
		t := float64(j - i)
		ties += t*t*t - t
		i = j
	}
	u := ranks - n*(n+1)/2
	area := u / (n * m)
	deviation := math.Sqrt(n * m / 12 * (n + m + 1 - ties/((n+m)*(n+m-1))))
	if deviation == 0 {
		return 1, 0.5
	}
	z := math.Abs(u-n*m/2) / deviation
	return math.Erfc(z / math.Sqrt2), math.Max(area, 1-area)
}
