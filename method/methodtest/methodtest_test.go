package methodtest_test

import (
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/methodtest"
)

var broken = flag.String("broken", "", "run the suite on a method with this fault; it must fail")

// TestSuite runs the suite on a good method or, in a process of its own, on a broken one.
func TestSuite(t *testing.T) {
	h := &house{}
	m := &method{house: h, fault: *broken}
	gate, err := gatehouse.New(t.Context(), gatehouse.Config{
		DB: sqldbtest.SQLite(t), PublicURL: "https://id.example.com", MasterKey: make([]byte, 32), Idle: true, Methods: []authn.Method{m},
	})
	if err != nil {
		t.Fatal(err)
	}
	methodtest.Run(t, methodtest.Case{
		Method: m, Login: func() *authn.Login { return &authn.Login{} }, Good: authn.Input{Code: "good"}, User: "usr_1", Once: true,
		Bad: map[string]authn.Input{"wrong": {Code: "wrong"}},
		Late: func() (back func()) {
			h.age += time.Hour
			return func() { h.age -= time.Hour }
		},
		Elsewhere: &method{house: h, fault: *broken},
		Known:     &authn.Input{Email: "known@example.com"}, Unknown: &authn.Input{Email: "unknown@example.com"},
		Try: func(good bool) error {
			_, err := gate.Flow.Finish(t.Context(), authn.Answer{
				Method: m.ID(), Input: authn.Input{Email: "known@example.com", Code: map[bool]string{true: "good", false: "wrong"}[good]},
			})
			return err
		},
		Enrollment: &methodtest.Enrollment{
			User:   &identity.User{ID: "usr_2"},
			Answer: func(p authn.Prompt) authn.Input { return authn.Input{Code: p.Secret.Key} },
			Bad:    map[string]authn.Input{"wrong": {Code: "wrong"}},
			Kept:   func() ([]identity.Credential, error) { return h.kept, nil },
		},
	})
}

// The suite finds every fault, in the part that is there for it.
func TestSuiteFinds(t *testing.T) {
	for fault, part := range map[string]string{
		"forgets single use":                         "again",
		"leaks the reason":                           "bad/wrong",
		"leaks the reason in a field":                "bad/wrong",
		"has another answer":                         "bad/wrong",
		"hides the cause from the log":               "bad/wrong",
		"accepts nothing at all":                     "bad/nothing",
		"does not say whom it proved":                "good",
		"does not say what it proved":                "good",
		"signs with another name":                    "good",
		"adds the proof itself":                      "good",
		"proves somebody in the sign-in of another":  "somebody_else",
		"knows no time":                              "late",
		"remembers by itself":                        "elsewhere",
		"has an answer that the Flow does not count": "throttled",
		"prompts only those it knows":                "stranger",
		"prompts strangers with less":                "stranger",
		"fails for strangers":                        "stranger",
		"sets up by any answer":                      "enrollment/bad/wrong",
		"sets up what was not begun":                 "enrollment/bad/not_begun",
		"refuses and sets up":                        "enrollment/bad/wrong",
		"stores by itself":                           "enrollment/good",
		"has nothing to keep":                        "enrollment/good",
		"keeps what cannot be found":                 "enrollment/good",
		"keeps the secret in clear":                  "enrollment/good",
		"sets up without saying what it proved":      "enrollment/good",
	} {
		out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSuite$", "-broken="+fault).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "--- FAIL: TestSuite/"+part) {
			t.Errorf("a method that %s: %v\n%s", fault, err, out)
		}
	}
}
