package verify

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/jose"
)

// How long the issuer's keys are believed.
const (
	// keysAge is what the issuer's own header allows: after an emergency rotation nobody trusts a
	// stolen key for longer.
	keysAge = time.Minute
	// renewAge is when a request has them renewed behind its back.
	renewAge = keysAge * 3 / 4
	// outageAge is how long the last known keys are believed while the issuer is down. Its tokens
	// live shorter, so it costs nothing but that the keys of an hour ago still count for whoever
	// keeps us from the issuer.
	outageAge = time.Hour
	// retryPause is how long a failed call is not repeated.
	retryPause = 5 * time.Second
	// learnPause is how long no other token with an unknown key is worth a call. Threat: anybody
	// can write tokens that name keys, and each would be a call to the issuer.
	learnPause = time.Minute
)

// A source knows the issuer: it fetches, one fetch at a time, and remembers.
type source struct {
	issuer string
	at     *url.URL
	http   *http.Client
	now    func() time.Time
	log    *slog.Logger

	current atomic.Pointer[knowledge]

	mu      sync.Mutex
	under   chan struct{} // closed when the fetch under way is over; nil: none is
	tried   time.Time     // when the last fetch ended
	failed  error         // how
	learned time.Time     // when an unknown key was last worth a fetch
}

// knowledge is what the issuer said at one moment. It is never changed.
type knowledge struct {
	metadata
	keys map[string]*jose.Key
	at   time.Time
}

// known returns what is known of the issuer now. What is older than keysAge is used only where
// nothing newer can be had.
func (s *source) known(ctx context.Context, now time.Time) (*knowledge, error) {
	k := s.current.Load()
	if k != nil && now.Sub(k.at) < renewAge {
		return k, nil
	}
	under, failed := s.renew()
	if k != nil && (now.Sub(k.at) < keysAge || failed != nil && s.usable(k)) {
		return k, nil // while the issuer is down nobody waits for it a second time
	}
	if err := wait(ctx, under); err != nil {
		return nil, err
	}
	if k = s.current.Load(); s.usable(k) {
		return k, nil
	}
	return nil, s.unavailable()
}

func (s *source) usable(k *knowledge) bool { return k != nil && s.now().Sub(k.at) < outageAge }

// learn returns what is known of the issuer after a token named an unknown key: at most once a
// minute that is worth a fetch. While the issuer is down nobody can say that there is no such key.
func (s *source) learn(ctx context.Context) (*knowledge, error) {
	s.mu.Lock()
	under, now := s.under, s.now()
	if under == nil && now.Sub(s.learned) >= learnPause {
		s.learned = now
		under = s.begin()
	}
	s.mu.Unlock()
	if err := wait(ctx, under); err != nil {
		return nil, err
	}
	s.mu.Lock()
	failed := s.failed
	s.mu.Unlock()
	k := s.current.Load()
	if k == nil || failed != nil {
		return nil, s.unavailable()
	}
	return k, nil
}

// renew begins a fetch unless one is under way or failed a moment ago. It returns what to wait
// for, which may be nil, and how the last fetch failed.
func (s *source) renew() (under <-chan struct{}, failed error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.under == nil && (s.failed == nil || s.now().Sub(s.tried) >= retryPause) {
		s.begin()
	}
	return s.under, s.failed
}

// begin fetches in the background: whoever asked may go away, others wait for the same answer.
// The caller holds mu.
func (s *source) begin() chan struct{} {
	under := make(chan struct{})
	s.under = under
	go func() {
		defer close(under)
		ctx, cancel := context.WithTimeout(context.Background(), callLife)
		defer cancel()
		err := s.fetch(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.under, s.tried, s.failed = nil, s.now(), err
	}()
	return under
}

func wait(ctx context.Context, under <-chan struct{}) error {
	if under == nil {
		return nil
	}
	select {
	case <-under:
		return nil
	case <-ctx.Done():
		return identity.ErrUnavailable.In(time.Second).Because(ctx.Err())
	}
}

func (s *source) unavailable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	cause := s.failed
	if cause == nil {
		cause = reason("the keys of the issuer are too old")
	}
	return identity.ErrUnavailable.In(retryPause).Because(cause)
}

// fetch asks the issuer for its keys, and first for its document where none is known or the last
// fetch failed: it may have moved.
func (s *source) fetch(ctx context.Context) error {
	began, last := s.now(), s.current.Load()
	s.mu.Lock()
	anew := last == nil || s.failed != nil
	s.mu.Unlock()
	next := &knowledge{at: began}
	var err error
	if anew {
		next.metadata, err = s.discover(ctx)
	} else {
		next.metadata = last.metadata
	}
	var text []byte
	if err == nil {
		text, err = s.get(ctx, next.Keys)
	}
	if err == nil {
		next.keys, err = parseKeys(text, last)
	}
	if err != nil {
		s.lose(ctx, err)
		return err
	}
	s.current.Store(next)
	return nil
}

// lose tells of a failed fetch. Threat: an issuer that gives away a private key has told everybody
// how to sign, so what it said before is not believed either.
func (s *source) lose(ctx context.Context, err error) {
	s.log.WarnContext(ctx, "the keys of the issuer could not be fetched", "issuer", s.issuer, "err", err)
	if errors.Is(err, jose.ErrPrivate) {
		s.current.Store(nil)
	}
}

// parseKeys reads a key set. A key that was known before stays the same *jose.Key, by which a
// remembered signature knows that its key is still there: not one with its name only.
func parseKeys(text []byte, last *knowledge) (map[string]*jose.Key, error) {
	list, err := jose.ParseJWKS(text)
	if err != nil {
		return nil, err
	}
	keys := make(map[string]*jose.Key, len(list))
	for _, k := range list {
		if last != nil && same(k, last.keys[k.ID]) {
			k = last.keys[k.ID]
		}
		keys[k.ID] = k
	}
	return keys, nil
}

func same(a, b *jose.Key) bool {
	if b == nil || a.Algorithm != b.Algorithm {
		return false
	}
	one, err := a.MarshalPublic()
	two, err2 := b.MarshalPublic()
	return err == nil && err2 == nil && bytes.Equal(one, two)
}
