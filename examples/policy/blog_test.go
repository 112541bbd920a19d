package policy_test

import (
	"os"
	"testing"

	"github.com/gatehouse-id/gatehouse/policy"
)

// The example of the documentation decides what it says (AUZ-07, AUZ-13).
func TestBlog(t *testing.T) {
	text, err := os.ReadFile("blog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file, err := policy.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	p, err := file.Compile()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Test() {
		t.Errorf("line %d: %s: want %s, got %s: %s", f.Line, f.Name, f.Want, f.Got, f.Reason)
	}
	if len(file.Tests) < 10 {
		t.Error("the tests are gone")
	}
}
