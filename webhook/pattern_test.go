package webhook_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/webhook"
)

func TestPatterns(t *testing.T) {
	for _, test := range []struct {
		patterns, typ string
		want          bool
	}{
		{"*", "login.failed", true},
		{"login.failed", "login.failed", true},
		{"login.failed", "login.failed_twice", false},
		{"login.*", "login.failed", true},
		{"login.*", "logins.failed", false},
		{"login.*", "login", false},
		{"a.b.*", "a.b.c.d", true},
		{"a.b.*", "a.bc", false},
		{"session.* login.*", "login.failed", true},
		{"session.* login.*", "token.revoked", false},
	} {
		if got := webhook.Wants(strings.Fields(test.patterns), test.typ); got != test.want {
			t.Errorf("%s wants %s: %v", test.patterns, test.typ, got)
		}
	}
	for _, bad := range [][]string{
		nil,
		{},
		{""},
		{"login.failed", ""},
		{"login."},
		{".failed"},
		{"login.*.x"},
		{"**"},
		{"login*"},
		{"*.failed"},
		{"a b"},
		{"a\n"},
		{strings.Repeat("a", 101)},
		slices.Repeat([]string{"*"}, 51),
	} {
		if _, err := webhook.CheckTypes(bad); !errors.Is(err, identity.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if kept, err := webhook.CheckTypes([]string{"b.c", "a.*", "b.c"}); kept != "a.* b.c" || err != nil {
		t.Errorf("%q, %v", kept, err)
	}
}

// FuzzTypes looks for a pattern that is kept as another one, or that wants what does not begin
// like it.
func FuzzTypes(f *testing.F) {
	for _, p := range []string{"*", "login.*", "login.failed", "a b", "a\tb", "*.x", "ä", ""} {
		f.Add(p, "login.failed")
	}
	f.Fuzz(func(t *testing.T, p, typ string) {
		kept, err := webhook.CheckTypes([]string{p})
		if err != nil {
			return
		}
		if kept != p || len(strings.Fields(kept)) != 1 {
			t.Fatalf("%q is kept as %q", p, kept)
		}
		if webhook.Wants(strings.Fields(kept), typ) != (p == typ || strings.HasSuffix(p, "*") && strings.HasPrefix(typ, strings.TrimSuffix(p, "*"))) {
			t.Fatalf("%q wants %q", p, typ)
		}
	})
}
