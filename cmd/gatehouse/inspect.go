package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/jose"
	"github.com/gatehouse-id/gatehouse/token"
)

type tokenInspect struct {
	Token string `arg:"" optional:"" help:"The token; better on standard input, where no other user and no history sees it."`
}

var errNotValid = errors.New("this token is not valid")

// Run says what is in a token and, where the house is, what is wrong with it. It never
// repeats the token itself, so that what it prints can be shown to others.
func (c *tokenInspect) Run(ctx context.Context, p *Program, s *Settings) error {
	text := c.Token
	if text == "" {
		input, err := io.ReadAll(io.LimitReader(p.In, longestInput))
		if err != nil {
			return fmt.Errorf("read the token: %w", err)
		}
		text = string(input)
	}
	text = strings.TrimSpace(text)
	seen, err := read(text)
	if err != nil {
		return err
	}
	seen.print(p.Out)
	if !s.exists() {
		fmt.Fprintf(p.Out, "not checked: there is no database in %s; name its folder with --data\n", s.Data)
		return nil
	}
	return s.visit(ctx, func(ctx context.Context, h *house) error { return judge(ctx, p.Out, h, text, seen) })
}

// A reading is what a token says of itself, believed by nobody.
type reading struct {
	header, claims bytes.Buffer // indented
	kid            string
	says           token.Claims
}

func read(text string) (*reading, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, errors.New("this is no access token, which has three parts; refresh tokens, session cookies and links tell nothing about themselves")
	}
	r := &reading{}
	var head struct {
		ID string `json:"kid"`
	}
	for i, part := range []struct {
		into  *bytes.Buffer
		typed any
	}{{&r.header, &head}, {&r.claims, &r.says}} {
		plain, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Indent(part.into, plain, "", "  ")
		}
		if err == nil {
			err = json.Unmarshal(plain, part.typed)
		}
		if err != nil {
			return nil, fmt.Errorf("part %d of the token cannot be read: %w", i+1, err)
		}
	}
	r.kid = head.ID
	return r, nil
}

func (r *reading) print(out io.Writer) {
	fmt.Fprintf(out, "header %s\nclaims %s\n", &r.header, &r.claims)
}

// judge compares the token with the house, question by question.
func judge(ctx context.Context, out io.Writer, h *house, text string, r *reading) error {
	good := true
	say := func(what, wrong, right string) {
		if wrong == "" {
			fmt.Fprintf(out, "%-10s ok: %s\n", what, right)
			return
		}
		good = false
		fmt.Fprintf(out, "%-10s WRONG: %s\n", what, wrong)
	}
	say("signature", signature(h, text), "it was made by our key "+r.kid)
	if h.Site().URL("") == nowhere {
		fmt.Fprintln(out, "issuer     not checked: say who should be with --public-url")
	} else {
		say("issuer", unlike(r.says.Issuer, h.Site().URL("")), r.says.Issuer)
		say("audience", unlike(r.says.Audience, h.Site().URL("")), r.says.Audience)
	}
	say("time", untimely(r.says, time.Now()), "it ends "+time.Unix(r.says.Expires, 0).UTC().Format(time.RFC3339))
	if good {
		wrong := ""
		if err := h.Tokens.Check(ctx, &r.says); err != nil {
			wrong = plain(err)
		}
		say("standing", wrong, "session, grant and user stand as it claims")
	}
	if !good {
		return errNotValid
	}
	return nil
}

// signature says why the signature does not hold, "" if it does.
func signature(h *house, text string) string {
	_, _, err := jose.Verify(text, jose.Expect{Types: []string{token.Type}, Key: h.Keys.AccessVerifier})
	switch {
	case err == nil:
		return ""
	case errors.Is(err, jose.ErrUnknownKey):
		return "no key of ours has its ID; it is of another house, or its key was dropped"
	default:
		return strings.TrimPrefix(err.Error(), "jose: ")
	}
}

func unlike(says, want string) string {
	if says == want {
		return ""
	}
	return fmt.Sprintf("it says %q, this house is %q", says, want)
}

func untimely(c token.Claims, now time.Time) string {
	expires, issued := time.Unix(c.Expires, 0), time.Unix(c.IssuedAt, 0)
	switch {
	case !now.Before(expires):
		return fmt.Sprintf("it expired %s ago", now.Sub(expires).Round(time.Second))
	case issued.After(now.Add(time.Minute)):
		return fmt.Sprintf("it is issued %s from now; compare the clocks", issued.Sub(now).Round(time.Second))
	default:
		return ""
	}
}
