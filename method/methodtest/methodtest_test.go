package methodtest_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/method/methodtest"
)

var broken = flag.String("broken", "", "run the suite on a method with this fault; it must fail")

// A method takes the code "good" of one user, once, rightly but for its fault.
type method struct {
	fault string
	used  bool
}

func (m *method) ID() identity.MethodID { return "code" }

func (m *method) Begin(context.Context, *authn.Login, authn.Input) (authn.Prompt, error) {
	return authn.Prompt{}, nil
}

func (m *method) Finish(_ context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	if err := m.refuse(l, in.Code); err != nil {
		return identity.Proof{}, err
	}
	m.used = m.fault != "forgets single use"
	if m.fault != "does not say whom it proved" {
		l.UserID = "usr_1"
	}
	p := identity.Proof{Method: "code", Factor: identity.Possession, At: time.Now()}
	switch m.fault {
	case "adds the proof itself":
		l.Proofs = append(l.Proofs, p)
	case "does not say what it proved":
		p.Factor = 0
	case "signs with another name":
		p.Method = "password"
	}
	return p, nil
}

func (m *method) refuse(l *authn.Login, code string) error {
	switch {
	case code == "" && m.fault == "accepts nothing at all":
		return nil
	case code != "good" && m.fault == "leaks the reason":
		e := *identity.ErrRejected.Because(errors.New("wrong"))
		e.Message = "This code is wrong."
		return &e
	case code != "good" && m.fault == "leaks the reason in a field":
		return identity.ErrRejected.Because(errors.New("wrong")).With("code", "is wrong")
	case code != "good" && m.fault == "has another answer":
		return identity.ErrNotFound
	case code != "good" && m.fault == "hides the cause from the log":
		return identity.ErrRejected
	case m.used, code != "good", l.UserID != "" && l.UserID != "usr_1" && m.fault != "proves somebody in the sign-in of another":
		return identity.ErrRejected.Because(errors.New("wrong"))
	}
	return nil
}

// TestSuite runs the suite on a good method or, in a process of its own, on a broken one.
func TestSuite(t *testing.T) {
	m := &method{fault: *broken}
	methodtest.Run(t, methodtest.Case{
		Method: m, Login: func() *authn.Login { return &authn.Login{} }, Good: authn.Input{Code: "good"}, User: "usr_1", Once: true,
		Bad: map[string]authn.Input{"wrong": {Code: "wrong"}},
	})
}

// The suite finds every fault, in the part that is there for it.
func TestSuiteFinds(t *testing.T) {
	for fault, part := range map[string]string{
		"forgets single use":                        "again",
		"leaks the reason":                          "bad/wrong",
		"leaks the reason in a field":               "bad/wrong",
		"has another answer":                        "bad/wrong",
		"hides the cause from the log":              "bad/wrong",
		"accepts nothing at all":                    "bad/nothing",
		"does not say whom it proved":               "good",
		"does not say what it proved":               "good",
		"signs with another name":                   "good",
		"adds the proof itself":                     "good",
		"proves somebody in the sign-in of another": "somebody_else",
	} {
		out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSuite$", "-broken="+fault).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "--- FAIL: TestSuite/"+part) {
			t.Errorf("a method that %s: %v\n%s", fault, err, out)
		}
	}
}
