package schemetest_test

import (
	"flag"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/scheme/schemetest"
)

var broken = flag.String("broken", "", "run the suite on a scheme with this fault; it must fail")

// A scheme reads a secret from a cookie, rightly but for its fault.
type scheme struct {
	fault string
	ended bool
}

func (s *scheme) Authenticate(r *http.Request) (*identity.Principal, error) {
	beside := r.Header.Get("Authorization") != "" || r.Header.Get("X-Api-Key") != ""
	if beside && s.fault != "reads a cookie beside Authorization" {
		return nil, nil
	}
	c, err := r.Cookie("key")
	switch {
	case err != nil && s.fault == "refuses what it does not know":
		return nil, identity.ErrNoCredentials
	case err != nil:
		return nil, nil
	case c.Value != "good" && s.fault == "falls through", s.ended && s.fault == "forgets that it fell through":
		return nil, nil
	case c.Value != "good" && s.fault == "tells of an outage":
		return nil, identity.ErrUnavailable
	case c.Value != "good", s.ended && s.fault != "is never over":
		return nil, identity.ErrInvalidToken
	}
	return &identity.Principal{Scheme: "test", UserID: "usr_1", Cookie: s.fault != "forgets that it is a cookie"}, nil
}

func run(t *testing.T, fault string) {
	s := &scheme{fault: fault}
	with := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "key", Value: value}) }
	}
	schemetest.Run(t, schemetest.Case{
		Scheme: s, Good: with("good"), User: "usr_1", Cookie: true, Revoke: func() { s.ended = true },
		Bad: map[string]func(*http.Request){"wrong": with("wrong")},
	})
}

// TestSuite runs the suite on a good scheme or, in a process of its own, on a broken one.
func TestSuite(t *testing.T) { run(t, *broken) }

// The suite finds every fault, in the part that is there for it.
func TestSuiteFinds(t *testing.T) {
	for fault, part := range map[string]string{
		"reads a cookie beside Authorization": "other_credential",
		"refuses what it does not know":       "none",
		"falls through":                       "bad/wrong",
		"forgets that it fell through":        "revoked",
		"tells of an outage":                  "bad/wrong",
		"is never over":                       "revoked",
		"forgets that it is a cookie":         "good",
	} {
		out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSuite$", "-broken="+fault).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "--- FAIL: TestSuite/"+part) {
			t.Errorf("a scheme that %s: %v\n%s", fault, err, out)
		}
	}
}
