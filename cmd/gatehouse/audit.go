package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
)

type auditVerify struct{}

// Run checks the chain of events. A chain with problems is an error.
func (auditVerify) Run(ctx context.Context, p *Program, s *Settings) error {
	return s.visit(ctx, func(ctx context.Context, h *house) error {
		report, err := h.Log.Verify(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.Out, "%d events are sealed, %d wait for it\nhead %x\n", report.Sealed, report.Unsealed, report.Head)
		if len(report.Problems) > 0 {
			return fmt.Errorf("the log was tampered with:\n  %s", strings.Join(report.Problems, "\n  "))
		}
		fmt.Fprintln(p.Out, "the chain is whole")
		return nil
	})
}

type auditList struct {
	Type    string `help:"Only events of this type."`
	Subject string `help:"Only what happened to the user with this ID."`
	Limit   int    `help:"How many; 200 at the most." default:"50"`
}

// Run lists events.
func (c *auditList) Run(ctx context.Context, p *Program, s *Settings) error {
	return s.visit(ctx, func(ctx context.Context, h *house) error {
		events, _, err := h.Log.List(ctx, audit.Query{Type: c.Type, Subject: identity.UserID(c.Subject), Limit: c.Limit})
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "SEQ\tAT\tTYPE\tACTOR\tSUBJECT\tIP\tDATA")
		for _, e := range events {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Seq, e.At.Format(time.RFC3339), e.Type, e.Actor, e.Subject, e.IP, details(e.Data))
		}
		return table.Flush()
	})
}

func details(data map[string]string) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(data)) {
		words = append(words, fmt.Sprintf("%s=%q", key, data[key]))
	}
	return strings.Join(words, " ")
}
