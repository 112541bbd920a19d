package webhook

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

const (
	// Room for attempts at once, on one machine. Threat: whoever answers slowly, or owns many
	// endpoints that do, must not hold up the others.
	mostAtOnce         = 16
	mostToEndpoint     = 4
	mostToOrganization = 6
	mostToFailing      = 1

	shortestPause = 20 * time.Millisecond
	longestPause  = 5 * time.Second
)

// Run delivers until ctx ends, and returns when the attempts under way are settled, a few seconds
// later at most. With nothing to do it costs a short read every few seconds.
func (s *Store) Run(ctx context.Context) {
	pause := shortestPause
	for ctx.Err() == nil {
		n, err := s.pass(ctx)
		if err != nil && ctx.Err() == nil {
			s.logger().ErrorContext(ctx, "webhooks cannot be delivered", "err", err)
			pause = longestPause
		}
		if n > 0 {
			pause = shortestPause
		}
		select {
		case <-ctx.Done():
		case <-s.bell():
			pause = shortestPause
		case <-time.After(pause):
			pause = min(2*pause, longestPause)
		}
	}
	s.flying.Wait()
}

// Deliver attempts everything that is due now, waits for it, and returns how many attempts were
// made. It is for programs that do not Run.
func (s *Store) Deliver(ctx context.Context) (n int, err error) {
	for {
		started, err := s.pass(ctx)
		s.flying.Wait()
		if n += started; started == 0 || err != nil {
			return n, err
		}
	}
}

// wake makes Run look now: there is something due, or room again.
func (s *Store) wake() {
	select {
	case s.bell() <- struct{}{}:
	default: // it rings already
	}
}

func (s *Store) bell() chan struct{} {
	s.once.Do(func() { s.rung = make(chan struct{}, 1) })
	return s.rung
}

// A lane is an endpoint that has something due.
type lane struct {
	id      identity.WebhookID
	org     identity.TenantID
	failing bool
}

// lanes returns the endpoints that have something due, beginning behind the one that was served
// last, so that each has its turn.
func (s *Store) lanes(ctx context.Context) ([]lane, error) {
	all, err := sqldb.All(ctx, s.DB, func(row func(...any) error) (l lane, err error) {
		var failing int64
		err = row(&l.id, &l.org, &failing)
		l.failing = failing > 0
		return l, err
	}, `SELECT id, org_id, failing_at FROM webhooks w WHERE state = 'active' AND EXISTS (
		SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.state = 'waiting' AND d.due_at <= $1) ORDER BY id`, s.Now().UnixMicro())
	next := slices.IndexFunc(all, func(l lane) bool { return l.id > s.last })
	return slices.Concat(all[max(next, 0):], all[:max(next, 0)]), err
}

// pass begins an attempt for what is due, one for each endpoint in turn while there is room, and
// returns how many it began.
func (s *Store) pass(ctx context.Context) (n int, err error) {
	lanes, err := s.lanes(ctx)
	for len(lanes) > 0 && err == nil {
		var rest []lane
		for _, l := range lanes {
			var begun bool
			if begun, err = s.begun(ctx, l); err != nil {
				break
			}
			if begun {
				n++
				rest = append(rest, l)
			}
		}
		lanes = rest
	}
	return n, err
}

// begun begins one attempt for an endpoint, if there is room and something to claim.
func (s *Store) begun(ctx context.Context, l lane) (bool, error) {
	if !s.slots.take(l) {
		return false, nil
	}
	c, err := s.claim(ctx, l.id)
	if c == nil || err != nil {
		s.slots.give(l)
		return false, err
	}
	s.last = l.id
	s.flying.Go(func() {
		defer s.wake()
		defer s.slots.give(l)
		s.attempt(ctx, c)
	})
	return true, nil
}

// slots count the attempts under way.
type slots struct {
	mu   sync.Mutex
	all  int
	each map[string]int // by endpoint and by organization
}

func (s *slots) take(l lane) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	most := mostToEndpoint
	if l.failing {
		most = mostToFailing
	}
	if s.all >= mostAtOnce || s.each[string(l.id)] >= most || l.org != "" && s.each[string(l.org)] >= mostToOrganization {
		return false
	}
	s.add(l, 1)
	return true
}

func (s *slots) give(l lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(l, -1)
}

func (s *slots) add(l lane, n int) {
	if s.each == nil {
		s.each = map[string]int{}
	}
	s.all += n
	for _, name := range []string{string(l.id), string(l.org)} {
		if s.each[name] += n; s.each[name] == 0 {
			delete(s.each, name)
		}
	}
}

// Delivered returns how many deliveries of this process were accepted.
func (s *Store) Delivered() int64 { return s.delivered.Load() }

// Retried returns how many attempts of this process failed and are made again.
func (s *Store) Retried() int64 { return s.retried.Load() }

// Dropped returns how many deliveries this process gave up.
func (s *Store) Dropped() int64 { return s.dropped.Load() }

func (s *Store) logger() *slog.Logger {
	if s.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Logger
}
