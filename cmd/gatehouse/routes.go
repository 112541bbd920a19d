package main

import (
	"context"
	"errors"
	"fmt"
	"os"
)

type routesCommand struct{}

// Run prints every route. The list needs no house, so one is built in a folder of its own.
func (routesCommand) Run(ctx context.Context, p *Program) (err error) {
	folder, err := os.MkdirTemp("", "gatehouse")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	s := Settings{Data: folder, Password: Passwords{Hash: "m=65536,t=3,p=1"}}
	return s.enter(ctx, func(_ context.Context, h *house) error {
		_, err := fmt.Fprint(p.Out, h.RouteList())
		return err
	})
}
