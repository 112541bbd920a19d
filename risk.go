package gatehouse

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/risk"
)

// Risk says what becomes of odd sign-ins. The zero Risk tells their user by mail, and asks for one
// more proof of those that are odder.
type Risk = risk.Rules

// StrictRisk asks for one more proof from every network, country and browser that is new to its
// user (BRE-09).
func StrictRisk() Risk { return risk.Strict() }

// lookEvery is how often the files of Config.Risk are looked at.
const lookEvery = 10 * time.Second

// judge gives the Flow its judge of odd sign-ins.
func (g *Gate) judge() error {
	if g.config.Risk.Off {
		return nil
	}
	a, err := risk.New(g.config.Risk, g.Sessions, g.Log, g.config.Now)
	if err != nil {
		return err
	}
	g.Flow.Risk, g.risk = a, a
	return nil
}

// watchPlaces reads the files about networks anew when they change.
func (g *Gate) watchPlaces(ctx context.Context) {
	if r := g.config.Risk; r.Off || len(r.GeoIP) == 0 && r.Networks == "" {
		return
	}
	g.workers.Go(func() {
		every(ctx, lookEvery, func() { g.attempt(ctx, "read the files about networks", g.risk.Reload) })
	})
}
