package house

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// unnoticed is what only the house counts by: nobody can find out by it.
var unnoticed = regexp.MustCompile(`^sms( hour| day| nothing|\d*$)`)

// Trace signs in by the codes of a method until nothing goes any more, and writes down all
// that comes back and all that is counted. For whoever asks, the traces of a known and of an
// unknown address must not differ (BUG-21, RAT-14).
func (h *House) Trace(m identity.MethodID, email string) string {
	var b strings.Builder
	ctx := identity.WithOrigin(h.Context(), &identity.Origin{IP: "192.0.2.1"})
	step := func(what string, out authn.Outcome, prompt authn.Prompt, err error) {
		text, _ := json.Marshal(prompt)
		if e := (*identity.Error)(nil); errors.As(err, &e) {
			what += fmt.Sprint(" ", e.Code, e.RetryAfter)
		}
		fmt.Fprintln(&b, what, len(out.Login), out.ExpiresIn, out.Next, out.SignedIn != nil, string(text), err == nil)
	}
	h.Counted = nil
	for range 8 {
		out, prompt, err := h.Begin(ctx, Answer(m, "", "browser", authn.Input{Email: email}))
		step("begin", out, prompt, err)
		login := out.Login
		out, prompt, err = h.Begin(ctx, Answer(m, login, "browser", authn.Input{Email: email}))
		step("too soon", out, prompt, err)
		h.Wait(31 * time.Second)
		out, prompt, err = h.Begin(ctx, Answer(m, login, "browser", authn.Input{}))
		step("once more", out, prompt, err)
		for range 3 {
			out, err = h.Finish(ctx, Answer(m, login, "browser", authn.Input{Code: "x"}))
			step("wrong", out, authn.Prompt{}, err)
			h.Wait(throttle.Pause(6)) // on the first rungs of the ladder the pause is over, then not
		}
	}
	for _, key := range h.Counted {
		if !unnoticed.MatchString(key) {
			fmt.Fprintln(&b, key)
		}
	}
	return strings.ReplaceAll(b.String(), email, "ADDRESS")
}

// Alike fails the test unless all traces, by address, are the same.
func (h *House) Alike(traces map[string]string) {
	h.Helper()
	for email, trace := range traces {
		if want := traces[Alice]; trace != want {
			h.Errorf("%s:\n%s\n\n%s:\n%s", email, trace, Alice, want)
		}
	}
}

// Begun begins a method for an address and returns what makes logins in that state, as
// methodtest wants them.
func (h *House) Begun(id identity.MethodID, email string) func() *authn.Login {
	h.Helper()
	m, err := h.Method(id)
	h.Must(err)
	l := &authn.Login{Data: map[identity.MethodID]json.RawMessage{}}
	_, err = m.Begin(h.Context(), l, authn.Input{Email: email})
	h.Must(err)
	return func() *authn.Login { return &authn.Login{UserID: l.UserID, Data: maps.Clone(l.Data)} }
}
