package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

type policyExplain struct {
	PolicyFile   `embed:""`
	Permission   policy.Permission `required:"" help:"What is to be done: posts:delete."`
	As           []string          `help:"Whom to ask for: user:ADDRESS or user:ID of the house in --data, role:NAME, organization-role:NAME. May be given more than once. None: one of each role." placeholder:"WHO"`
	Users        bool              `help:"Ask for every user of the house in --data."`
	Type         string            `help:"The type of the resource."`
	ID           string            `name:"id" help:"Its ID."`
	Owner        string            `help:"The ID of its owner."`
	Own          bool              `help:"It is owned by whoever asks."`
	Organization string            `help:"The organization that it belongs to."`
	Attr         map[string]string `help:"An attribute: locked=true. May be given more than once." placeholder:"NAME=VALUE"`
	At           time.Time         `help:"When it is asked, as 2026-01-02T15:04:05Z. None: now." placeholder:"TIME"`
	IP           string            `name:"ip" help:"The address that it is asked from."`
	Posture      string            `help:"How the device is kept: managed or unmanaged."`
}

// Run prints the decision for each, with its reason.
func (c *policyExplain) Run(ctx context.Context, p *Program, s *Settings) error {
	compiled, _, err := compilePolicy(c.File)
	if err != nil {
		return err
	}
	on, err := c.resource(compiled)
	if err != nil {
		return err
	}
	who, err := c.who(ctx, s, compiled)
	if err != nil {
		return err
	}
	about := policy.Context{Now: c.At, IP: c.IP, Posture: c.Posture}
	if c.At.IsZero() {
		about.Now = time.Now()
	}
	fmt.Fprintf(p.Out, "%s on %s\n", c.Permission, c.called(on))
	for _, one := range who {
		r := policy.Request{Principal: &one.Principal, Permission: c.Permission, Resource: on, Context: about}
		if c.Own && on != nil {
			mine := *on
			mine.Owner, r.Resource = one.Principal.UserID, &mine
		}
		explain(p.Out, one.Name, compiled.Explain(r))
	}
	return nil
}

// called is what the answer calls the resource.
func (c *policyExplain) called(on *policy.Resource) string {
	if c.Own {
		return on.String() + " of their own"
	}
	return on.String()
}

func explain(out io.Writer, who string, e policy.Explanation) {
	answer := "no"
	if e.Allow {
		answer = "yes"
	}
	fmt.Fprintf(out, "\n%s: %s, %s\n", who, answer, e.Reason)
	if e.Any != nil {
		fmt.Fprintln(out, "  yes, if one of these were true:")
		for _, line := range e.Any {
			fmt.Fprintln(out, "    -", line)
		}
	}
	if e.All != nil {
		also := "yes, if all of this were true:"
		if e.Any != nil {
			also = "and, besides:"
		}
		fmt.Fprintln(out, " ", also)
		for _, line := range e.All {
			fmt.Fprintln(out, "    -", line)
		}
	}
}

// resource is what the flags say of it; nil where they say nothing.
func (c *policyExplain) resource(compiled *policy.Policy) (*policy.Resource, error) {
	said := map[string]string{}
	for name, v := range c.Attr {
		said[name] = v
	}
	for name, v := range map[string]string{"type": c.Type, "id": c.ID, "owner": c.Owner, "organization": c.Organization} {
		if v != "" {
			said[name] = v
		}
	}
	if len(said) == 0 && !c.Own {
		return nil, nil
	}
	return compiled.Resource(said)
}

// who are whom the flags name.
func (c *policyExplain) who(ctx context.Context, s *Settings, compiled *policy.Policy) (list []policy.Who, err error) {
	switch {
	case c.Users:
		return s.users(ctx)
	case c.As == nil:
		return policy.Subjects(compiled, compiled), nil
	}
	for _, as := range c.As {
		who, err := c.whom(ctx, s, compiled, as)
		if err != nil {
			return nil, err
		}
		list = append(list, who...)
	}
	return list, nil
}

// whom are those that one --as names.
func (c *policyExplain) whom(ctx context.Context, s *Settings, compiled *policy.Policy, as string) (list []policy.Who, err error) {
	switch kind, name, _ := strings.Cut(as, ":"); kind {
	case "role":
		who := identity.Principal{UserID: policy.Somebody, Roles: []string{name}}
		return []policy.Who{{Name: "role " + name, Principal: who}}, compiled.Known(who.Roles, false)
	case "organization-role":
		who := identity.Principal{UserID: policy.Somebody, TenantID: identity.TenantID(c.Organization), TenantRoles: []string{name}}
		return []policy.Who{{Name: "organization role " + name, Principal: who}}, compiled.Known(who.TenantRoles, true)
	case "user":
		err = s.visit(ctx, func(ctx context.Context, h *house) error {
			u, err := Whom{name}.find(ctx, h.Gate)
			if err != nil {
				return err
			}
			if u.State != identity.Active {
				return fmt.Errorf("%s is disabled, and may do nothing", u.Email)
			}
			list, err = h.as(ctx, *u)
			return err
		})
		return list, err
	default:
		return nil, fmt.Errorf("--as %s: name user:ADDRESS, role:NAME or organization-role:NAME", as)
	}
}
