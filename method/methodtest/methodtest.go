// Package methodtest checks what every authn.Method must do, so that a new method cannot
// forget it.
package methodtest

import (
	"errors"
	"testing"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// A Case describes a method to Run.
type Case struct {
	Method authn.Method
	Login  func() *authn.Login    // a login as far as it must be for the method to work
	Good   authn.Input            // an answer that the method accepts
	Bad    map[string]authn.Input // answers that it does not
	User   identity.UserID        // whom Good proves
	Once   bool                   // the method must refuse Good the second time
}

// Run checks c.
func Run(t *testing.T, c Case) {
	for name, in := range c.Bad {
		t.Run("bad/"+name, func(t *testing.T) { c.refuses(t, in) })
	}
	t.Run("bad/nothing", func(t *testing.T) { c.refuses(t, authn.Input{}) })
	// Before "good": an answer that was used up would be refused for that alone.
	t.Run("somebody else's", func(t *testing.T) {
		l := c.Login()
		l.UserID = "usr_00000000000000000000000000"
		if proof, err := c.Method.Finish(t.Context(), l, c.Good); err == nil {
			t.Errorf("an answer of %s passed in the sign-in of another: %+v", c.User, proof)
		}
	})
	t.Run("good", func(t *testing.T) {
		l := c.Login()
		proof, err := c.Method.Finish(t.Context(), l, c.Good)
		if err != nil {
			t.Fatalf("Finish: %v", err)
		}
		if proof.Method != c.Method.ID() || proof.Factor == 0 || proof.At.IsZero() {
			t.Errorf("incomplete proof %+v", proof)
		}
		l.About(&identity.User{ID: "usr_of_somebody_else"}) // must come too late
		if l.UserID != c.User {
			t.Errorf("it proved %q, want %q", l.UserID, c.User)
		}
		if len(l.Proofs) != 0 {
			t.Error("the method added the proof itself; that is the Flow's")
		}
	})
	t.Run("again", func(t *testing.T) {
		if _, err := c.Method.Finish(t.Context(), c.Login(), c.Good); c.Once != errors.Is(err, identity.ErrRejected) {
			t.Errorf("second use: %v", err)
		}
	})
}

// refuses checks that an answer is rejected with one face, whatever the cause (BUG-21).
func (c Case) refuses(t *testing.T, in authn.Input) {
	_, err := c.Method.Finish(t.Context(), c.Login(), in)
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
