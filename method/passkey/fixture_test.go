package passkey_test

import (
	"encoding/json"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/passkey"
	"github.com/gatehouse-id/gatehouse/test/house"
)

const bob = "bob@example.com"

// A fixture is a house with passkeys, where addresses need no proof and nothing is limited.
type fixture struct {
	*house.House
	method *passkey.Method
}

func open(t testing.TB, db *sqldb.DB) *fixture {
	t.Helper()
	f := &fixture{House: house.Open(t, db, func(c *gatehouse.Config) { c.Unverified, c.NoLimits = true, true })}
	m, err := f.Method("passkey")
	f.Must(err)
	f.method = m.(*passkey.Method) //nolint:forcetypeassert // the roster says so
	return f
}

func each(t *testing.T, fn func(*fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(open(t, db)) })
}

// enroll gives a user a passkey, by way of the Flow.
func (f *fixture) enroll(u *identity.User, a *authenticator, change ...func(*authn.Input)) (authn.Added, error) {
	f.Helper()
	s := authn.EnrollStep{Method: "passkey", Caller: house.Caller(u)}
	prompt, err := f.BeginEnroll(f.Context(), s)
	if err != nil {
		return authn.Added{}, err
	}
	s.Input.Credential = a.create(prompt.Ceremony)
	for _, fn := range change {
		fn(&s.Input)
	}
	return f.FinishEnroll(f.Context(), s)
}

// owns is a user with a new authenticator that they have set up.
func (f *fixture) owns(email string) (*identity.User, *authenticator) {
	f.Helper()
	u, a := f.Person(email), newAuthenticator(f.TB)
	_, err := f.enroll(u, a)
	f.Must(err)
	return u, a
}

// begin begins a sign-in, or goes on with one, by passkey.
func (f *fixture) begin(login, email string) (handle string, ceremony json.RawMessage) {
	f.Helper()
	out, prompt, err := f.Begin(f.Context(), authn.Answer{
		Method: "passkey", Login: login, Start: authn.Start{Mode: identity.ModeCookie}, Input: authn.Input{Email: email},
	})
	f.Must(err)
	return out.Login, prompt.Ceremony
}

func (f *fixture) finish(login string, credential json.RawMessage) (authn.Outcome, error) {
	return f.Finish(f.Context(), authn.Answer{Method: "passkey", Login: login, Input: authn.Input{Credential: credential}})
}

// signIn signs in by nothing but a passkey.
func (f *fixture) signIn(a *authenticator) (authn.Outcome, error) {
	f.Helper()
	login, ceremony := f.begin("", "")
	return f.finish(login, a.get(ceremony))
}

// a passkey as the database has it.
type stored struct {
	Counter             uint32
	Synced, BackedUp    bool
	Verified            bool
	Discoverable        bool
	AAGUID, Attestation string
	Transports          []string
}

func (f *fixture) stored(u *identity.User) (s stored, c identity.Credential) {
	f.Helper()
	list, err := f.Accounts.Credentials(f.Context(), u.ID, "passkey")
	f.Must(err)
	if len(list) != 1 {
		f.Fatalf("%d passkeys", len(list))
	}
	f.Must(json.Unmarshal(list[0].Data, &s))
	return s, list[0]
}
