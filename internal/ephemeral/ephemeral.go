// Package ephemeral keeps small facts that may be forgotten: how often something was
// tried, and what may happen only once within a minute. It has two verbs, Count and Claim.
//
// It owns counters with a window. It does not know what is counted, and it is never the
// only place of a "no": used codes, locks and revocations live in SQL, because what is
// kept here does not survive a restart.
package ephemeral

import (
	"context"
	"sync"
	"time"
)

// A Store is safe for concurrent use. Memory serves one machine.
type Store interface {
	// Count adds n to key and returns the sum since the window began, and when the window
	// ends. The first Count of a key begins its window. With n 0 it only looks; a negative n
	// takes back, never below zero.
	Count(ctx context.Context, key string, n int, window time.Duration) (sum int, end time.Time, err error)
	// Claim reports whether key was free, and takes it for d.
	Claim(ctx context.Context, key string, d time.Duration) (bool, error)
	// Forget drops key.
	Forget(ctx context.Context, key string) error
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
	e, ok := m.young[key]
	if !ok {
		e = m.old[key]
	}
	if !now.Before(e.end) {
		e = entry{end: now.Add(window)}
	}
	e.n = max(0, e.n+n)
	if n != 0 {
		m.put(key, e)
	}
	return e.n, e.end, nil
}

func (m *memory) put(key string, e entry) {
	if _, ok := m.young[key]; !ok && len(m.young) >= most/2 {
		m.old, m.young = m.young, make(map[string]entry)
	}
	m.young[key] = e
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
	delete(m.young, key)
	delete(m.old, key)
	return nil
}
