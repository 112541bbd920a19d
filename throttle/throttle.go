// Package throttle slows callers down: by address, by account and by both.
//
// It owns rates and the counting of attempts. It does not know what is attempted. The
// counters are ephemeral; a lock that must survive a restart is not kept here.
package throttle

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"strings"
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
	if r.N == 0 || l.Off {
		return State{}, nil
	}
	sum, end, err := l.Store.Count(ctx, key, 1, r.Per)
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
	counted []counted
}

// counted is a budget with the end of the window in which the attempt was counted.
type counted struct {
	Budget
	end time.Time
}

// Spent is the key of a budget that is spent: the cause of a refusal by Begin.
type Spent string

// Error implements error.
func (s Spent) Error() string { return "spent: " + string(s) }

// Begins reports whether the key begins so.
func (s Spent) Begins(prefix string) bool { return strings.HasPrefix(string(s), prefix) }

// Begin counts one attempt against each budget. If one is spent it returns
// identity.ErrRateLimited, and the attempt must not be made. It then counts against none: a
// caller whose address is spent must not use up the budget of somebody else's account.
func (l *Limiter) Begin(ctx context.Context, budgets ...Budget) (*Attempt, error) {
	a := &Attempt{limiter: l}
	for _, b := range budgets {
		s, err := l.Allow(ctx, b.Key, b.Rate)
		a.counted = append(a.counted, counted{b, l.Now().Add(s.Reset)})
		if err != nil {
			var e *identity.Error
			if errors.As(err, &e) && errors.Is(err, identity.ErrRateLimited) {
				err = e.Because(Spent(b.Key))
			}
			return nil, cmp.Or(a.takeBack(ctx), err)
		}
	}
	return a, nil
}

// Succeeded takes the attempt back: only failures count. The budgets named by forgive are
// forgotten altogether (RAT-08).
func (a *Attempt) Succeeded(ctx context.Context, forgive func(Budget) bool) error {
	for i, c := range a.counted {
		if forgive(c.Budget) {
			if err := a.limiter.Store.Forget(ctx, c.Key); err != nil {
				return err
			}
			a.counted[i].end = time.Time{}
		}
	}
	return a.takeBack(ctx)
}

// takeBack leaves alone what was never counted and windows that are over: the next one would
// begin below zero.
func (a *Attempt) takeBack(ctx context.Context) error {
	for _, c := range a.counted {
		if !a.limiter.Now().Before(c.end) {
			continue
		}
		if _, _, err := a.limiter.Store.Count(ctx, c.Key, -1, c.Rate.Per); err != nil {
			return err
		}
	}
	return nil
}

// Network returns what an address is counted by: itself, or for IPv6 its /64, of which one
// caller has 2^64 addresses. What is no address is counted as it is.
func Network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Unmap().Is4() {
		return ip
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return ip
	}
	return prefix.String()
}
