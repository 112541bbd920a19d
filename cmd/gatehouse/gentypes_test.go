package main

import (
	"os"
	"strings"
	"testing"
)

// TestTypesOfConsumer keeps what the SDK's check compiles an application against: it is made of
// the policy of the example, so what the command writes is known to compile.
func TestTypesOfConsumer(t *testing.T) {
	const file = "../../sdk/scripts/consumer/app.ts"
	var out, log strings.Builder
	p := &Program{In: strings.NewReader(""), Out: &out, Err: &log}
	if status := p.Run(t.Context(), []string{"gen", "types", "--policy", "../../examples/policy/blog.yaml"}); status != 0 {
		t.Fatal(status, log.String())
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || string(want) != out.String() {
		t.Errorf("%s is not what the command writes (%v); run: go test ./cmd/gatehouse -run TestTypes -update\n%s", file, err, &out)
	}
}
