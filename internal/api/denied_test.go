package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// Whoever is denied reads of it in what happened to their account, and learns nothing there that
// the answer kept from them: whether there is such a resource (AUZ-17, AUZ-22, CON-13).
func TestDeniedIsNoOracle(t *testing.T) {
	f := one(t)
	f.person(alice)
	d := f.signedIn(alice, "token")
	for path, owner := range map[string]guard.OwnerFunc{
		"/theirs":  func(*http.Request) (policy.Resource, error) { return policy.Resource{Owner: "usr_other"}, nil },
		"/missing": func(*http.Request) (policy.Resource, error) { return policy.Resource{}, identity.ErrNotFound },
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Pattern = "GET " + path
		r.Header.Set("Authorization", "Bearer "+d.access)
		w := httptest.NewRecorder()
		f.gate.Protect(guard.Rule{Owner: owner}, http.NotFoundHandler()).ServeHTTP(w, r)
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	for _, path := range []string{"/auth/events?type=access.denied", "/auth/export"} {
		a := d.call("GET", path, nil).is(200, "")
		for _, word := range []string{"reason", "demand", "permission", "somebody else's"} {
			if strings.Contains(a.text, word) {
				t.Errorf("%s tells %q: %s", path, word, a.text)
			}
		}
		for _, word := range []string{"GET /theirs", "GET /missing"} {
			if !strings.Contains(a.text, word) {
				t.Errorf("%s does not tell of %s", path, word)
			}
		}
	}
}
