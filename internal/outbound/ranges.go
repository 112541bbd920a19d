package outbound

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	rangesAt       = "https://api.pwnedpasswords.com"
	rangePatience  = 1500 * time.Millisecond
	rangePause     = 30 * time.Second
	longestRange   = 512 << 10 // bytes; a padded one has about forty thousand
	mostRanges     = 8         // at once
	rangeUserAgent = "Gatehouse-Passwords/1"
)

// ErrPaused is a service that is not asked, because it has failed a moment ago.
var ErrPaused = errors.New("not asked: it failed a moment ago")

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

	mu     sync.Mutex
	failed error
	until  time.Time // when it is asked again
	asking int
}

// Get returns the range of a prefix, padded so that its length tells nobody which it is.
func (r *Ranges) Get(ctx context.Context, prefix string) ([]byte, error) {
	if err := r.enter(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, rangePatience)
	defer cancel()
	at := r.URL
	if at == "" {
		at = rangesAt
	}
	c := Client{Loopback: r.Loopback}
	a, err := c.call(ctx, http.MethodGet, at+"/range/"+prefix, map[string]string{"Add-Padding": "true", "User-Agent": rangeUserAgent}, nil, longestRange)
	if err == nil && (a.Status != http.StatusOK || len(a.Body) == longestRange) {
		err = errors.New("the service answers with something else than a range")
	}
	return a.Body, r.leave(err)
}

// State returns why the service is not asked at the moment, nil if it is.
func (r *Ranges) State() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now().Before(r.until) {
		return r.failed
	}
	return nil
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

func (r *Ranges) leave(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asking--
	if err != nil {
		r.failed, r.until = err, r.now().Add(rangePause)
	}
	return err
}

func (r *Ranges) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}
