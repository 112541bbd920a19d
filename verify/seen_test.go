package verify

import "testing"

// What is remembered is bounded: the newest two thousand are always there, and what is older than
// twice as many is gone.
func TestGenerations(t *testing.T) {
	var g generations[int]
	id := func(n int) [32]byte { return [32]byte{byte(n), byte(n >> 8), 1} }
	for n := range 10 * seenMost {
		g.put(id(n), n)
		if v, ok := g.get(id(n)); !ok || v != n {
			t.Fatalf("%d is forgotten at once", n)
		}
		if older := n - seenMost/2; older >= 0 {
			if v, ok := g.get(id(older + 1)); !ok || v != older+1 {
				t.Fatalf("%d is forgotten after %d others", older+1, seenMost/2)
			}
		}
		if _, ok := g.get(id(n - seenMost)); ok && n >= seenMost {
			t.Fatalf("%d is still there after %d others", n-seenMost, seenMost)
		}
	}
}
