package api

import (
	"net/url"
	"slices"
	"testing"
)

// FuzzExactly: what is accepted demands everything that was written, and nothing else.
func FuzzExactly(f *testing.F) {
	for _, seed := range []string{"", "permission=a:b&role=x&role=y", "role=", "roles=x", "role=%zz", "a;b", "fresh=5m&redirect=1", "scheme=cookie"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		var q checkQuery
		if exactly(raw, &q) != nil {
			return
		}
		back := url.Values{"role": q.Role, "scheme": q.Scheme}
		for name, value := range map[string]string{"permission": q.Permission, "scope": q.Scope, "org": q.Org, "fresh": q.Fresh, "redirect": q.Redirect} {
			if value != "" {
				back[name] = []string{value}
			}
		}
		sent, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatalf("%q was read: %v", raw, err)
		}
		for name := range back {
			if !slices.Equal(sent[name], back[name]) {
				t.Errorf("%q: %s is %q", raw, name, back[name])
			}
		}
		for name := range sent {
			if back[name] == nil {
				t.Errorf("%q: %s was ignored", raw, name)
			}
		}
	})
}
