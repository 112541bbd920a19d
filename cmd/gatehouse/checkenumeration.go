package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

type checkEnumeration struct {
	URL    string        `arg:"" help:"Where the server is."`
	Known  string        `required:"" help:"An address that somebody has there." placeholder:"EMAIL"`
	Pairs  int           `help:"How often each endpoint is asked for the known address and for one that nobody has." default:"400"`
	Within time.Duration `help:"By how much their medians may differ; 3 percent are allowed in any case." default:"2ms"`
	Pace   time.Duration `help:"How long to wait between two requests, for a server that limits attempts."`
	JSON   bool          `help:"Print JSON."`
}

// tolerated is the part of a median that may differ in any case.
const tolerated = 0.03

// A compared endpoint is what a stranger finds out there about an address.
type compared struct {
	Endpoint   string   `json:"endpoint"`
	Known      float64  `json:"knownMs"`   // the median
	Unknown    float64  `json:"unknownMs"` // the median
	Difference float64  `json:"differenceMs"`
	Allowed    float64  `json:"allowedMs"`
	P          float64  `json:"p"`     // of the Mann-Whitney test: how likely chance alone does this
	Right      float64  `json:"right"` // how often a guess by time alone is right; 0.5: no better than a coin
	Answers    []string `json:"answers"`
	Passed     bool     `json:"passed"`
}

// A comparison is the whole report.
type comparison struct {
	URL       string     `json:"url"`
	Pairs     int        `json:"pairs"`
	Endpoints []compared `json:"endpoints"`
	Passed    bool       `json:"passed"`
}

var errEnumerable = errors.New("a stranger can tell who has an account")

// Run asks a server from outside, as a stranger would, and fails if what they see or measure tells
// a known address from an unknown one (RAT-14, BUG-21). It is for a release, on a quiet machine,
// against a server that can bear it: it sends mails to the known address, and registrations.
func (c *checkEnumeration) Run(ctx context.Context, p *Program) error {
	if c.Pairs < 1 {
		return errors.New("--pairs must be at least 1")
	}
	s, err := newStranger(c.URL, c.Known, c.Pace)
	if err != nil {
		return err
	}
	probes, err := s.probes(ctx)
	if err != nil {
		return err
	}
	report := comparison{URL: c.URL, Pairs: c.Pairs, Passed: true}
	for _, probe := range probes {
		e, err := c.compare(ctx, s, probe)
		if err != nil {
			return err
		}
		report.Endpoints = append(report.Endpoints, e)
		report.Passed = report.Passed && e.Passed
	}
	if err := c.print(p.Out, report); err != nil {
		return err
	}
	if !report.Passed {
		return errEnumerable
	}
	return nil
}

// compare asks one endpoint. Of each pair a coin decides who comes first, so that neither what came
// before nor how busy the machine is falls on one of them only.
func (c *checkEnumeration) compare(ctx context.Context, s *stranger, p probe) (compared, error) {
	e := compared{Endpoint: p.name, Answers: []string{}}
	if _, _, err := s.pair(ctx, p); err != nil { // connections and caches
		return e, err
	}
	known, unknown := make([]time.Duration, c.Pairs), make([]time.Duration, c.Pairs)
	for i := range c.Pairs {
		k, u, err := s.pair(ctx, p)
		if err != nil {
			return e, err
		}
		known[i], unknown[i] = k.took, u.took
		for _, d := range differences(k.face, u.face) {
			if len(e.Answers) < 10 && !strings.Contains("\n"+strings.Join(e.Answers, "\n")+"\n", "\n"+d+"\n") {
				e.Answers = append(e.Answers, d)
			}
		}
	}
	k, u := median(known), median(unknown)
	e.Known, e.Unknown, e.Difference = milliseconds(k), milliseconds(u), milliseconds(k-u)
	allowed := max(c.Within, time.Duration(tolerated*float64(min(k, u))))
	e.Allowed = milliseconds(allowed)
	e.P, e.Right = rankSum(known, unknown)
	e.Passed = (k-u).Abs() <= allowed && len(e.Answers) == 0
	return e, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (c *checkEnumeration) print(out io.Writer, r comparison) error {
	if c.JSON {
		pretty := json.NewEncoder(out)
		pretty.SetIndent("", "  ")
		return pretty.Encode(r)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "endpoint\tknown\tunknown\tdifference\tallowed\tp\tguessed right\t\t\n")
	for _, e := range r.Endpoints {
		fmt.Fprintf(table, "%s\t%.2f ms\t%.2f ms\t%+.2f ms\t%.2f ms\t%.3f\t%.1f %%\t%s\t\n",
			e.Endpoint, e.Known, e.Unknown, e.Difference, e.Allowed, e.P, 100*e.Right, map[bool]string{true: "pass", false: "FAIL"}[e.Passed])
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, e := range r.Endpoints {
		for _, d := range e.Answers {
			fmt.Fprintf(out, "%s: the answers differ: %s\n", e.Endpoint, d)
		}
	}
	_, err := fmt.Fprintf(out, "%d interleaved pairs each; medians may differ by %v or 3 %%\n", r.Pairs, c.Within)
	return err
}
