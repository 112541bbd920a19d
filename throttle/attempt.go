package throttle

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// pauses are how long to wait after so many failures (RAT-09). More of them wait as long as the
// last. They are told to the caller and never slept: a handler that sleeps is a connection that
// an attacker holds (BUG-23).
var pauses = []time.Duration{
	0, 0, 0, 0, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second,
}

// Pause returns how long to wait after so many failures in a row.
func Pause(failures int) time.Duration { return pauses[min(max(failures, 0), len(pauses)-1)] }

// suspect is how many failures before the lock a CAPTCHA is asked for: from the seventh of ten
// (RAT-10).
const suspect = 3

// A Budget is a key with the rate of failures that it allows.
type Budget struct {
	Key  string
	Rate Rate
	// Ladder makes each failure dearer than the one before, and the last one lock the key for the
	// time of the Rate, counted from then (BUG-22).
	Ladder bool
	// Lenient lets a success forgive all failures, as a Ladder does.
	Lenient bool
}

// An Attempt is a try that was counted before its outcome is known, so that a thousand
// tries at once are not judged by the count before the first of them.
type Attempt struct {
	limiter *Limiter
	counted []counted
}

// counted is a budget with what the attempt found there.
type counted struct {
	Budget
	end time.Time // of the window in which it was counted
	sum int       // with this attempt
}

// Begin counts one attempt against each budget. If one is spent or must wait it returns
// identity.ErrRateLimited, if it is locked identity.ErrLocked, and the attempt must not be made.
// It then counts against none: a caller whose address is spent must not use up the budget of
// somebody else's account.
//
// It costs one read of the database, of the locks, and never a write.
func (l *Limiter) Begin(ctx context.Context, budgets ...Budget) (*Attempt, error) {
	a := &Attempt{limiter: l}
	if l.Off {
		return a, nil
	}
	for _, b := range budgets {
		if b.Rate.N == 0 {
			continue
		}
		if err := l.waits(ctx, b); err != nil {
			return nil, a.undone(ctx, err)
		}
		sum, end, err := l.Store.Count(ctx, b.Key, 1, b.Rate.Per)
		if err != nil {
			return nil, a.undone(ctx, err)
		}
		a.counted = append(a.counted, counted{b, end, sum})
		if sum > b.Rate.N {
			return nil, a.undone(ctx, identity.ErrRateLimited.In(end.Sub(l.Now())))
		}
	}
	return a, nil
}

// waits refuses while a key is locked, or in the pause after its last failure.
func (l *Limiter) waits(ctx context.Context, b Budget) error {
	if !b.Ladder {
		return nil
	}
	n, end, err := l.Store.Count(ctx, pauseKey(b.Key), 0, time.Second)
	if err != nil {
		return err
	}
	if n > 0 {
		return identity.ErrRateLimited.In(end.Sub(l.Now()))
	}
	until, err := l.Locks.Until(ctx, b.Key)
	if err != nil {
		return err
	}
	if wait := until.Sub(l.Now()); wait > 0 {
		return identity.ErrLocked.In(wait)
	}
	return nil
}

func pauseKey(key string) string { return "pause " + key }

// undone takes the attempt back and returns why it was not made.
func (a *Attempt) undone(ctx context.Context, why error) error {
	if err := a.Undo(ctx); err != nil {
		return err
	}
	return why
}

// Suspect reports whether so many attempts have failed that this one needs the answer to a
// CAPTCHA.
func (a *Attempt) Suspect() bool {
	for _, c := range a.counted {
		if c.Ladder && c.sum > max(c.Rate.N-suspect, 1) {
			return true
		}
	}
	return false
}

// Locks returns the keys that this attempt locks if it fails, with how long: those whose last
// attempt it is. Whoever has them locks them, in the transaction that tells the log.
func (a *Attempt) Locks() (list []Budget) {
	for _, c := range a.counted {
		if c.Ladder && c.sum >= c.Rate.N {
			list = append(list, c.Budget)
		}
	}
	return list
}

// Failed makes whoever tries next wait. What was locked stays counted, until its window ends, which is
// before the lock does. Threat: of a thousand tries at once some have looked for the lock before it was
// there, and would count anew.
func (a *Attempt) Failed(ctx context.Context) error {
	for _, c := range a.counted {
		pause := Pause(c.sum)
		if !c.Ladder || c.sum >= c.Rate.N || pause == 0 {
			continue
		}
		if err := a.limiter.pause(ctx, pauseKey(c.Key), pause); err != nil {
			return err
		}
	}
	return nil
}

// pause makes the longest pause hold. Threat: of many tries at once the first to fail opens a short
// one, which the later ones would leave as it is.
func (l *Limiter) pause(ctx context.Context, key string, d time.Duration) error {
	n, end, err := l.Store.Count(ctx, key, 0, d)
	if err == nil && n > 0 {
		if !end.Before(l.Now().Add(d)) {
			return nil
		}
		err = l.Store.Forget(ctx, key)
	}
	if err == nil {
		_, _, err = l.Store.Count(ctx, key, 1, d)
	}
	return err
}

// Succeeded takes the attempt back: only failures count. What is somebody's account is forgiven
// altogether (RAT-08).
func (a *Attempt) Succeeded(ctx context.Context) error {
	for i, c := range a.counted {
		if c.Ladder || c.Lenient {
			if err := a.limiter.forget(ctx, c.Key); err != nil {
				return err
			}
			a.counted[i].end = time.Time{}
		}
	}
	return a.Undo(ctx)
}

// Undo takes the attempt back, which was not made: its failure would be nobody's fault. It leaves
// alone what was never counted and windows that are over: the next one would begin below zero.
func (a *Attempt) Undo(ctx context.Context) error {
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

// Spent looks whether a budget is spent, and counts nothing: identity.ErrRateLimited.
func (l *Limiter) Spent(ctx context.Context, b Budget) error {
	if l.Off || b.Rate.N == 0 {
		return nil
	}
	sum, end, err := l.Store.Count(ctx, b.Key, 0, b.Rate.Per)
	if err == nil && sum >= b.Rate.N {
		err = identity.ErrRateLimited.In(end.Sub(l.Now()))
	}
	return err
}

// Fail counts a failure that has happened. One more than a budget allows is
// identity.ErrRateLimited.
func (l *Limiter) Fail(ctx context.Context, b Budget) error {
	if l.Off || b.Rate.N == 0 {
		return nil
	}
	sum, end, err := l.Store.Count(ctx, b.Key, 1, b.Rate.Per)
	if err == nil && sum > b.Rate.N {
		err = identity.ErrRateLimited.In(end.Sub(l.Now()))
	}
	return err
}

// Forgive forgets every failure of keys, and opens what is locked.
func (l *Limiter) Forgive(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if err := l.forget(ctx, key); err != nil {
			return err
		}
	}
	return l.Locks.Unlock(ctx, keys...)
}

func (l *Limiter) forget(ctx context.Context, key string) error {
	if err := l.Store.Forget(ctx, pauseKey(key)); err != nil {
		return err
	}
	return l.Store.Forget(ctx, key)
}
