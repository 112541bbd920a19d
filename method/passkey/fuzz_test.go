package passkey_test

import (
	"encoding/json"
	"testing"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/passkey"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// FuzzFinish: whatever a browser sends in place of an answer is refused, with one face, or is
// the answer itself. The database behind it makes coverage waver, so fuzz with
// -fuzzminimizetime 1x.
func FuzzFinish(f *testing.F) {
	h := open(f, sqldbtest.SQLite(f))
	u := h.Person(house.Alice)
	m := &passkey.Method{RPID: "example.org", Origins: []string{"https://example.org"}}
	m.Settle(h.Flow)
	v := vectorNamed(f, "none-es256")
	c := v.kept(f)
	c.UserID, c.Method = u.ID, "passkey"
	h.Must(h.Accounts.Enroll(f.Context(), &c))
	for _, v := range vectors(f) {
		f.Add([]byte(v.authenticated(f)))
		f.Add([]byte(v.registered(f)))
	}
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, credential []byte) {
		l := &authn.Login{UserID: u.ID, Proofs: []identity.Proof{{Method: authn.Password}}}
		l.Data = map[identity.MethodID]json.RawMessage{"passkey": v.Authentication.asked(t)}
		if _, err := m.Finish(t.Context(), l, authn.Input{Credential: credential}); err != nil && identity.CodeOf(err) != identity.ErrRejected.Code {
			t.Errorf("%v", err)
		}
	})
}

// FuzzFinishEnroll: whatever a browser sends in place of a new passkey is refused or is one.
func FuzzFinishEnroll(f *testing.F) {
	h := open(f, sqldbtest.SQLite(f))
	u := h.Person(house.Alice)
	m := &passkey.Method{RPID: "example.org", Origins: []string{"https://example.org"}}
	m.Settle(h.Flow)
	for _, v := range vectors(f) {
		f.Add([]byte(v.registered(f)), string(bytes(f, v.Registration.Challenge)))
	}
	f.Fuzz(func(t *testing.T, credential []byte, challenge string) {
		data, err := json.Marshal(map[string]string{"challenge": wrap([]byte(challenge))})
		if err != nil {
			t.Fatal(err)
		}
		done, err := m.FinishEnroll(t.Context(), &authn.Enrollment{User: u, Data: data}, authn.Input{Credential: credential})
		if code := identity.CodeOf(err); err != nil && code != identity.ErrRejected.Code && code != identity.ErrInvalid.Code {
			t.Errorf("%v", err)
		}
		if err == nil && (len(done.Credentials) != 1 || len(done.Credentials[0].Lookup) == 0) {
			t.Errorf("%+v", done)
		}
	})
}
