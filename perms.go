package gatehouse

import (
	"context"
	"fmt"
	"log/slog"
)

// How many bytes an access token may have before the log is told: the budget of a token, more
// for one that is bound to an organization, and what servers take of a header field (GEN-07,
// CON-18).
const (
	tokenBudget    = 700
	orgTokenBudget = 1000
	tokenMost      = 4096
)

// weighTokens lets tokens tell what their roles may do, where the configuration says so, and
// tells the log where they get large.
func (g *Gate) weighTokens(ctx context.Context) error {
	if !g.config.PermissionsInTokens {
		return nil
	}
	p := g.Access.Policy()
	g.Tokens.Permissions = func(roles, orgRoles []string) (list []string) {
		for _, permission := range g.Access.Policy().OfBoth(roles, orgRoles) {
			list = append(list, string(permission))
		}
		return list
	}
	everywhere := func(role string) (int, error) { return g.Tokens.Size([]string{role}, nil) }
	if err := g.weigh(ctx, p.Roles(false), tokenBudget, everywhere); err != nil {
		return err
	}
	return g.weigh(ctx, p.Roles(true), orgTokenBudget, func(role string) (int, error) { return g.Tokens.Size([]string{"user"}, []string{role}) })
}

// weigh tells the log of the role with the largest token, where it is over the budget.
func (g *Gate) weigh(ctx context.Context, roles []string, budget int, size func(role string) (int, error)) error {
	largest, of := 0, ""
	for _, role := range roles {
		n, err := size(role)
		if err != nil {
			return fmt.Errorf("weigh the token of role %s: %w", role, err)
		}
		if n > largest {
			largest, of = n, role
		}
	}
	if largest <= budget {
		return nil
	}
	level := slog.LevelWarn
	if largest > tokenMost {
		level = slog.LevelError
	}
	g.config.Logger.Log(ctx, level, "access tokens are large, because they tell permissions; leave them out, or let roles have fewer",
		"bytes", largest, "role", of, "budget", budget, "most", tokenMost)
	return nil
}
