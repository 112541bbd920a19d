package ephemeral

import (
	"context"
	"encoding/base64"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// A Remote is a Store on another machine, which several houses ask. It may be slow, gone, or
// come back empty. Package redis has one.
type Remote interface {
	Store
	// Spend takes what was taken elsewhere already, whether there is as much or not, and returns
	// for each when all of it will be there again. Without any it only asks for an answer.
	Spend(ctx context.Context, spent []Spent) (full []time.Time, err error)
	// Lost returns when it was last noticed that it had forgotten everything; zero for never.
	Lost() time.Time
}

// A Spent is how often one of N per Per was taken of a key.
type Spent struct {
	Key  string
	N    int
	Per  time.Duration
	Used int
}

const (
	patience  = 200 * time.Millisecond // with a Remote, while somebody waits
	slowly    = time.Second            // the same, while nobody does
	turn      = time.Second            // between two reconciliations
	probe     = 2 * time.Second        // between two questions to a Remote that does not answer
	mostSpent = 1 << 16                // keys that are reconciled in one turn; others wait for their next use
)

// A Shared counts together with other machines, through a Remote, and goes on alone without it.
//
// Count, Claim and Forget ask the Remote on the spot. Take never does: it takes from this
// machine, and Run tells the Remote about once a second what was taken, and learns what others took. So of a
// rate each machine may let one second's worth too many through.
//
// What was counted through this machine is also counted on it. Where the Remote does not answer,
// or did not throughout the window, or lost what it kept, the greater of the two sums is
// returned: whatever becomes of the Remote, no machine allows more than the limit by itself.
//
// Threat: a login that ends, or a limit that ends, with a server that only counts.
type Shared struct {
	// Key hides the keys from whoever can read the Remote: addresses are easily guessed from their
	// hashes, but not without this. Houses with different keys do not count together. nil hides nothing.
	Key []byte
	// Log is told when the Remote is lost, and when it is back; nil means slog.Default().
	Log *slog.Logger

	far  Remote
	near *memory

	mu    sync.Mutex
	spent map[string]Spent // since the last turn
	down  bool
	again time.Time // when the Remote may be asked again, while it is down
	doubt time.Time // until when the Remote is known to have missed something

	failures atomic.Int64
}

// Share returns a Shared over far. A nil now means time.Now.
func Share(far Remote, now func() time.Time) *Shared {
	near, _ := Memory(now).(*memory)
	return &Shared{far: far, near: near, spent: map[string]Spent{}}
}

// Count implements Store. It fails never.
func (s *Shared) Count(ctx context.Context, key string, n int, window time.Duration) (sum int, end time.Time, err error) {
	sum, end, err = s.near.Count(ctx, key, n, window)
	s.ask(ctx, func(ctx context.Context) error {
		far, until, err := s.far.Count(ctx, s.hidden(key), n, window)
		if err == nil && (far >= sum || s.trusted(window)) {
			sum, end = far, until
		}
		return err
	})
	return sum, end, err
}

// Claim implements Store. It fails never, and asks nobody for what was claimed on this machine.
func (s *Shared) Claim(ctx context.Context, key string, d time.Duration) (free bool, err error) {
	if free, err = s.near.Claim(ctx, key, d); err != nil || !free {
		return false, err
	}
	s.ask(ctx, func(ctx context.Context) error {
		far, err := s.far.Claim(ctx, s.hidden(key), d)
		free = free && (far || err != nil)
		return err
	})
	return free, err
}

// Forget implements Store. It fails never; what a Remote that does not answer keeps of the key
// ends with its window.
func (s *Shared) Forget(ctx context.Context, key string) error {
	s.mu.Lock()
	delete(s.spent, key)
	s.mu.Unlock()
	s.ask(ctx, func(ctx context.Context) error { return s.far.Forget(ctx, s.hidden(key)) })
	return s.near.Forget(ctx, key)
}

// Take implements Store. It asks nobody.
func (s *Shared) Take(ctx context.Context, key string, n int, per time.Duration) (taken bool, left int, until time.Time, err error) {
	taken, left, until, err = s.near.Take(ctx, key, n, per)
	if !taken {
		return taken, left, until, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.spent[key]; ok || len(s.spent) < mostSpent {
		s.spent[key] = Spent{Key: key, N: n, Per: per, Used: e.Used + 1}
	}
	return taken, left, until, err
}

// hidden is the name of a key at the Remote.
func (s *Shared) hidden(key string) string {
	if s.Key == nil {
		return key
	}
	return base64.RawURLEncoding.EncodeToString(secret.MAC(s.Key, []byte(key)))
}

// Run reconciles about once a second, until ctx ends.
func (s *Shared) Run(ctx context.Context) {
	t := time.NewTicker(turn)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			s.Reconcile(ctx)
		}
	}
}

// Reconcile is one turn of Run. It first asks for an answer, also when nothing was taken or the
// Remote is down, so that no request has to find out.
func (s *Shared) Reconcile(ctx context.Context) {
	if _, err := s.spend(ctx, patience, nil); err != nil {
		return
	}
	near, far := s.collect()
	if len(near) == 0 {
		return
	}
	full, err := s.spend(ctx, slowly, far)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, e := range near {
		since := s.spent[e.Key].Used // while we asked
		s.near.raise(e.Key, full[i].Add(time.Duration(since)*Interval(e.N, e.Per)))
	}
}

// spend tells the Remote what was spent. That the house is closing is no failure of it.
func (s *Shared) spend(ctx context.Context, d time.Duration, spent []Spent) ([]time.Time, error) {
	within, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	full, err := s.far.Spend(within, spent)
	if err == nil || ctx.Err() == nil {
		s.heard(err)
	}
	return full, err
}

// collect takes what was spent since the last turn, by its keys here and there. If the Remote
// does not take it, it counted on this machine at least.
func (s *Shared) collect() (near, far []Spent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.spent {
		near = append(near, e)
		e.Key = s.hidden(e.Key)
		far = append(far, e)
	}
	s.spent = map[string]Spent{}
	return near, far
}

// Down reports whether the Remote does not answer.
func (s *Shared) Down() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down
}

// Failures returns how often the Remote was asked in vain.
func (s *Shared) Failures() int64 { return s.failures.Load() }

// ask asks the Remote, unless it is known not to answer: not every request is to wait for that.
// Nobody can spare themselves the count by hanging up.
func (s *Shared) ask(ctx context.Context, question func(context.Context) error) {
	if !s.mayAsk() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	s.heard(question(ctx))
}

// mayAsk lets one through from time to time, for a house without a Run.
func (s *Shared) mayAsk() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down && time.Now().Before(s.again) {
		return false
	}
	s.again = time.Now().Add(probe)
	return true
}

// heard notes whether the Remote answered, and tells the log of a change.
func (s *Shared) heard(err error) {
	log := s.Log
	if log == nil {
		log = slog.Default()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.down
	s.down = err != nil
	if s.down || was {
		s.doubt = s.near.now()
	}
	if s.down {
		s.failures.Add(1)
		s.again = time.Now().Add(probe)
	}
	switch {
	case s.down && !was:
		log.Warn("the shared counters do not answer: this machine counts alone, so limits hold for each machine by itself", "err", err)
	case was && !s.down:
		log.Info("the shared counters answer again")
	}
}

// trusted reports whether the Remote has seen all that was counted within a window.
func (s *Shared) trusted(window time.Duration) bool {
	s.mu.Lock()
	missed := s.doubt
	s.mu.Unlock()
	if lost := s.far.Lost(); lost.After(missed) {
		missed = lost
	}
	return missed.IsZero() || !s.near.now().Before(missed.Add(window))
}
