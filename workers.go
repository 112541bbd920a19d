package gatehouse

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/secret"
)

const (
	reloadEvery = 5 * time.Second        // keys, so that a rotation anywhere is known everywhere
	policyEvery = time.Second            // so that a policy that is stored anywhere decides everywhere
	sealAfter   = 200 * time.Millisecond // events, in batches
	sealAtLeast = 30 * time.Second       // what another machine recorded and could not seal
	spreadEvery = time.Second            // sealed events, to webhooks
	cleanEvery  = time.Hour
	surveyEvery = time.Minute // so that hashes that are imported anywhere do not stand out anywhere
	leaseLife   = 30 * time.Second
)

// work starts the workers. Of several machines one at a time seals, rotates and cleans: a
// lease decides, and passes on when its holder dies.
func (g *Gate) work() {
	ctx, stop := context.WithCancel(context.Background()) //nolint:gosec // Close calls it
	g.stop = stop
	holder := secret.New()[:16]
	g.workers.Go(func() { g.outbox.Run(ctx) })
	if g.counting.shared != nil {
		g.workers.Go(func() { g.counting.shared.Run(ctx) })
	}
	g.workers.Go(func() { g.Webhooks.Run(ctx) })
	g.workers.Go(func() { every(ctx, spreadEvery, func() { g.spread(ctx, holder) }) })
	g.workers.Go(func() { every(ctx, reloadEvery, func() { g.attempt(ctx, "reload keys", g.Keys.Reload) }) })
	g.workers.Go(func() { every(ctx, policyEvery, func() { g.attempt(ctx, "reload policy", g.Access.Reload) }) })
	g.watchPlaces(ctx)
	g.workers.Go(func() {
		every(ctx, surveyEvery, func() { g.attempt(ctx, "survey passwords", g.Flow.Passwords.Survey) })
	})
	g.workers.Go(func() {
		g.Flow.WatchPasswords(ctx, func(err error) { g.tell(ctx, "breaches", err) })
	})
	g.workers.Go(func() { g.seal(ctx, holder) })
	g.workers.Go(func() { g.sweep(ctx, holder) })
}

// sweep cleans every hour, and sooner where so much was written that it pays.
func (g *Gate) sweep(ctx context.Context, holder string) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(cleanEvery):
		case <-g.Accounts.Crowded():
		}
		g.leased(ctx, "clean", holder, g.clean)
	}
}

func every(ctx context.Context, d time.Duration, fn func()) {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			fn()
		}
	}
}

// attempt runs fn and logs its failure; the next turn tries again. A panic of one worker
// must not end the program.
func (g *Gate) attempt(ctx context.Context, what string, fn func(context.Context) error) {
	defer func() {
		if p := recover(); p != nil {
			g.config.Logger.ErrorContext(ctx, "worker panicked", "worker", what, "panic", p)
		}
	}()
	if err := fn(ctx); err != nil && ctx.Err() == nil {
		g.tell(ctx, what, err)
	}
}

func (g *Gate) tell(ctx context.Context, what string, err error) {
	g.config.Logger.ErrorContext(ctx, "worker failed", "worker", what, "err", err)
}

func (g *Gate) leased(ctx context.Context, what, holder string, fn func(context.Context) error) {
	g.attempt(ctx, what, func(ctx context.Context) error {
		mine, err := g.config.DB.Lease(ctx, what, holder, g.config.Now(), leaseLife)
		if err != nil || !mine {
			return err
		}
		return fn(ctx)
	})
}

// seal waits for events and seals them in batches; an idle house does nothing.
func (g *Gate) seal(ctx context.Context, holder string) {
	for {
		rung := true
		select {
		case <-ctx.Done():
			g.sealLast(context.WithoutCancel(ctx), holder)
			return
		case <-g.Log.Recorded():
			pause(ctx, sealAfter)
		case <-time.After(sealAtLeast):
			rung = false
		}
		g.attempt(ctx, "sum events", g.settle)
		if !rung {
			if waiting, err := g.Log.Waiting(ctx); err == nil && !waiting {
				continue
			}
		}
		g.leased(ctx, "seal", holder, g.sealAll)
	}
}

func (g *Gate) settle(ctx context.Context) error { return g.Log.Settle(ctx, false) }

// sealLast seals what the last requests recorded and gives the lease back, so that whoever
// starts next need not wait for it to run out.
func (g *Gate) sealLast(ctx context.Context, holder string) {
	g.attempt(ctx, "sum events", func(ctx context.Context) error { return g.Log.Settle(ctx, true) })
	g.leased(ctx, "seal", holder, g.sealAll)
	g.attempt(ctx, "seal", func(ctx context.Context) error { return g.config.DB.Release(ctx, "seal", holder) })
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (g *Gate) sealAll(ctx context.Context) error {
	for {
		n, err := g.Log.Seal(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
}

// spread hands sealed events to the webhooks that want them; an idle house only looks.
func (g *Gate) spread(ctx context.Context, holder string) {
	g.attempt(ctx, "spread", func(ctx context.Context) error {
		behind, err := g.Webhooks.Behind(ctx)
		if behind {
			g.leased(ctx, "spread", holder, g.Webhooks.Spread)
		}
		return err
	})
}

// clean removes what is over, tells of what soon will be, and rotates keys that are due.
func (g *Gate) clean(ctx context.Context) error {
	for _, sweep := range []func(context.Context) error{
		g.Accounts.Sweep, g.Sessions.Sweep, g.Tokens.Sweep, g.Clients.Sweep, g.Keys.Sweep, g.APIKeys.Sweep, g.Webhooks.Sweep, g.Flow.Limiter.Locks.Sweep, g.counting.sweep, g.Flow.WarnOfAPIKeys,
	} {
		if err := sweep(ctx); err != nil {
			return err
		}
	}
	if g.Keys.Due(g.config.RotateKeys) {
		return g.Keys.Rotate(ctx, false)
	}
	return nil
}
