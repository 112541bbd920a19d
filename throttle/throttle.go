// Package throttle slows callers down: by address, by account and by both.
//
// It owns rates and the counting of attempts. It does not know what is attempted. The
// counters are ephemeral; a lock that must survive a restart is not kept here.
package throttle

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
)

// A Rate is so many in such a time. The zero Rate does not limit.
type Rate struct {
	N   int
	Per time.Duration
}

// A State is what a caller has left, for the RateLimit header fields
// (draft-ietf-httpapi-ratelimit-headers).
type State struct {
	Rate  Rate
	Left  int
	Reset time.Duration // until the window ends
}

// A Limiter counts in a Store.
type Limiter struct {
	Store ephemeral.Store
	Now   func() time.Time
	// Off lifts every limit, for load tests of a development server.
	Off bool
}

// Allow counts one more use of key. Beyond the rate it returns identity.ErrRateLimited
// with the time to wait.
func (l *Limiter) Allow(ctx context.Context, key string, r Rate) (State, error) {
	return l.add(ctx, key, r, 1)
}

func (l *Limiter) add(ctx context.Context, key string, r Rate, n int) (State, error) {
	if r.N == 0 || l.Off {
		return State{}, nil
	}
	sum, end, err := l.Store.Count(ctx, key, n, r.Per)
	if err != nil {
		return State{}, err
	}
	s := State{Rate: r, Left: max(0, r.N-sum), Reset: end.Sub(l.Now())}
	if sum > r.N {
		return s, identity.ErrRateLimited.In(s.Reset)
	}
	return s, nil
}

// A Budget is a key with the rate of failures that it allows.
type Budget struct {
	Key  string
	Rate Rate
}

// An Attempt is a try that was counted before its outcome is known, so that a thousand
// tries at once are not judged by the count before the first of them.
type Attempt struct {
	limiter *Limiter
	budgets []Budget
}

// Begin counts one attempt against each budget. If one is spent it returns
// identity.ErrRateLimited, and the attempt must not be made.
func (l *Limiter) Begin(ctx context.Context, budgets ...Budget) (*Attempt, error) {
	for _, b := range budgets {
		if _, err := l.add(ctx, b.Key, b.Rate, 1); err != nil {
			return nil, err
		}
	}
	return &Attempt{l, budgets}, nil
}

// Succeeded takes the attempt back: only failures count. The budgets named by forgive are
// forgotten altogether (RAT-08).
func (a *Attempt) Succeeded(ctx context.Context, forgive func(Budget) bool) error {
	for _, b := range a.budgets {
		var err error
		if forgive(b) {
			err = a.limiter.Store.Forget(ctx, b.Key)
		} else if !a.limiter.Off && b.Rate.N != 0 {
			_, _, err = a.limiter.Store.Count(ctx, b.Key, -1, b.Rate.Per)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
