// Package ephemeral keeps small facts that may be forgotten: how often something was
// tried, how fast something goes, and what may happen only once within a minute. It has three
// verbs: Count, Take and Claim.
//
// It owns counters with a window, rates by the generic cell rate algorithm (ITU-T I.371), and
// how several machines count together: Shared. It does not know what is counted, and it is never
// the only place of a "no": used codes, locks and revocations live in SQL, because what is
// kept here does not survive a restart.
package ephemeral

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A Store is safe for concurrent use. Memory serves one machine.
type Store interface {
	// Count adds n to key and returns the sum since the window began, and when the window
	// ends. The first Count of a key begins its window. With n 0 it only looks; a negative n
	// takes back, never below zero.
	Count(ctx context.Context, key string, n int, window time.Duration) (sum int, end time.Time, err error)
	// Take takes one of the n that key has per time and reports whether there was one. It returns how
	// many are left, and when all of them will be there again; if there was none, when there is one.
	// They come back one by one, so that no two windows stand side by side.
	Take(ctx context.Context, key string, n int, per time.Duration) (taken bool, left int, until time.Time, err error)
	// Claim reports whether key was free, and takes it for d.
	Claim(ctx context.Context, key string, d time.Duration) (bool, error)
	// Forget drops key, whatever was kept of it.
	Forget(ctx context.Context, key string) error
}

// Apart returns a Store that asks s for everything but Take, for which it asks near: a call is not
// to wait for a network. What was claimed near is claimed.
func Apart(s, near Store) Store { return apart{s, near} }

type apart struct {
	Store
	near Store
}

// Claim implements Store.
func (a apart) Claim(ctx context.Context, key string, d time.Duration) (bool, error) {
	if free, err := a.near.Claim(ctx, key, d); err != nil || !free {
		return false, err
	}
	return a.Store.Claim(ctx, key, d)
}

// Take implements Store.
func (a apart) Take(ctx context.Context, key string, n int, per time.Duration) (bool, int, time.Time, error) {
	return a.near.Take(ctx, key, n, per)
}

// Forget implements Store.
func (a apart) Forget(ctx context.Context, key string) error {
	return errors.Join(a.Store.Forget(ctx, key), a.near.Forget(ctx, key))
}

// most is how many keys a memory keeps. An attacker can invent addresses without end, and
// must not be able to fill the machine with them: beyond this the oldest half is dropped.
const most = 1 << 18

type entry struct {
	n   int
	end time.Time
}

// memory keeps two generations of keys. When the young one is full it becomes the old one
// and what was old is forgotten: bounded, and without a sweeper.
type memory struct {
	mu         sync.Mutex
	young, old map[string]entry
	now        func() time.Time
}

// Memory returns a Store for a single process. It keeps at most 2^18 keys. A nil now means
// time.Now.
func Memory(now func() time.Time) Store {
	if now == nil {
		now = time.Now
	}
	return &memory{young: map[string]entry{}, now: now}
}

// Count implements Store.
func (m *memory) Count(_ context.Context, key string, n int, window time.Duration) (int, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	e := m.get(key)
	if !now.Before(e.end) {
		e = entry{end: now.Add(window)}
	}
	e.n = max(0, e.n+n)
	if n != 0 {
		m.put(key, e)
	}
	return e.n, e.end, nil
}

// Take implements Store.
func (m *memory) Take(_ context.Context, key string, n int, per time.Duration) (bool, int, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key = "take:" + key
	now, each := m.now(), Interval(n, per)
	full := m.get(key).end
	if full.Before(now) || full.Sub(now) > 2*per { // nobody takes so much: the clock went back
		full = now
	}
	ok := full.Add(each).Sub(now) <= per
	if ok {
		full = full.Add(each)
		m.put(key, entry{end: full})
	}
	ok, left, until := Taken(ok, now, full, n, per)
	return ok, left, until, nil
}

// raise makes key at least as exhausted as somebody else knows it to be.
func (m *memory) raise(key string, full time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if key = "take:" + key; full.After(m.get(key).end) {
		m.put(key, entry{end: full})
	}
}

// Interval is the time in which one of n per time comes back, in whole microseconds: that is as
// exact as every Store can be.
func Interval(n int, per time.Duration) time.Duration {
	return (per / time.Duration(n)).Truncate(time.Microsecond)
}

// Taken is what a Take returns that came out as taken: full is when all of them will be there
// again, by the theoretical arrival time of the generic cell rate algorithm.
func Taken(taken bool, now, full time.Time, n int, per time.Duration) (bool, int, time.Time) {
	each := Interval(n, per)
	if !taken {
		return false, 0, full.Add(each - per)
	}
	return true, int((per - full.Sub(now)) / each), full
}

func (m *memory) get(key string) entry {
	if e, ok := m.young[key]; ok {
		return e
	}
	return m.old[key]
}

func (m *memory) put(key string, e entry) {
	if _, ok := m.young[key]; !ok && len(m.young) >= most/2 {
		was := m.old
		m.old, m.young = m.young, make(map[string]entry)
		m.carry(was)
	}
	m.young[key] = e
}

// often is how often something was counted that is not forgotten like what came once, and mostCarried
// how many such keys there may be.
const (
	often       = 3
	mostCarried = most / 8
)

// carry keeps what was counted often. Threat: whoever has failed nine times would wash that out with
// invented keys, each of which costs one request, and begin anew.
func (m *memory) carry(was map[string]entry) {
	now := m.now()
	for key, e := range was {
		if _, newer := m.old[key]; !newer && e.n >= often && now.Before(e.end) && len(m.young) < mostCarried {
			m.young[key] = e
		}
	}
}

// Claim implements Store.
func (m *memory) Claim(ctx context.Context, key string, d time.Duration) (bool, error) {
	n, _, err := m.Count(ctx, "claim:"+key, 1, d)
	return n == 1, err
}

// Forget implements Store.
func (m *memory) Forget(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range []string{key, "take:" + key, "claim:" + key} {
		delete(m.young, k)
		delete(m.old, k)
	}
	return nil
}
