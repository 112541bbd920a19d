package outbound

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/breach"
)

const (
	rangesAt       = "https://api.pwnedpasswords.com"
	rangePatience  = 1500 * time.Millisecond
	rangePause     = 30 * time.Second
	longestRange   = 512 << 10 // bytes; a padded one has about forty thousand
	mostRanges     = 8         // at once
	rangeUserAgent = "Gatehouse-Passwords/1"
)

// ErrPaused is a service that is not asked, because it has failed a moment ago or because as many
// ask it already as may.
var ErrPaused = errors.New("not asked: it failed a moment ago, or too many ask")

var errNoRange = errors.New("the service answers with something else than a range")

// Ranges asks Have I Been Pwned for the digests that begin like a password's. The zero Ranges asks the
// public service.
//
// Whoever sets a password waits for it, so a failure is remembered: for half a minute nobody else
// waits for a service that is dead.
type Ranges struct {
	// URL is where the service is; "" is the public one. Loopback opens this machine, for development.
	URL      string
	Loopback bool
	Now      func() time.Time // nil: time.Now
	Failed   func(error)      // is told when a service that answered does not any more; nil: nobody is

	mu     sync.Mutex
	failed error     // why it did not answer when it was asked last
	until  time.Time // when it is asked again
	asking int
}

// Get returns the range of a prefix, padded so that its length tells nobody which it is. What is no
// range, or not all of one, is a failure of the service.
//
// Threat: whoever hangs up while they wait would switch the service off for everybody else, so that is
// no failure.
func (r *Ranges) Get(ctx context.Context, prefix string) ([]byte, error) {
	if err := r.enter(); err != nil {
		return nil, err
	}
	text, err := r.fetch(ctx, prefix)
	r.leave()
	if gone := ctx.Err(); err != nil && gone != nil {
		return nil, gone
	}
	r.settle(err)
	return text, err
}

func (r *Ranges) fetch(ctx context.Context, prefix string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, rangePatience)
	defer cancel()
	at := r.URL
	if at == "" {
		at = rangesAt
	}
	c := Client{Loopback: r.Loopback}
	a, err := c.call(ctx, http.MethodGet, at+"/range/"+prefix, map[string]string{"Add-Padding": "true", "User-Agent": rangeUserAgent}, nil, longestRange)
	if err != nil {
		return nil, err
	}
	if a.broken != nil {
		return nil, failure{meaning(a.broken), a.broken}
	}
	if a.Status != http.StatusOK || len(a.Body) == longestRange {
		return nil, errNoRange
	}
	if _, err := breach.In(a.Body, breach.Digest{}); err != nil {
		return nil, failure{errNoRange, err}
	}
	return a.Body, nil
}

// State returns why the service did not answer when it was asked last, nil if it did or never was.
func (r *Ranges) State() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

func (r *Ranges) enter() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now().Before(r.until) || r.asking >= mostRanges {
		return ErrPaused
	}
	r.asking++
	return nil
}

func (r *Ranges) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asking--
}

// settle remembers how an answer was.
func (r *Ranges) settle(err error) {
	r.mu.Lock()
	fresh := err != nil && r.failed == nil
	r.failed = err
	if err != nil {
		r.until = r.now().Add(rangePause)
	}
	r.mu.Unlock()
	if fresh && r.Failed != nil {
		r.Failed(err)
	}
}

func (r *Ranges) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}
