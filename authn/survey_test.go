package authn_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// Users who were imported, users of today and unknown addresses cost a house the same work, also
// where another machine imported them; and no more once the imports are gone (BUG-21, PWD-03).
func TestSurvey(t *testing.T) {
	const (
		bcrypt = "$2b$05$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"
		pbkdf2 = "$pbkdf2-sha256$1000$c29tZXNhbHRzb21lc2FsdA$SCjY7SSTd.1t0YRKbVoolytKt.BeFjwwXJESGnfk9yY"
	)
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f, other := open(t, db), open(t, db)
		_, err := f.CreateUser(t.Context(), account.NewUser{Email: alice, Verified: true}, passphrase)
		f.must(err)
		imported := map[string]string{"b@example.com": bcrypt, "c@example.com": pbkdf2, "d@example.com": strings.Replace(bcrypt, "$05$", "$04$", 1)}
		for _, email := range slices.Sorted(maps.Keys(imported)) {
			_, err := other.Import(t.Context(), account.NewUser{Email: email, Verified: true}, imported[email])
			f.must(err)
		}
		f.must(f.Passwords.Survey(t.Context()))
		if kinds := f.Passwords.Hasher.Kinds(); !slices.Equal(kinds, []string{"argon2id$v=19$m=64,t=1,p=1", "bcrypt", "pbkdf2-sha256"}) {
			t.Fatalf("found %v", kinds)
		}
		want := f.works("nobody@example.com")
		for _, email := range []string{alice, "b@example.com", "c@example.com", "d@example.com"} {
			if got := f.works(email); !maps.Equal(got, want) {
				t.Errorf("%s costs %v, an unknown address %v", email, got, want)
			}
		}
		for _, email := range slices.Sorted(maps.Keys(imported)) {
			user, err := f.Accounts.ByEmail(t.Context(), email)
			f.must(err)
			_, err = f.Accounts.TakeAll(t.Context(), user.ID, authn.Password)
			f.must(err)
		}
		f.must(f.Passwords.Survey(t.Context()))
		if got := f.works("nobody@example.com"); got["bcrypt"] != 0 || got["pbkdf2-sha256"] != 0 {
			t.Errorf("without imports an unknown address costs %v", got)
		}
	})
}

// works returns the work that a sign-in with a wrong password takes.
func (f *fixture) works(email string) map[string]uint64 {
	f.Helper()
	before := f.Passwords.Hasher.Worked()
	if _, err := f.Finish(f.Context(), authn.Answer{Method: authn.Password, Input: authn.Input{Email: email, Password: "wrong"}}); err == nil {
		f.Fatalf("%s was let in", email)
	}
	took := f.Passwords.Hasher.Worked()
	for name, n := range before {
		took[name] -= n
	}
	return took
}
