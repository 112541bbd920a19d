package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/keyring"
)

type explainCommand struct {
	ID   identity.RequestID `arg:"" help:"The ID of the request, req_…: the answer had it, in its body and as X-Request-Id."`
	JSON bool               `help:"Print JSON."`
}

// Run says why a request was refused, and what would have passed. It asks the log, which has the
// denials of those who were authenticated, and else the server, which remembers strangers too.
func (c *explainCommand) Run(ctx context.Context, p *Program, s *Settings) error {
	if _, ok := identity.Made(c.ID); !ok || !strings.HasPrefix(string(c.ID), "req_") {
		return fmt.Errorf("%q is not the ID of a request: req_ and 26 letters and digits", string(c.ID))
	}
	return s.visit(ctx, func(ctx context.Context, h *house) error {
		e, err := h.Explain(ctx, c.ID)
		if errors.Is(err, identity.ErrNotFound) {
			e, err = s.askServer(ctx, h, c.ID)
		}
		if err != nil {
			return err
		}
		if c.JSON {
			pretty := json.NewEncoder(p.Out)
			pretty.SetIndent("", "  ")
			return pretty.Encode(e)
		}
		return printExplanation(p.Out, e)
	})
}

func printExplanation(out io.Writer, e guard.Explanation) error {
	fmt.Fprintf(out, "%s was refused at step %s: %s\n", e.RequestID, e.Step, e.Code)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	who := "a stranger"
	if e.Caller != "" {
		who = e.Caller + " by " + string(e.Scheme) + ", " + listed("role", e.Roles)
		if e.Scopes != nil {
			who += ", " + listed("scope", e.Scopes)
		}
	}
	for _, row := range [][2]string{
		{"at", e.At.Format(time.RFC3339)}, {"route", e.Route}, {"caller", who}, {"demand", e.Demand}, {"reason", e.Reason},
	} {
		fmt.Fprintf(table, "  %s\t%s\n", row[0], row[1])
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "would have passed\n  %s\n", strings.Join(e.Passes, "\n  "))
	return err
}

func listed(what string, names []string) string {
	switch len(names) {
	case 0:
		return "no " + what
	case 1:
		return what + " " + names[0]
	default:
		return what + "s " + strings.Join(names, ", ")
	}
}

// askServer asks the server that runs on the same house, at the address of its metrics.
func (s *Settings) askServer(ctx context.Context, h *house, id identity.RequestID) (e guard.Explanation, err error) {
	unknown := fmt.Errorf("nothing is known of %s: it was let in, or it is one of many of the same caller in a minute, or too long ago", id)
	if s.MetricsListen == "" {
		return e, fmt.Errorf("%w; no server was asked, for it has no --metrics-listen", unknown)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+reachable(s.MetricsListen)+"/explain/"+string(id), nil)
	if err != nil {
		return e, err
	}
	proof, err := proofOfKey(h.Keys, id, time.Now())
	if err != nil {
		return e, err
	}
	r.Header.Set("Authorization", proof)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return e, fmt.Errorf("%w; the server does not answer, name its address with --metrics-listen: %w", unknown, err)
	}
	defer func() { _ = res.Body.Close() }()
	switch res.StatusCode {
	case http.StatusOK:
		return e, json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&e)
	case http.StatusNotFound:
		return e, unknown
	default:
		return e, fmt.Errorf("%w; the server at %s answers %s: is it of this house?", unknown, s.MetricsListen, res.Status)
	}
}

// reachable is where to find who listens on an address: on this machine, if it is all of them.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = ""
	}
	return net.JoinHostPort(cmp.Or(host, "localhost"), port)
}

// proofAge is how long a proof of the key counts.
const proofAge = time.Minute

// proofOfKey proves that whoever asks holds the master key: only with it can the time be sealed
// for the request that is asked about.
func proofOfKey(keys *keyring.Ring, id identity.RequestID, now time.Time) (string, error) {
	sealed, err := keys.Seal([]byte(now.UTC().Format(time.RFC3339Nano)), "explain/"+string(id))
	return "Gatehouse " + base64.RawURLEncoding.EncodeToString(sealed), err
}

// proves reports whether a proof is of our key, for this request, and new. Threat: whoever can
// reach the metrics would read who may do what, and which resources exist. One who listens in can
// ask the same again for a minute, and learns what the answer told already.
func proves(keys *keyring.Ring, id identity.RequestID, proof string, now time.Time) bool {
	text, ours := strings.CutPrefix(proof, "Gatehouse ")
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if !ours || err != nil {
		return false
	}
	plain, err := keys.OpenSealed(sealed, "explain/"+string(id))
	if err != nil {
		return false
	}
	at, err := time.Parse(time.RFC3339Nano, string(plain))
	return err == nil && now.Sub(at).Abs() <= proofAge
}

// explainer answers the command.
func explainer(gate *gatehouse.Gate) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := identity.RequestID(r.PathValue("id"))
		if !proves(gate.Keys, id, r.Header.Get("Authorization"), time.Now()) {
			w.Header().Set("WWW-Authenticate", "Gatehouse")
			http.Error(w, "only for who holds the master key", http.StatusUnauthorized)
			return
		}
		e, err := gate.Explain(r.Context(), id)
		switch {
		case errors.Is(err, identity.ErrNotFound):
			http.Error(w, "nothing is known of this request", http.StatusNotFound)
		case err != nil:
			http.Error(w, "the log does not answer", http.StatusServiceUnavailable)
		default:
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(e) // the client is gone, or has it
		}
	}
}
