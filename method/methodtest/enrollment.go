package methodtest

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// An Enrollment describes how a person sets a method up, which is an authn.Enroller.
type Enrollment struct {
	User   *identity.User                        // somebody who has not
	Begin  authn.Input                           // what they send first
	Answer func(p authn.Prompt) authn.Input      // what they answer
	Bad    map[string]authn.Input                // answers that are not accepted
	Kept   func() ([]identity.Credential, error) // what the house has of User's
}

func (e *Enrollment) run(t *testing.T, m authn.Method) {
	enroller, ok := m.(authn.Enroller)
	if !ok {
		t.Fatalf("%s is no Enroller", m.ID())
	}
	begun := &authn.Enrollment{User: e.User}
	prompt, err := enroller.BeginEnroll(t.Context(), begun, e.Begin)
	if err != nil {
		t.Fatalf("BeginEnroll: %v", err)
	}
	for name, in := range e.Bad {
		t.Run("bad/"+name, func(t *testing.T) { e.refuses(t, enroller, *begun, in) })
	}
	if _, atOnce := m.(authn.AtOnce); !atOnce || begun.Data != nil {
		t.Run("bad/not begun", func(t *testing.T) {
			e.refuses(t, enroller, authn.Enrollment{User: e.User}, e.Answer(prompt))
		})
	}
	t.Run("good", func(t *testing.T) {
		done, err := enroller.FinishEnroll(t.Context(), begun, e.Answer(prompt))
		if err != nil {
			t.Fatalf("FinishEnroll: %v", err)
		}
		e.judge(t, m, done)
		e.sealed(t, prompt, begun, done)
		e.nothing(t)
	})
}

// judge checks what is to be kept.
func (e *Enrollment) judge(t *testing.T, m authn.Method, done authn.Enrolled) {
	if len(done.Credentials) == 0 {
		t.Error("there is nothing to keep")
	}
	seen := map[string]bool{}
	for _, c := range done.Credentials {
		if c.Lookup == "" || seen[c.Lookup] {
			t.Errorf("Lookup %q finds nothing, or two credentials", c.Lookup)
		}
		seen[c.Lookup] = true
	}
	if done.Proof != (identity.Proof{}) {
		complete(t, m, done.Proof)
	}
}

// sealed checks that no secret that the person was shown can be read in the database (MFA-05).
func (e *Enrollment) sealed(t *testing.T, prompt authn.Prompt, begun *authn.Enrollment, done authn.Enrolled) {
	secrets := done.Codes
	if prompt.Secret != nil {
		secrets = append(secrets, prompt.Secret.Key)
	}
	kept := [][]byte{begun.Data}
	for _, c := range done.Credentials {
		kept = append(kept, []byte(c.Lookup), c.Data)
	}
	text := string(bytes.Join(kept, nil))
	for _, secret := range secrets {
		if strings.Contains(text, secret) || strings.Contains(text, strings.ReplaceAll(secret, "-", "")) {
			t.Error("what the person was shown is kept in clear")
		}
	}
}

// refuses checks that a bad answer sets nothing up.
func (e *Enrollment) refuses(t *testing.T, m authn.Enroller, begun authn.Enrollment, in authn.Input) {
	done, err := m.FinishEnroll(t.Context(), &begun, in)
	if !errors.Is(err, identity.ErrRejected) && !errors.Is(err, identity.ErrInvalid) {
		t.Errorf("FinishEnroll = %v, want ErrRejected or ErrInvalid", err)
	}
	if len(done.Credentials) > 0 || len(done.Codes) > 0 || !done.Proof.At.IsZero() {
		t.Errorf("a bad answer set up %+v", done)
	}
	e.nothing(t)
}

// nothing checks that the method stores nothing by itself: that is the Flow's, together with
// the event and the notice.
func (e *Enrollment) nothing(t *testing.T) {
	t.Helper()
	if kept, err := e.Kept(); err != nil || len(kept) > 0 {
		t.Errorf("the method stored %d credentials itself, %v", len(kept), err)
	}
}
