// Package methodtest checks what every authn.Method must do, so that a new method cannot
// forget it.
package methodtest

import (
	"errors"
	"testing"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// A Case describes a method to Run. What is nil, from Late on, is not checked: not every
// method has it.
type Case struct {
	Method authn.Method
	Login  func() *authn.Login    // a login as far as it must be for the method to work
	Good   authn.Input            // an answer that the method accepts
	Bad    map[string]authn.Input // answers that it does not
	User   identity.UserID        // whom Good proves
	Once   bool                   // the method must refuse Good the second time

	// Late makes Good too old, by moving the clock, and returns what moves it back.
	Late func() (back func())
	// Elsewhere is the same method in another house over the same database: what was used up
	// here is used up there.
	Elsewhere authn.Method
	// Try answers through a Flow, with what the method accepts or with what it does not, always
	// about one user and, if the method comes second, in one sign-in under way.
	Try func(good bool) error
	// Known and Unknown are what somebody sends to Begin who has the method, and somebody whom
	// the house does not know.
	Known, Unknown *authn.Input
	// Enrollment sets the method up.
	Enrollment *Enrollment
}

// Run checks c.
func Run(t *testing.T, c Case) {
	for name, in := range c.Bad {
		t.Run("bad/"+name, func(t *testing.T) { c.refuses(t, c.Method, in) })
	}
	t.Run("bad/nothing", func(t *testing.T) { c.refuses(t, c.Method, authn.Input{}) })
	// Before "good": an answer that was used up would be refused for that alone.
	t.Run("somebody else's", c.keepsToTheUser)
	if c.Late != nil {
		t.Run("late", func(t *testing.T) {
			defer c.Late()()
			c.refuses(t, c.Method, c.Good)
		})
	}
	t.Run("good", c.accepts)
	t.Run("again", func(t *testing.T) {
		if _, err := c.Method.Finish(t.Context(), c.Login(), c.Good); c.Once != errors.Is(err, identity.ErrRejected) {
			t.Errorf("second use: %v", err)
		}
	})
	if c.Elsewhere != nil {
		t.Run("elsewhere", func(t *testing.T) { c.refuses(t, c.Elsewhere, c.Good) })
	}
	if c.Unknown != nil {
		t.Run("stranger", c.hidesStrangers)
	}
	if c.Try != nil {
		t.Run("throttled", c.throttled)
	}
	if c.Enrollment != nil {
		t.Run("enrollment", func(t *testing.T) { c.Enrollment.run(t, c.Method) })
	}
}

func (c Case) keepsToTheUser(t *testing.T) {
	l := c.Login()
	l.UserID = "usr_00000000000000000000000000"
	if proof, err := c.Method.Finish(t.Context(), l, c.Good); err == nil {
		t.Errorf("an answer of %s passed in the sign-in of another: %+v", c.User, proof)
	}
}

func (c Case) accepts(t *testing.T) {
	l := c.Login()
	proof, err := c.Method.Finish(t.Context(), l, c.Good)
	if err != nil {
		t.Fatalf("Finish: %v", err)
	}
	complete(t, c.Method, proof)
	l.About(&identity.User{ID: "usr_of_somebody_else"}) // must come too late
	if l.UserID != c.User {
		t.Errorf("it proved %q, want %q", l.UserID, c.User)
	}
	if len(l.Proofs) != 0 {
		t.Error("the method added the proof itself; that is the Flow's")
	}
}

func complete(t *testing.T, m authn.Method, proof identity.Proof) {
	t.Helper()
	if proof.Method != m.ID() || proof.Factor == 0 || proof.At.IsZero() {
		t.Errorf("incomplete proof %+v", proof)
	}
}

// refuses checks that an answer is rejected with one face, whatever the cause (BUG-21).
func (c Case) refuses(t *testing.T, m authn.Method, in authn.Input) {
	t.Helper()
	_, err := m.Finish(t.Context(), c.Login(), in)
	var e *identity.Error
	if !errors.Is(err, identity.ErrRejected) || !errors.As(err, &e) {
		t.Fatalf("Finish = %v, want ErrRejected", err)
	}
	if e.Message != identity.ErrRejected.Message || e.Kind != identity.ErrRejected.Kind || e.Fields != nil {
		t.Errorf("%+v tells why", e)
	}
	if e.Err == nil {
		t.Error("the log gets no cause")
	}
}

// patience is how many wrong answers about one user the house takes, at most: see
// authn.Limits. A sign-in under way takes five.
const patience = 10

// throttled checks that guessing ends: the Flow counts what the method rejects, and nothing
// else, so a method with another error for it can be asked for ever (RAT-01, BUG-27).
func (c Case) throttled(t *testing.T) {
	for range patience {
		if err := c.Try(false); err == nil {
			t.Fatal("a wrong answer signed in")
		}
	}
	if err := c.Try(true); !errors.Is(err, identity.ErrRateLimited) && !errors.Is(err, identity.ErrLinkExpired) {
		t.Errorf("the right answer after %d wrong ones: %v", patience, err)
	}
}
