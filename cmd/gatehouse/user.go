package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
)

type userCreate struct {
	Email         string   `required:"" help:"The address."`
	Name          string   `help:"The name."`
	Role          []string `help:"A role; may be given more than once. None means user."`
	Verified      bool     `help:"You vouch that the address is theirs."`
	PasswordStdin bool     `help:"Read the password from standard input."`
}

// longestInput is how much is read of a password or a token, in bytes.
const longestInput = 64 << 10

// Run creates the user.
func (c *userCreate) Run(ctx context.Context, p *Program, s *Settings) error {
	if !c.PasswordStdin {
		return errors.New("give the password on standard input, with --password-stdin: an argument could be read by every user of this machine")
	}
	if !c.Verified && s.Verification == "on" {
		return errors.New("an address that nobody proved cannot sign in; vouch for it with --verified, or let its owner register")
	}
	password, err := io.ReadAll(io.LimitReader(p.In, longestInput))
	if err != nil {
		return fmt.Errorf("read the password: %w", err)
	}
	return s.enter(ctx, func(ctx context.Context, h *house) error {
		u, err := h.Flow.CreateUser(ctx, account.NewUser{Email: c.Email, Verified: c.Verified, Name: c.Name, Roles: c.Role}, oneLine(password))
		if err != nil {
			return err
		}
		fmt.Fprintln(p.Out, u.ID)
		return nil
	})
}

// oneLine is text without the end of line that echo and editors add.
func oneLine(text []byte) string {
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
}

type userList struct {
	Search string `arg:"" optional:"" help:"A part of an address or a name."`
}

// Run lists the users.
func (c *userList) Run(ctx context.Context, p *Program, s *Settings) error {
	return s.visit(ctx, func(ctx context.Context, h *house) error {
		table := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tEMAIL\tNAME\tROLES\tSTATE\tCREATED")
		for q := (account.Query{Search: c.Search, Limit: 200}); ; {
			users, next, err := h.Accounts.List(ctx, q)
			if err != nil {
				return err
			}
			for _, u := range users {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", u.ID, u.Email, u.Name, strings.Join(u.Roles, ","), state(u), u.CreatedAt.Format(time.RFC3339))
			}
			if q.Cursor = next; next == "" {
				return table.Flush()
			}
		}
	})
}

func state(u identity.User) string {
	if u.State == identity.Active && !u.EmailVerified {
		return "unverified"
	}
	return string(u.State)
}

// Whom names a user.
type Whom struct {
	User string `arg:"" help:"The address or the ID of the user."`
}

// act finds the user, does something and says that it is done.
func (w Whom) act(ctx context.Context, p *Program, s *Settings, done string, do func(context.Context, *house, *identity.User) error) error {
	return s.visit(ctx, func(ctx context.Context, h *house) error {
		u, err := w.find(ctx, h.Gate)
		if err != nil {
			return err
		}
		if err := do(ctx, h, u); err != nil {
			return err
		}
		fmt.Fprintln(p.Out, u.Email, done)
		return nil
	})
}

func (w Whom) find(ctx context.Context, g *gatehouse.Gate) (u *identity.User, err error) {
	if strings.HasPrefix(w.User, "usr_") {
		u, err = g.Accounts.ByID(ctx, identity.UserID(w.User))
	} else {
		var email string
		if email, err = account.Address(w.User); err == nil {
			u, err = g.Accounts.ByEmail(ctx, email)
		}
	}
	if errors.Is(err, identity.ErrNotFound) {
		err = fmt.Errorf("there is no user %q", w.User)
	}
	return u, err
}

type userRoles struct {
	Whom  `embed:""`
	Roles []string `arg:"" optional:"" help:"The roles to have from now on, and no others."`
}

// Run shows or sets the roles.
func (c *userRoles) Run(ctx context.Context, p *Program, s *Settings) error {
	if len(c.Roles) == 0 {
		return s.visit(ctx, func(ctx context.Context, h *house) error {
			u, err := c.find(ctx, h.Gate)
			if err == nil {
				fmt.Fprintln(p.Out, strings.Join(u.Roles, " "))
			}
			return err
		})
	}
	return c.act(ctx, p, s, "has the roles "+strings.Join(c.Roles, " "), func(ctx context.Context, h *house, u *identity.User) error {
		return h.Flow.SetRoles(ctx, u.ID, c.Roles)
	})
}

type userDisable struct {
	Whom `embed:""`
}

// Run disables the user.
func (c *userDisable) Run(ctx context.Context, p *Program, s *Settings) error {
	return c.act(ctx, p, s, "is disabled and signed out everywhere", func(ctx context.Context, h *house, u *identity.User) error {
		return h.Flow.Disable(ctx, u.ID, true)
	})
}

type userEnable struct {
	Whom `embed:""`
}

// Run enables the user.
func (c *userEnable) Run(ctx context.Context, p *Program, s *Settings) error {
	return c.act(ctx, p, s, "may sign in again", func(ctx context.Context, h *house, u *identity.User) error {
		return h.Flow.Disable(ctx, u.ID, false)
	})
}

type userSignOut struct {
	Whom `embed:""`
}

// Run signs the user out everywhere.
func (c *userSignOut) Run(ctx context.Context, p *Program, s *Settings) error {
	return c.act(ctx, p, s, "is signed out everywhere", func(ctx context.Context, h *house, u *identity.User) error {
		return h.SignOut(ctx, u.ID)
	})
}
