package web_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/web"
)

// The vendor is let in where it must be and nowhere else; everything else stays as it was, but the
// trusted types, which its scripts do not know (BUG-44).
func TestWithVendor(t *testing.T) {
	got := strings.Split(web.WithVendor(web.PagePolicy, []string{"https://a.example", "https://b.example"}), "; ")
	const both = " https://a.example https://b.example"
	for _, directive := range strings.Split(web.PagePolicy, "; ") {
		switch name, _, _ := strings.Cut(directive, " "); name {
		case "script-src", "style-src", "connect-src":
			directive += both
		case "require-trusted-types-for", "trusted-types":
			continue
		}
		if len(got) == 0 || got[0] != directive {
			t.Fatalf("%q, want %q first", got, directive)
		}
		got = got[1:]
	}
	if len(got) != 1 || got[0] != "frame-src"+both {
		t.Errorf("and %q", got)
	}
}
