package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

const (
	shortestPause = 20 * time.Millisecond
	longestPause  = 5 * time.Second
	// grace is how long the messages on their way have left when Run is told to end.
	grace = 5 * time.Second
)

var (
	errExpired = errors.New("expired")
	errNobody  = errors.New("to nobody")
)

// Run delivers until ctx ends, and returns when the messages on their way are settled: at
// most a few seconds later. An idle outbox costs a short read every few seconds.
func (o *Outbox) Run(ctx context.Context) {
	workers := o.Workers
	if workers <= 0 {
		workers = 4
	}
	var g sync.WaitGroup
	for range workers {
		g.Go(func() { o.work(ctx) })
	}
	g.Wait()
}

// Wake makes a waiting worker look into the outbox now. Queue calls it as well, but from
// within a transaction that is not visible yet, which is why a worker that was woken for
// nothing looks again soon, and then ever more rarely.
func (o *Outbox) Wake() {
	select {
	case o.bell() <- struct{}{}:
	default: // it rings already
	}
}

func (o *Outbox) bell() chan struct{} {
	o.once.Do(func() { o.rung = make(chan struct{}, 1) })
	return o.rung
}

func (o *Outbox) work(ctx context.Context) {
	pause := shortestPause
	for ctx.Err() == nil {
		if _, err := o.Deliver(ctx); err != nil && ctx.Err() == nil {
			o.log().Error("the outbox is out of reach", "error", err)
			pause = longestPause
		}
		select {
		case <-ctx.Done():
		case <-o.bell():
			pause = shortestPause
		case <-time.After(pause):
			pause = min(2*pause, longestPause)
		}
	}
}

func (o *Outbox) timeout() time.Duration {
	if o.Timeout <= 0 {
		return 20 * time.Second
	}
	return o.Timeout
}

// send opens the payload and hands it to the Sender, which has until the timeout or the end
// of the message, whichever comes first: nobody is sent a dead link.
func (o *Outbox) send(ctx context.Context, e *entry) error {
	left := e.expires.Sub(o.Now())
	if left <= 0 {
		return errExpired
	}
	// A payload that cannot be opened is no reason to drop it: the key may be so new that
	// this process does not know it yet.
	plain, err := o.Open(e.sealed, sealContext(e.id))
	if err != nil {
		return fmt.Errorf("open the payload: %w", err)
	}
	var m Message
	if err := json.Unmarshal(plain, &m); err != nil {
		return fmt.Errorf("read the payload: %w", err)
	}
	if m.Channel == Nobody {
		return errNobody
	}
	ctx, cancel := outlive(ctx, min(o.timeout(), left))
	defer cancel()
	return o.supervise(ctx, m)
}

// outlive returns a context that ends after d, and no later than a grace after ctx.
func outlive(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), d)
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-own.Done():
		case <-time.After(grace):
			cancel()
		}
	})
	return own, func() { stop(); cancel() }
}

// supervise survives a Sender that panics, and leaves one behind that ignores its context.
func (o *Outbox) supervise(ctx context.Context, m Message) error {
	answer := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				answer <- fmt.Errorf("the sender panicked: %v\n%s", p, debug.Stack())
			}
		}()
		answer <- o.Sender.Send(ctx, m)
	}()
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
	}
	// One that heeds its context answers now, and what it says counts: it may have sent.
	select {
	case err := <-answer:
		return err
	case <-time.After(time.Second):
		return fmt.Errorf("the sender hangs: %w", ctx.Err())
	}
}
