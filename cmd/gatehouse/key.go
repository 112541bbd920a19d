package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"
)

type keyList struct{}

// Run lists the keys.
func (keyList) Run(ctx context.Context, p *Program, s *Settings) error {
	return s.visit(ctx, func(_ context.Context, h *house) error {
		table := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tUSE\tALGORITHM\tSTATE\tCREATED\tDROPPED")
		for _, k := range h.Keys.List() {
			dropped := ""
			if !k.DropAt.IsZero() {
				dropped = k.DropAt.UTC().Format(time.RFC3339)
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Use, k.Algorithm, k.State, k.CreatedAt.UTC().Format(time.RFC3339), dropped)
		}
		return table.Flush()
	})
}

type keyRotate struct {
	Emergency bool `help:"A key was stolen: end every access and refresh token at once."`
}

// Run rotates the keys. Servers that run learn of it within seconds.
func (c *keyRotate) Run(ctx context.Context, p *Program, s *Settings) error {
	return s.visit(ctx, func(ctx context.Context, h *house) error {
		if err := h.Keys.Rotate(ctx, c.Emergency); err != nil {
			return err
		}
		if c.Emergency {
			fmt.Fprintln(p.Out, "every key that tokens rest on was replaced; running servers refuse the old tokens within five seconds")
		} else {
			fmt.Fprintln(p.Out, "the next keys are current; running servers use them within five seconds, and nobody is signed out")
		}
		return nil
	})
}
