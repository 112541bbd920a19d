package main

import (
	"context"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/password"
)

type passwordCalibrate struct {
	Target time.Duration `help:"How long a hash may take, 100ms to 300ms." default:"200ms"`
}

// Run measures for a few seconds and prints the setting.
func (c *passwordCalibrate) Run(ctx context.Context, p *Program) error {
	cost, took, err := password.Calibrate(ctx, c.Target)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Out, "# one hash takes %d ms on this machine\npassword:\n  hash: %s\n", took.Milliseconds(), cost)
	return nil
}
