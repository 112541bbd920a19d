package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// A stranger asks a server about addresses, and looks at the clock.
type stranger struct {
	url    string
	known  string
	pace   time.Duration
	client *http.Client
}

func newStranger(url, known string, pace time.Duration) (*stranger, error) {
	if local, domain, ok := strings.Cut(known, "@"); !ok || local == "" || domain == "" {
		return nil, fmt.Errorf("--known %q is no address", known)
	}
	return &stranger{strings.TrimSuffix(url, "/"), known, pace, &http.Client{
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// A probe is an endpoint that is told an address.
type probe struct {
	name   string
	path   string
	body   map[string]string
	before string // what begins the sign-in that this goes on with, ""
}

// A glance is what one request showed.
type glance struct {
	took time.Duration
	face []string // status, header and body, without what differs in each answer
	body []byte
}

const wrongPassword = "a wrong phrase, seventeen" // of nobody, and long enough to be looked at

// probes are the endpoints of the server: those that it always has, and those of the methods that
// it offers.
func (s *stranger) probes(ctx context.Context) ([]probe, error) {
	g, err := s.send(ctx, http.MethodGet, "/auth/methods", nil)
	if err != nil {
		return nil, err
	}
	var offer struct{ Methods []string }
	if err := json.Unmarshal(g.body, &offer); err != nil {
		return nil, fmt.Errorf("%s/auth/methods is not of a gatehouse: %w", s.url, err)
	}
	list := []probe{
		{name: "sign-in", path: "/auth/login", body: map[string]string{"password": wrongPassword}},
		{name: "registration", path: "/auth/register", body: map[string]string{"password": wrongPassword}},
		{name: "resend", path: "/auth/verify-email/resend"},
		{name: "forgotten password", path: "/auth/forgot-password"},
	}
	for _, m := range offer.Methods {
		path := "/auth/login/" + m
		switch m {
		case "magic-link":
			list = append(list, probe{name: m, path: "/auth/magic-link"}, probe{name: m + ", step", path: path},
				probe{name: m + ", wrong code", path: path + "/finish", before: path, body: map[string]string{"code": "000000"}})
		case "email-code":
			list = append(list, probe{name: m, path: path},
				probe{name: m + ", wrong code", path: path + "/finish", before: path, body: map[string]string{"code": "000000"}})
		case "passkey", "sms":
			list = append(list, probe{name: m, path: path})
		}
	}
	return list, nil
}

// pair asks about the known address and about an unknown one of the same shape, in an order that a
// coin decides.
func (s *stranger) pair(ctx context.Context, p probe) (known, unknown glance, err error) {
	other := s.invent()
	if secret.Bytes(1)[0]&1 == 0 {
		unknown, err = s.ask(ctx, p, other)
	}
	if err == nil {
		known, err = s.ask(ctx, p, s.known)
	}
	if err == nil && unknown.face == nil {
		unknown, err = s.ask(ctx, p, other)
	}
	return known, unknown, err
}

// invent returns an address that nobody has, as long as the known one and at the same host.
func (s *stranger) invent() string {
	local, domain, _ := strings.Cut(s.known, "@")
	text := make([]byte, max(len(local), 6))
	for i, b := range secret.Bytes(len(text)) {
		text[i] = 'a' + b%26
	}
	return string(text) + "@" + domain
}

// ask tells a probe one address. Of a sign-in of two steps the second is looked at.
func (s *stranger) ask(ctx context.Context, p probe, email string) (glance, error) {
	body := map[string]string{"email": email}
	if p.before != "" {
		g, err := s.send(ctx, http.MethodPost, p.before, body)
		if err != nil {
			return g, err
		}
		var begun struct{ Login string }
		if err := json.Unmarshal(g.body, &begun); err != nil {
			return g, fmt.Errorf("POST %s: %w", p.before, err)
		}
		body = map[string]string{"login": begun.Login}
	}
	maps.Copy(body, p.body)
	g, err := s.send(ctx, http.MethodPost, p.path, body)
	g.face = faceOf(g.face, g.body, email)
	return g, err
}

var errLimited = errors.New("it limits attempts: ask a server that runs with --dev --dev-no-limits, or wait long enough between requests with --pace")

func (s *stranger) send(ctx context.Context, method, path string, body map[string]string) (g glance, err error) {
	time.Sleep(s.pace)
	text, err := json.Marshal(body)
	if err != nil {
		return g, err
	}
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(text))
	if err != nil {
		return g, err
	}
	r.Header.Set("Content-Type", "application/json")
	begin := time.Now()
	res, err := s.client.Do(r)
	if err != nil {
		return g, err
	}
	defer func() { _ = res.Body.Close() }()
	if g.body, err = io.ReadAll(io.LimitReader(res.Body, 1<<20)); err != nil {
		return g, err
	}
	g.took = time.Since(begin)
	switch res.StatusCode {
	case http.StatusTooManyRequests:
		return g, fmt.Errorf("%s %s was answered %s; %w", method, path, res.Status, errLimited)
	case http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusNotFound:
		return g, fmt.Errorf("%s %s was answered %s", method, path, res.Status)
	}
	g.face = header(res)
	return g, nil
}

// header is what an answer shows before its body: of cookies all but the value, of what counts the
// name alone.
func header(res *http.Response) []string {
	lines := []string{"status " + res.Status}
	for _, name := range slices.Sorted(maps.Keys(res.Header)) {
		switch name {
		case "Date", "X-Request-Id", "Content-Length":
		case "Ratelimit", "Retry-After":
			lines = append(lines, name)
		case "Set-Cookie":
			for _, c := range res.Cookies() {
				c.Value, c.Expires, c.RawExpires = "*", time.Time{}, ""
				lines = append(lines, name+": "+c.String())
			}
		default:
			lines = append(lines, name+": "+strings.Join(res.Header[name], ", "))
		}
	}
	return lines
}

// secrets are what differs in each answer by purpose: IDs, handles, challenges.
var secrets = regexp.MustCompile(`[A-Za-z0-9_-]{22,}`)

func faceOf(lines []string, body []byte, email string) []string {
	text := strings.ReplaceAll(string(body), email, "ADDRESS")
	return append(lines, "body "+secrets.ReplaceAllString(text, "*"))
}

// differences says which lines of two faces are not the other's.
func differences(known, unknown []string) (list []string) {
	for _, line := range known {
		if !slices.Contains(unknown, line) {
			list = append(list, "only for the known address: "+line)
		}
	}
	for _, line := range unknown {
		if !slices.Contains(known, line) {
			list = append(list, "only for unknown addresses: "+line)
		}
	}
	return list
}
