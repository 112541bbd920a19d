package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gatehouse-id/gatehouse/policy"
)

type genTypes struct {
	Out string `help:"The file to write; empty for the standard output." placeholder:"FILE" type:"path"`
}

// Run writes the roles and permissions of a policy as types, so that a misspelt one is an error of
// the compiler: those of the file of --policy, else those in force.
func (c *genTypes) Run(ctx context.Context, p *Program, s *Settings) error {
	compiled, err := s.vocabulary(ctx)
	if err != nil {
		return err
	}
	text := typeScript(compiled)
	if c.Out == "" {
		fmt.Fprint(p.Out, text)
		return nil
	}
	return os.WriteFile(c.Out, []byte(text), 0o644) //nolint:gosec // source text, which everybody may read
}

// vocabulary is the policy whose names are wanted.
func (s *Settings) vocabulary(ctx context.Context) (compiled *policy.Policy, err error) {
	if s.Policy != "" {
		compiled, _, err = compilePolicy(s.Policy)
		return compiled, err
	}
	err = s.visit(ctx, func(_ context.Context, h *house) error {
		compiled = h.Access.Policy()
		return nil
	})
	return compiled, err
}

// typeScript is the type argument of createAuth and createClient. The permissions are those of the
// registry and, where a role has one only for what is one's own, that spelling too.
func typeScript(p *policy.Policy) string {
	var b strings.Builder
	b.WriteString("// Made by gatehouse gen types from the policy; change that, and make it anew.\n\n")
	b.WriteString("/** The roles and permissions of this application. */\nexport type App = {\n")
	union(&b, "role", p.Roles(false))
	told := p.Permissions()
	for _, org := range []bool{false, true} {
		for _, role := range p.Roles(org) {
			if org {
				told = append(told, p.OfOrganization([]string{role})...)
			} else {
				told = append(told, p.Of([]string{role})...)
			}
		}
	}
	union(&b, "permission", told)
	b.WriteString("}\n")
	return b.String()
}

// union writes a member whose value is one of some names. Names are of letters, digits and a few
// marks, so none needs to be escaped.
func union[Name ~string](b *strings.Builder, member string, names []Name) {
	fmt.Fprintf(b, "\t%s:\n", member)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		fmt.Fprintf(b, "\t\t| '%s'\n", name)
	}
}
