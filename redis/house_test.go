package redis_test

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// two opens two machines of one house.
func two(t *testing.T, option func(*gatehouse.Config)) (a, b *house.House) {
	t.Helper()
	db := sqldbtest.Postgres(t)
	return house.Open(t, db, option), house.Open(t, db, option)
}

// failures fails at one machine after the other until one does not look any more, and returns
// how often that took.
func failures(t *testing.T, email string, machines ...*house.House) int {
	t.Helper()
	for n := range 50 {
		h := machines[n%len(machines)]
		_, err := h.Finish(t.Context(), house.Answer(authn.Password, "", "", authn.Input{Email: email, Password: "not the password"}))
		if !errors.Is(err, identity.ErrRejected) {
			if err == nil || identity.KindOf(err) == identity.Internal {
				t.Fatalf("failure %d: %v", n+1, err)
			}
			return n
		}
	}
	t.Fatal("nobody stops it")
	return 0
}

// enters reports whether the right password opens.
func enters(t *testing.T, h *house.House, email string) bool {
	t.Helper()
	_, err := h.Finish(t.Context(), house.Answer(authn.Password, "", "", authn.Input{Email: email, Password: house.Passphrase}))
	if err != nil && identity.KindOf(err) == identity.Internal {
		t.Fatal(err)
	}
	return err == nil
}

// Failures at one machine count at the other, with Redis and without it over PostgreSQL; a
// success at one forgives at the other (RAT-05, RAT-08).
func TestTwoMachines(t *testing.T) {
	url := common(t)
	for name, option := range map[string]func(*gatehouse.Config){
		"redis":    func(c *gatehouse.Config) { c.Ephemeral = open(t, url, c.Now) },
		"postgres": func(c *gatehouse.Config) { c.Ephemeral = nil },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := two(t, option)
			for _, email := range []string{"ada@example.com", "bob@example.com", "eve@example.com"} {
				a.Person(email)
			}
			alone := failures(t, "ada@example.com", a)
			if together := failures(t, "bob@example.com", a, b); together != alone {
				t.Errorf("two machines look at %d failures, one at %d", together, alone)
			}
			if enters(t, a, "bob@example.com") || enters(t, b, "ada@example.com") {
				t.Error("the other machine knows nothing of the failures")
			}
			for range 3 { // one failure less than would be refused, time and again
				for range alone - 1 {
					_, _ = b.Finish(t.Context(), house.Answer(authn.Password, "", "", authn.Input{Email: "eve@example.com", Password: "wrong"}))
				}
				if !enters(t, a, "eve@example.com") {
					t.Error("the failures before a success still count")
				}
			}
		})
	}
}

// A server that dies in mid-use is no reason not to let people in, nor to let anybody guess: each
// machine counts for itself, also once an empty one takes its place (F10).
func TestHouseWithoutServer(t *testing.T) {
	s := newServer(t)
	a, b := two(t, func(c *gatehouse.Config) { c.Ephemeral = open(t, s.url(), c.Now) })
	for _, email := range []string{"ada@example.com", "bob@example.com", "eve@example.com"} {
		a.Person(email)
	}
	if got := redisState(t, a); got != "ok" {
		t.Errorf("redis is %q", got)
	}
	alone := failures(t, "ada@example.com", a)
	s.kill()
	if enters(t, a, "ada@example.com") {
		t.Error("the failures before the server died are forgotten")
	}
	if !enters(t, a, "bob@example.com") || !enters(t, b, "bob@example.com") {
		t.Error("nobody signs in without the server")
	}
	if n := failures(t, "eve@example.com", a); n != alone {
		t.Errorf("without the server a machine looks at %d failures, with it at %d", n, alone)
	}
	if n := failures(t, "eve@example.com", b); n > alone {
		t.Errorf("the other machine looks at %d more, not %d", n, alone)
	}
	if got := redisState(t, a); got != "degraded" {
		t.Errorf("redis is %q", got)
	}
	s.start()
	if enters(t, a, "ada@example.com") || enters(t, a, "eve@example.com") {
		t.Error("an empty server let somebody in who was stopped before")
	}
}

// Whoever embeds the house without Redis does not compile its driver.
func TestNobodyElsePays(t *testing.T) {
	const module = "github.com/gatehouse-id/gatehouse"
	for _, c := range []struct {
		pkg  string
		pays bool
	}{{module, false}, {module + "/sqlite", false}, {module + "/postgres", false}, {module + "/redis", true}} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", c.pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(out), "rueidis") != c.pays {
			t.Errorf("%s compiles the driver: %v", c.pkg, !c.pays)
		}
	}
}

// redisState is what /readyz says of Redis; it must be ready.
func redisState(t *testing.T, h *house.House) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.Gate.Handler().ServeHTTP(w, httptest.NewRequest("GET", "https://id.example.com/readyz", nil))
	var body struct{ Checks map[string]string }
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != 200 {
		t.Fatalf("%d %s, %v", w.Code, w.Body, err)
	}
	return body.Checks["redis"]
}
