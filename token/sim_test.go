package token_test

import (
	"cmp"
	"context"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/token"
)

// The rotation rule against eight hours of life: every five to fifteen minutes a refresh,
// three in ten of them a burst of two to four (tabs, a retried request), one answer in two
// hundred lost. In half of the stories somebody has stolen the token.

const (
	workday  = 8 * time.Hour
	lossRate = 0.005
	spread   = 2 * time.Second // of a burst
	together = 64              // stories that share the database
)

// A dice is the randomness of one story (splitmix64), so that its seed tells it again.
type dice uint64

// roll returns a number from 0 to below 1.
func (d *dice) roll() float64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11) / (1 << 53)
}

func (d *dice) within(t time.Duration) time.Duration { return time.Duration(d.roll() * float64(t)) }

// A story is one sign-in of somebody, and perhaps of a thief with the same token.
type story struct {
	*fixture
	dice
	store *token.Store
	clock atomic.Int64
	acts  []act
	jar   string // of the owner
	loot  string // of the thief
	dead  time.Duration
}

type act struct {
	at time.Duration
	do func(at time.Duration)
}

func (f *fixture) story(l *login, seed int) *story {
	s := &story{fixture: f, dice: dice(seed), jar: l.refresh}
	s.store = f.storeAt(func() time.Time { return start.Add(time.Duration(s.clock.Load())) })
	for at := time.Duration(0); at < workday; {
		at += 5*time.Minute + s.within(10*time.Minute)
		s.acts = append(s.acts, act{at, s.burst})
	}
	return s
}

// use refreshes at a time and reports whether there was a successor.
func (s *story) use(at time.Duration, agent, refresh string) (next string, ok bool) {
	s.clock.Store(max(s.clock.Load(), int64(at)))
	next, verdict, err := s.refresh(with(context.Background(), agent), s.store, refresh, true)
	if ok = err == nil && verdict != token.Reused; !ok && s.dead == 0 {
		s.dead = at
	}
	return next, ok
}

// burst is the owner's tabs, all with what the jar held when the first began.
func (s *story) burst(at time.Duration) {
	n := 1
	if s.roll() < 0.3 {
		n = 2 + int(s.roll()*3)
	}
	times := make([]time.Duration, n)
	for i := range times {
		times[i] = at + s.within(spread)
	}
	slices.Sort(times)
	sent := s.jar
	for _, at := range times {
		if next, ok := s.use(at, firefox, sent); ok && s.roll() >= lossRate {
			s.jar = next
		}
	}
}

// robbed adds a thief who copies the jar in the first half of the day. With a shadow of 0
// the thief comes at times of its own, otherwise so long after each burst of the owner.
func (s *story) robbed(agent string, shadow time.Duration) (stolen time.Duration) {
	stolen = s.within(workday / 2)
	owner := slices.Clone(s.acts)
	steal := func(at time.Duration) {
		if next, ok := s.use(at, agent, s.loot); ok {
			s.loot = next
		}
	}
	s.acts = append(s.acts, act{stolen, func(time.Duration) { s.loot = s.jar }})
	if shadow == 0 {
		for at := stolen + time.Second; at < workday; at += 5*time.Minute + s.within(10*time.Minute) {
			s.acts = append(s.acts, act{at, steal})
		}
		return stolen
	}
	for _, a := range owner {
		if a.at > stolen {
			s.acts = append(s.acts, act{a.at + spread + shadow, steal})
		}
	}
	return stolen
}

// tell lives through the story, until the family is dead.
func (s *story) tell() {
	slices.SortStableFunc(s.acts, func(a, b act) int { return cmp.Compare(a.at, b.at) })
	for _, a := range s.acts {
		if a.do(a.at); s.dead != 0 {
			return
		}
	}
}

func TestLife(t *testing.T) {
	f := sqliteFixture(t)
	u := f.user("user")
	thieves := []struct {
		name   string
		agent  string
		shadow time.Duration
	}{
		{"with the owner's browser, at any time", firefox, 0},
		{"with the owner's browser, a minute after the owner", firefox, time.Minute},
		{"with another browser, five seconds after the owner", safari, 5 * time.Second},
	}
	runs := simRuns(t)
	sqldbtest.Race(together, func(worker int) {
		for seed := worker; seed < runs; seed += together {
			if s := f.story(f.signInAs(u, idle), seed); seed%2 == 0 {
				if s.tell(); s.dead != 0 {
					t.Errorf("seed %d: nobody stole anything, and yet signed out at %v", seed, s.dead)
				}
				continue
			}
			thief := thieves[seed/2%len(thieves)]
			s := f.story(f.signInAs(u, idle), seed)
			stolen := s.robbed(thief.agent, thief.shadow)
			s.tell()
			if s.dead == 0 || s.dead < stolen {
				t.Errorf("seed %d: a thief %s, stolen at %v, found at %v", seed, thief.name, stolen, s.dead)
			}
		}
	})
}

// simRuns is how many stories are told: GATEHOUSE_SIM_RUNS, 1000 where it is not set. Their dice are their numbers, so
// that more stories tell what the first thousand did not, and a second run of the same tells nothing new.
func simRuns(t *testing.T) int {
	t.Helper()
	text := os.Getenv("GATEHOUSE_SIM_RUNS")
	if text == "" {
		return 1000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("GATEHOUSE_SIM_RUNS=%q is no number of stories", text)
	}
	return n
}
