package api_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A passkey that is nobody's is said to be, that its provider may forget it; of one that was refused
// for another reason nothing is said, for its owner would lose it.
func TestUnknownPasskey(t *testing.T) {
	f := one(t)
	c := identity.Credential{UserID: f.person(alice).ID, Method: "passkey", Lookup: "bWluZQ", Data: []byte(`{}`), Label: "blue key"}
	f.must(f.gate.Accounts.Enroll(f.Context(), &c))
	d := f.browser()
	for id, unknown := range map[string]bool{"bWluZQ": false, "bm9ib2R5": true, "": false} {
		login := d.call("POST", "/auth/login/passkey", nil).is(200, "").str("login")
		a := d.call("POST", "/auth/login/passkey/finish", message{"login": login, "credential": message{"id": id}}).is(401, "INVALID_CREDENTIALS")
		if strings.Contains(a.text, `"credential"`) != unknown {
			t.Errorf("%q: %s", id, a.text)
		}
	}
}
