package password

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A queue lets a fixed number in at once, lets some more wait, and turns the rest away.
type queue struct {
	places   chan struct{}
	large    chan struct{} // one of those inside may need more memory than a current hash
	present  atomic.Int64  // inside or waiting
	capacity int64
	wait     time.Duration
}

func newQueue(parallel, waiting int, wait time.Duration) *queue {
	return &queue{
		places:   make(chan struct{}, parallel),
		large:    make(chan struct{}, 1),
		capacity: int64(parallel) + int64(waiting),
		wait:     wait,
	}
}

// enter returns when there is a place; the caller must leave it. Threat: hashes with an
// expensive cost that were imported must not multiply the memory, so large ones enter one
// at a time.
func (q *queue) enter(ctx context.Context, large bool) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if q.present.Add(1) > q.capacity {
		q.present.Add(-1)
		return nil, identity.ErrUnavailable.In(q.wait)
	}
	need := []chan struct{}{q.places}
	if large {
		need = []chan struct{}{q.large, q.places}
	}
	timer := time.NewTimer(q.wait)
	defer timer.Stop()
	for i, place := range need {
		select {
		case place <- struct{}{}:
			continue
		case <-ctx.Done():
			err = ctx.Err()
		case <-timer.C:
			err = identity.ErrUnavailable.In(q.wait)
		}
		q.leave(need[:i])
		return nil, err
	}
	return func() { q.leave(need) }, nil
}

func (q *queue) leave(places []chan struct{}) {
	for _, place := range places {
		<-place
	}
	q.present.Add(-1)
}
