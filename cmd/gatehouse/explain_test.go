package main

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// What the command prints is read by people: it stays as it is.
func TestPrintExplanation(t *testing.T) {
	e := guard.Explanation{Refusal: guard.Refusal{
		RequestID: "req_1", At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Route: "DELETE /posts/{id}", Step: "owner", Scheme: identity.SchemeAPIKey,
		Caller: "usr_1", Roles: []string{"author", "user"}, Scopes: []string{"posts:delete"}, Code: "NOT_FOUND",
		Reason: "role author grants posts:delete on what one owns, and this is somebody else's", Demand: "permission posts:delete on this resource",
	}, Passes: []string{"role admin", "role editor"}}
	const want = `req_1 was refused at step owner: NOT_FOUND
  at      2026-01-02T03:04:05Z
  route   DELETE /posts/{id}
  caller  usr_1 by api-key, roles author, user, scope posts:delete
  demand  permission posts:delete on this resource
  reason  role author grants posts:delete on what one owns, and this is somebody else's
would have passed
  role admin
  role editor
`
	var out strings.Builder
	if err := printExplanation(&out, e); err != nil || out.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, &out, want)
	}
}

// The proof is good for one request, for a minute, and of one house.
func TestProofOfKey(t *testing.T) {
	open := func(key byte) *gatehouse.Gate {
		master := make([]byte, 32)
		master[0] = key
		gate, err := gatehouse.New(t.Context(), gatehouse.Config{DB: sqldbtest.SQLite(t), MasterKey: master, PublicURL: "http://localhost:8080", Idle: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = gate.Close(t.Context()) })
		return gate
	}
	ours, other, now := open(1), open(2), time.Now()
	proof, err := proofOfKey(ours.Keys, "req_1", now)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what  string
		gate  *gatehouse.Gate
		id    identity.RequestID
		proof string
		after time.Duration
		good  bool
	}{
		{"at once", ours, "req_1", proof, 0, true},
		{"a minute later", ours, "req_1", proof, time.Minute, true},
		{"by a clock that is behind", ours, "req_1", proof, -time.Minute, true},
		{"too late", ours, "req_1", proof, time.Minute + 1, false},
		{"from the future", ours, "req_1", proof, -time.Minute - 1, false},
		{"for another request", ours, "req_2", proof, 0, false},
		{"to another house", other, "req_1", proof, 0, false},
		{"changed", ours, "req_1", proof[:len(proof)-2] + "AA", 0, false},
		{"nothing sealed", ours, "req_1", "Gatehouse ", 0, false},
		{"without its scheme", ours, "req_1", strings.TrimPrefix(proof, "Gatehouse "), 0, false},
		{"none", ours, "req_1", "", 0, false},
	} {
		if proves(c.gate.Keys, c.id, c.proof, now.Add(c.after)) != c.good {
			t.Errorf("%s: good %v", c.what, !c.good)
		}
	}
}

func TestReachable(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:9090": "127.0.0.1:9090", ":9090": "localhost:9090", "0.0.0.0:9090": "localhost:9090", "[::]:9090": "localhost:9090",
		"metrics.internal:9090": "metrics.internal:9090", "9090": "9090",
	} {
		if got := reachable(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}
