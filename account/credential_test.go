package account_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

func TestEnroll(t *testing.T) {
	each(t, func(f *fixture) {
		alice, bob := f.user("alice").ID, f.user("bob").ID
		first := identity.Credential{UserID: alice, Method: "passkey", Lookup: "k1", Data: []byte("one"), Label: "blue"}
		f.must(f.accounts.Enroll(f.Context(), &first))
		f.wait(time.Second)
		again := identity.Credential{UserID: alice, Method: "passkey", Lookup: "k1", Data: []byte("two"), Label: "red"}
		f.must(f.accounts.Enroll(f.Context(), &again))
		if again.ID != first.ID || first.ID == "" {
			f.Errorf("IDs %q and %q: the same credential, replaced", first.ID, again.ID)
		}
		theft := identity.Credential{UserID: bob, Method: "passkey", Lookup: "k1", Data: []byte("bob's")}
		f.refuses("somebody else's", f.accounts.Enroll(f.Context(), &theft), identity.ErrConflict)
		totp := identity.Credential{UserID: alice, Method: "totp", Lookup: "k1"} // another method, without data
		f.must(f.accounts.Enroll(f.Context(), &totp))
		totp.Data = []byte{}
		for method, want := range map[identity.MethodID][]identity.Credential{
			"": {again, totp}, "passkey": {again}, "totp": {totp}, "password": nil,
		} {
			if got := f.credentials(alice, method); !reflect.DeepEqual(got, want) {
				f.Errorf("%q:\n%+v\nwant\n%+v", method, got, want)
			}
		}
		if got := f.credentials(bob, ""); got != nil {
			f.Errorf("bob has %+v", got)
		}
	})
}

// credentials lists a user's credentials, oldest first, with empty Data not nil.
func (f *fixture) credentials(user identity.UserID, method identity.MethodID) []identity.Credential {
	f.Helper()
	list, err := f.accounts.Credentials(f.Context(), user, method)
	f.must(err)
	for i := range list {
		list[i].Data = append([]byte{}, list[i].Data...)
	}
	return list
}

func TestReplace(t *testing.T) {
	each(t, func(f *fixture) {
		c := identity.Credential{UserID: f.user("alice").ID, Method: "password", Lookup: "alice", Data: []byte("old")}
		f.must(f.accounts.Enroll(f.Context(), &c))
		for _, try := range []struct {
			id        identity.CredentialID
			old, data string
			want      bool
		}{
			{c.ID, "older", "x", false}, {"crd_0", "old", "x", false}, {c.ID, "old", "new", true}, {c.ID, "old", "x", false}, {c.ID, "new", "old", true},
		} {
			if got, err := f.accounts.Replace(f.Context(), try.id, []byte(try.old), []byte(try.data)); got != try.want || err != nil {
				f.Errorf("%+v: %v, %v", try, got, err)
			}
		}
		for range sqldbtest.Rounds(f) {
			won := f.winners(errLost, func(i int) error {
				replaced, err := f.accounts.Replace(f.Context(), c.ID, []byte("old"), []byte{byte(i)})
				if err == nil && !replaced {
					err = errLost
				}
				return err
			})
			now := f.credentials(c.UserID, "")[0].Data
			if won != 1 || len(now) != 1 {
				f.Fatalf("%d of 16 replaced it; it is %q", won, now)
			}
			_, err := f.accounts.Replace(f.Context(), c.ID, now, []byte("old"))
			f.must(err)
		}
	})
}
