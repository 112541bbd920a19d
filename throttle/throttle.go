// Package throttle slows callers down: by address, by account and by both.
//
// It owns the limits (limits.go), the counting of attempts, the ladder of pauses between failed
// ones, and the table of locks. It does not know what is attempted. Counters are ephemeral; a lock
// is a row, because a "no" survives a restart.
package throttle

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
)

// A Rate is so many in such a time. The zero Rate does not limit.
type Rate struct {
	N   int
	Per time.Duration
	// Name says what is counted together: all routes whose Rate has one name. "": each by itself.
	Name Name
}

// String returns the rate as it is written in settings: 100/1m0s.
func (r Rate) String() string { return fmt.Sprintf("%d/%v", r.N, r.Per) }

// UnmarshalText reads a rate as String writes it.
func (r *Rate) UnmarshalText(text []byte) error {
	n, per, _ := strings.Cut(string(text), "/")
	count, err := strconv.Atoi(n)
	if err != nil {
		return fmt.Errorf("a limit is so many in such a time, like 100/1m: %q", text)
	}
	d, err := time.ParseDuration(per)
	if err != nil {
		return fmt.Errorf("a limit is so many in such a time, like 100/1m: %q", text)
	}
	*r = Rate{N: count, Per: d}
	return nil
}

// A State is what a caller has left, for the RateLimit header fields
// (draft-ietf-httpapi-ratelimit-headers).
type State struct {
	Rate  Rate
	Left  int
	Reset time.Duration // until all are there again or, where none is left, until one is
}

// A Limiter counts in a Store.
type Limiter struct {
	Store ephemeral.Store
	Locks *Locks
	Now   func() time.Time
	// Limits are those that are other than in the Table.
	Limits Limits
	// Off lifts every limit, for load tests of a development server.
	Off bool
}

// Rate returns a limit by its name.
func (l *Limiter) Rate(n Name) Rate { return l.Limits.Rate(n) }

// Allow takes one use of key. Where none is left it returns identity.ErrRateLimited with the time
// to wait.
func (l *Limiter) Allow(ctx context.Context, key string, r Rate) (State, error) {
	if r.N == 0 || l.Off {
		return State{}, nil
	}
	taken, left, until, err := l.Store.Take(ctx, key, r.N, r.Per)
	if err != nil {
		return State{}, err
	}
	s := State{Rate: r, Left: left, Reset: until.Sub(l.Now())}
	if !taken {
		return s, identity.ErrRateLimited.In(s.Reset)
	}
	return s, nil
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
