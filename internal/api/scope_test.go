package api_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/policy"
)

// exporters is a policy in which one role may export.
func exporters(c *gatehouse.Config) {
	c.Policy = &policy.File{
		Permissions: []policy.Permission{"export:csv"}, Roles: map[string][]policy.Permission{"exporter": {"export:csv"}},
	}
}

// exports returns what a route answers that demands nothing but the scope.
func (f *fixture) exports(header, value string) int {
	r := httptest.NewRequestWithContext(f.Context(), http.MethodPost, "/exports", nil)
	r.Header.Set(header, value)
	w := httptest.NewRecorder()
	f.gate.Protect(guard.Rule{Scope: "export:csv"}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})).ServeHTTP(w, r)
	return w.Code
}

// A scope never gives (KEY-06, ZTR-02): neither to whoever names it for a key of theirs, nor to
// whoever founds an organization to own everything in it, nor to those who lost the role since.
func TestScopeNeverGives(t *testing.T) {
	f := one(t, exporters)
	f.person(alice)
	owner := f.person(bob, "user", "exporter")
	d, exporter := f.signedIn(alice, "cookie"), f.signedIn(bob, "cookie")
	key, _ := d.newKey(message{"name": "x", "scopes": []string{"export:csv"}})
	theirs, _ := exporter.newKey(message{"name": "x", "scopes": []string{"export:csv"}})
	bound := d.call("POST", "/auth/token", message{"org": d.found("Mine")[len("/orgs/"):], "scope": "export:csv"}).is(200, "").str("accessToken")
	for what, c := range map[string]struct {
		header, value string
		status        int
	}{
		"a key of nobody in particular": {"X-Api-Key", key, 403},
		"a key of who may":              {"X-Api-Key", theirs, 204},
		"the owner of an organization":  {"Authorization", "Bearer " + bound, 403},
	} {
		if got := f.exports(c.header, c.value); got != c.status {
			t.Errorf("%s: %d, want %d", what, got, c.status)
		}
	}
	f.must(f.gate.Flow.SetRoles(t.Context(), owner.ID, []string{"user"}))
	if got := f.exports("X-Api-Key", theirs); got != 403 {
		t.Errorf("a key of who may no more: %d", got)
	}
}
