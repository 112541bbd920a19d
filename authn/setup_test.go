package authn_test

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

func (f *fixture) invite() string {
	f.Helper()
	link, err := f.Invite(f.Context())
	f.must(err)
	_, token, _ := strings.Cut(link, "https://id.example.com/setup?token=")
	return token
}

// The first administrator comes by a link that is good once, for a day, until the next
// start, and never again once there is one (the contract, "First administrator").
func TestSetup(t *testing.T) {
	each(t, func(f *fixture) {
		boss := authn.NewAccount{Email: alice, Password: passphrase, Name: "Alice"}
		late := f.invite()
		f.wait(24 * time.Hour)
		f.refuses("after a day", f.Setup(f.Context(), late, boss), identity.ErrLinkExpired)
		old, token := f.invite(), f.invite()
		for what, bad := range map[string]string{"of before": old, "none": "", "unknown": strings.Repeat("A", 43)} {
			f.refuses(what, f.Setup(f.Context(), bad, boss), identity.ErrLinkExpired)
			f.refuses(what, f.Invited(f.Context(), bad), identity.ErrLinkExpired)
		}
		weak := boss
		weak.Password = "short"
		if err := f.Setup(f.Context(), token, weak); identity.CodeOf(err) != "WEAK_PASSWORD" {
			t.Errorf("%v", err)
		}
		f.must(f.Invited(f.Context(), token)) // it is still good
		f.must(f.Setup(f.Context(), token, boss))
		f.refuses("again", f.Setup(f.Context(), token, authn.NewAccount{Email: "b@example.com", Password: passphrase}), identity.ErrLinkExpired)
		if token := f.invite(); token != "" {
			t.Error("there is an administrator, and a link to make one")
		}
		in := f.signIn(identity.ModeCookie)
		if !slices.Equal(in.User.Roles, []string{"admin", "user"}) || !in.User.EmailVerified {
			t.Errorf("%+v", in.User)
		}
	})
}

// Of many who come with the link at once one becomes administrator.
func TestSetupRace(t *testing.T) {
	each(t, func(f *fixture) {
		token := f.invite()
		var made atomic.Int32
		sqldbtest.Race(8, func(i int) {
			err := f.Setup(f.Context(), token, authn.NewAccount{Email: string(rune('a'+i)) + "@example.com", Password: passphrase})
			if err == nil {
				made.Add(1)
			} else if !errors.Is(err, identity.ErrLinkExpired) {
				t.Error(err)
			}
		})
		if n, err := f.Accounts.Count(f.Context(), "admin"); made.Load() != 1 || n != 1 || err != nil {
			t.Errorf("%d passed, %d administrators, %v", made.Load(), n, err)
		}
	})
}
