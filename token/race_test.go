package token_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/token"
)

// Fifty refreshes with one token at once: one rotates, all get its successor, nobody is
// signed out and one token is alive (REF-16, BUG-02). Every other round the first answer
// was lost, so that all come with a parent whose time is over.
func TestRotateRace(t *testing.T) {
	each(t, func(f *fixture) {
		refresh := f.signIn().refresh
		for round := range sqldbtest.Rounds(f) {
			first, killed := token.Rotated, ""
			if round%2 == 1 {
				first = token.Replaced
				killed, _ = f.present(firefox, refresh)
				f.wait(late)
			}
			next := f.together(refresh, first)
			if f.Failed() {
				f.Fatalf("round %d", round+1)
			}
			if killed == next {
				f.Fatal("the lost child lives on")
			}
			f.wait(time.Minute)
			refresh = next
		}
	})
}

// together presents one token fifty times at once and returns the successor of all.
func (f *fixture) together(refresh string, first token.Verdict) string {
	f.Helper()
	const n = 50
	var next [n]string
	var verdicts [n]token.Verdict
	sqldbtest.Race(n, func(i int) {
		var err error
		if next[i], verdicts[i], err = f.refresh(with(f.Context(), firefox), f.tokens, refresh, true); err != nil {
			f.Errorf("caller %d: %v", i, err)
		}
	})
	count := map[token.Verdict]int{}
	for i := range n {
		count[verdicts[i]]++
		if next[i] != next[0] {
			f.Errorf("two successors: %q and %q", next[i], next[0])
		}
	}
	if count[first] != 1 || count[token.Repeated] != n-1 {
		f.Errorf("verdicts %v, want one %s and the rest repeated", count, words[first])
	}
	return next[0]
}

// A thief and the owner at the same moment: however they interleave, the family has one
// current token or none.
func TestThiefRace(t *testing.T) {
	each(t, func(f *fixture) {
		for range sqldbtest.Rounds(f) {
			l := f.signIn()
			next, what := [2]string{}, [2]string{}
			sqldbtest.Race(2, func(i int) { next[i], what[i] = f.present([]string{firefox, safari}[i], l.refresh) })
			if (what != [2]string{"rotated", "reused"}) && (what != [2]string{"reused", "rotated"}) &&
				(what != [2]string{"TOKEN_REUSED", "reused"}) && (what != [2]string{"reused", "TOKEN_REUSED"}) {
				f.Errorf("%v", what)
			}
			for _, refresh := range append(next[:], l.refresh) {
				if _, what := f.present(firefox, refresh); what != "TOKEN_REUSED" && what != "NO_REFRESH_TOKEN" {
					f.Errorf("after the theft: %s", what)
				}
			}
		}
	})
}
