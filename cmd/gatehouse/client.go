package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/gatehouse-id/gatehouse/client"
	"github.com/gatehouse-id/gatehouse/identity"
)

type clientCreate struct {
	Name  string   `required:"" help:"What people call it."`
	Role  []string `help:"A role; may be given more than once."`
	Scope []string `help:"What it is limited to; may be given more than once. None means that it may do nothing."`
	URI   string   `help:"The name in its certificates: spiffe://example.com/billing."`
}

// Run creates the client and shows its secret, once.
func (c *clientCreate) Run(ctx context.Context, p *Program, s *Settings) error {
	return s.enter(ctx, func(ctx context.Context, h *house) error {
		made, secret, err := h.Clients.Create(ctx, client.New{Name: c.Name, Roles: c.Role, Scopes: c.Scope, URI: c.URI})
		if err != nil {
			return err
		}
		p.showSecret(made.ID, secret)
		return nil
	})
}

// showSecret says what nobody can be told again.
func (p *Program) showSecret(id identity.ClientID, secret string) {
	fmt.Fprintf(p.Out, "client_id %s\nclient_secret %s\n", id, secret)
	fmt.Fprintln(p.Err, "Keep the secret now: it is stored nowhere and cannot be shown again.")
}

type clientList struct{}

// Run lists the clients.
func (clientList) Run(ctx context.Context, p *Program, s *Settings) error {
	return s.visit(ctx, func(ctx context.Context, h *house) error {
		table := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tNAME\tROLES\tSCOPES\tURI\tSTATE\tCREATED\tUSED")
		for cursor := ""; ; {
			list, next, err := h.Clients.List(ctx, cursor, 200)
			if err != nil {
				return err
			}
			for _, c := range list {
				used := "never"
				if !c.UsedAt.IsZero() {
					used = c.UsedAt.Format(time.RFC3339)
				}
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.ID, c.Name, strings.Join(c.Roles, ","), strings.Join(c.Scopes, ","), c.URI,
					c.State, c.CreatedAt.Format(time.RFC3339), used)
			}
			if cursor = next; next == "" {
				return table.Flush()
			}
		}
	})
}

// Which names a client.
type Which struct {
	Client identity.ClientID `arg:"" help:"The ID of the client."`
}

// act does something to the client and says that it is done.
func (w Which) act(ctx context.Context, p *Program, s *Settings, done string, do func(context.Context, *house) error) error {
	return s.visit(ctx, func(ctx context.Context, h *house) error {
		err := do(ctx, h)
		if errors.Is(err, identity.ErrNotFound) {
			return fmt.Errorf("there is no client %q", w.Client)
		}
		if err == nil && done != "" {
			fmt.Fprintln(p.Out, w.Client, done)
		}
		return err
	})
}

type clientRotate struct {
	Which   `embed:""`
	Overlap time.Duration `help:"How long the old secret stays good. None: it ends at once, and the client's tokens with it."`
}

// Run gives the client another secret and shows it, once.
func (c *clientRotate) Run(ctx context.Context, p *Program, s *Settings) error {
	return c.act(ctx, p, s, "", func(ctx context.Context, h *house) error {
		secret, err := h.Clients.Rotate(ctx, c.Client, c.Overlap)
		if err == nil {
			p.showSecret(c.Client, secret)
		}
		return err
	})
}

type clientDisable struct {
	Which `embed:""`
}

// Run disables the client.
func (c *clientDisable) Run(ctx context.Context, p *Program, s *Settings) error {
	return c.act(ctx, p, s, "is disabled, and its tokens are refused", func(ctx context.Context, h *house) error {
		return h.Clients.SetState(ctx, c.Client, identity.Disabled)
	})
}

type clientEnable struct {
	Which `embed:""`
}

// Run enables the client.
func (c *clientEnable) Run(ctx context.Context, p *Program, s *Settings) error {
	return c.act(ctx, p, s, "is let in again", func(ctx context.Context, h *house) error {
		return h.Clients.SetState(ctx, c.Client, identity.Active)
	})
}

type clientDelete struct {
	Which `embed:""`
}

// Run deletes the client.
func (c *clientDelete) Run(ctx context.Context, p *Program, s *Settings) error {
	return c.act(ctx, p, s, "is deleted, and its tokens are refused", func(ctx context.Context, h *house) error {
		return h.Clients.Delete(ctx, c.Client)
	})
}
