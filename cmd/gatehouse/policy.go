package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// policyCommands are those on a file, which need no house, and those on what a house decides by.
type policyCommands struct {
	Check   policyCheck   `cmd:"" help:"Say whether a file makes sense, and what it has."`
	Test    policyTest    `cmd:"" help:"Run the tests of a file."`
	Diff    policyDiff    `cmd:"" help:"Say who gains and who loses what by a change."`
	Explain policyExplain `cmd:"" help:"Say who may do something and why, and what would have to be true."`
	Schema  policySchema  `cmd:"" help:"Print the Cedar schema that the conditions of a file are judged by."`
	Show    policyShow    `cmd:"" help:"Print the policy in force."`
	Apply   policyApply   `cmd:"" help:"Put a file in force, at once and on every server."`
	Shadow  policyShadow  `cmd:"" help:"Let servers note what a file would have decided, beside the policy in force."`
}

// PolicyFile names a policy.
type PolicyFile struct {
	File string `arg:"" help:"The file of the policy."`
}

type policyCheck struct {
	PolicyFile `embed:""`
}

// Run checks the file.
func (c *policyCheck) Run(p *Program) error {
	compiled, _, err := compilePolicy(c.File)
	if err != nil {
		return err
	}
	f := compiled.File()
	fmt.Fprintf(p.Out, "%s makes sense. Permissions: %d, roles: %d, roles in organizations: %d, types of resources: %d, tests: %d\n", c.File,
		len(compiled.Permissions()), len(compiled.Roles(false)), len(compiled.Roles(true)), len(f.Resources), len(f.Tests))
	return nil
}

type policyTest struct {
	PolicyFile `embed:""`
}

// Run runs the tests of the file. Where one fails the command does.
func (c *policyTest) Run(p *Program) error {
	compiled, _, err := compilePolicy(c.File)
	if err != nil {
		return err
	}
	if err := passes(p.Out, c.File, compiled); err != nil {
		return err
	}
	fmt.Fprintln(p.Out, "tests passed:", len(compiled.File().Tests))
	return nil
}

// passes runs the tests of a policy and prints those that fail.
func passes(out io.Writer, file string, compiled *policy.Policy) error {
	failed := compiled.Test()
	for _, f := range failed {
		fmt.Fprintf(out, "%s:%d: %s: want %s, got %s: %s\n", file, f.Line, f.Name, f.Want, f.Got, f.Reason)
	}
	if failed != nil {
		return fmt.Errorf("%d of %d tests failed", len(failed), len(compiled.File().Tests))
	}
	return nil
}

type policyDiff struct {
	Old      string `arg:"" help:"The file of the policy before."`
	New      string `arg:"" help:"The file of the policy after."`
	Users    bool   `help:"Compare for the users of the house in --data, not for one of each role."`
	ExitCode bool   `help:"Fail where anything differs."`
}

var errDiffer = errors.New("the policies differ")

// Run prints what differs.
func (c *policyDiff) Run(ctx context.Context, p *Program, s *Settings) error {
	before, _, err := compilePolicy(c.Old)
	if err != nil {
		return err
	}
	after, _, err := compilePolicy(c.New)
	if err != nil {
		return err
	}
	who := policy.Subjects(before, after)
	if c.Users {
		if who, err = s.users(ctx); err != nil {
			return err
		}
	}
	changes := policy.Diff(before, after, who)
	table := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	for _, change := range changes {
		fmt.Fprintln(table, change)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if changes != nil && c.ExitCode {
		return errDiffer
	}
	if changes == nil {
		fmt.Fprintf(p.Out, "nobody gains or loses anything, of %d asked for\n", len(who))
	}
	return nil
}

// users are the active users of the house as those whom policies are asked about.
func (s *Settings) users(ctx context.Context) (list []policy.Who, err error) {
	err = s.visit(ctx, func(ctx context.Context, h *house) error {
		for q := (account.Query{Limit: 200}); ; {
			users, next, err := h.Accounts.List(ctx, q)
			if err != nil {
				return err
			}
			for _, u := range users {
				if u.State != identity.Active {
					continue
				}
				as, err := h.as(ctx, u)
				if err != nil {
					return err
				}
				list = append(list, as...)
			}
			if q.Cursor = next; next == "" {
				return nil
			}
		}
	})
	return list, err
}

// as is a user as they are outside organizations, and as they are in each of theirs.
func (h *house) as(ctx context.Context, u identity.User) ([]policy.Who, error) {
	list := []policy.Who{{Name: u.Email, Principal: identity.Principal{UserID: u.ID, Roles: u.Roles}}}
	memberships, err := h.Access.Of(ctx, u.ID)
	for _, m := range memberships {
		list = append(list, policy.Who{
			Name:      u.Email + " in " + string(m.Org.ID),
			Principal: identity.Principal{UserID: u.ID, Roles: u.Roles, TenantID: m.Org.ID, TenantRoles: m.Roles},
		})
	}
	return list, err
}

type policySchema struct {
	PolicyFile `embed:""`
}

// Run prints the schema.
func (c *policySchema) Run(p *Program) error {
	compiled, _, err := compilePolicy(c.File)
	if err == nil {
		fmt.Fprint(p.Out, strings.TrimPrefix(compiled.Schema(), "\n"))
	}
	return err
}

type policyShow struct{}

// Run prints the policy in force, and says to the person where it comes from.
func (policyShow) Run(ctx context.Context, p *Program, s *Settings) error {
	return s.visit(ctx, func(ctx context.Context, h *house) error {
		stored, source, err := h.Access.InForce(ctx)
		if err != nil {
			return err
		}
		fmt.Fprint(p.Out, stored.Text)
		fmt.Fprintln(p.Err, "the policy in force is that of the", source, stored.ID)
		return nil
	})
}

type policyApply struct {
	PolicyFile `embed:""`
}

// byCommand is what the log calls whoever may read the master key.
const byCommand = "command"

// Run puts the file in force, if its tests pass.
func (c *policyApply) Run(ctx context.Context, p *Program, s *Settings) error {
	compiled, text, err := compilePolicy(c.File)
	if err != nil {
		return err
	}
	if err := passes(p.Err, c.File, compiled); err != nil {
		return err
	}
	return s.visit(ctx, func(ctx context.Context, h *house) error {
		stored, err := h.Access.Apply(ctx, string(text), byCommand)
		if err != nil {
			return err
		}
		fmt.Fprintln(p.Out, stored.ID, "is in force; running servers decide by it within a second")
		return nil
	})
}

type policyShadow struct {
	File string `arg:"" optional:"" help:"The file of the policy."`
	Off  bool   `help:"End it."`
}

// Run puts the file in shadow, or ends it.
func (c *policyShadow) Run(ctx context.Context, p *Program, s *Settings) error {
	if c.Off == (c.File != "") {
		return errors.New("name a file, or end it with --off")
	}
	if c.Off {
		return s.visit(ctx, func(ctx context.Context, h *house) error {
			err := h.Access.ClearShadow(ctx, byCommand)
			if errors.Is(err, identity.ErrNotFound) {
				return errors.New("no policy is in shadow")
			}
			if err == nil {
				fmt.Fprintln(p.Out, "no policy is in shadow any more")
			}
			return err
		})
	}
	_, text, err := compilePolicy(c.File)
	if err != nil {
		return err
	}
	return s.visit(ctx, func(ctx context.Context, h *house) error {
		stored, err := h.Access.SetShadow(ctx, string(text), byCommand)
		if err != nil {
			return err
		}
		fmt.Fprintln(p.Out, stored.ID, "is in shadow; running servers note what it would have decided otherwise")
		return nil
	})
}
