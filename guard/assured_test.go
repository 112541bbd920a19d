package guard_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
)

// A permission counts from the assurance on that the role demands, and the answer says which
// (RFC 9470 section 3, ZTR-10): a role given to somebody signed in by a password alone is none.
func TestAssured(t *testing.T) {
	f := open(t)
	f.Assured = func(p *identity.Principal) bool {
		return p.SessionID == "" || p.ACR == "aal2" || !slices.Contains(p.Roles, "editor")
	}
	for _, c := range []struct {
		name   string
		caller identity.Principal
		rule   guard.Rule
		status int
	}{
		{"one kind of evidence", identity.Principal{SessionID: "ses_1", Roles: []string{"editor"}, ACR: "aal1"}, guard.Rule{Permission: "posts:delete"}, 401},
		{"two", identity.Principal{SessionID: "ses_1", Roles: []string{"editor"}, ACR: "aal2"}, guard.Rule{Permission: "posts:delete"}, 204},
		{"a role that demands nothing", identity.Principal{SessionID: "ses_1", Roles: []string{"any"}, ACR: "aal1"}, guard.Rule{Permission: "posts:delete"}, 204},
		{"what needs no role", identity.Principal{SessionID: "ses_1", Roles: []string{"editor"}, ACR: "aal1"}, guard.Rule{}, 204},
		{"a program", identity.Principal{Roles: []string{"editor"}}, guard.Rule{Permission: "posts:delete"}, 204},
	} {
		c.caller.UserID = "usr_1"
		f.caller = &c.caller
		w := f.ask(c.name, c.rule)
		if w.Code != c.status {
			t.Errorf("%s: %d, want %d", c.name, w.Code, c.status)
		}
		if h := w.Header().Get("WWW-Authenticate"); c.status == 401 && !strings.Contains(h, `error="insufficient_user_authentication"`) || strings.Contains(h, "aal2") != (c.status == 401) {
			t.Errorf("%s: %s", c.name, h)
		}
	}
}
