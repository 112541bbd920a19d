package session_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// After a change of privilege what was known before opens nothing; ses_… stays (BUG-20).
func TestRenew(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.user("alice")
		v, old := f.signIn(user)
		other, kept := f.signIn(user)
		f.wait(time.Minute)
		generation, err := f.accounts.EndGeneration(f.Context(), user)
		f.must(err)
		v.Generation = generation
		v.Proofs = append(v.Proofs, identity.Proof{Method: "totp", Factor: identity.Possession, At: f.now()})
		renewed, err := f.sessions.Renew(f.Context(), v.ID, generation, v.Proofs)
		f.must(err)
		if f.live(old) || f.live(kept) || renewed == old {
			f.Error("a secret of before opens a session")
		}
		if got, _, err := f.sessions.Lookup(f.Context(), renewed); err != nil || !reflect.DeepEqual(got, v) {
			f.Errorf("%+v, %v, want %+v", got, err, v)
		}
		f.must(f.sessions.Adopt(f.Context(), other.ID, generation))
		if !f.live(kept) {
			f.Error("the adopted session did not come along")
		}
	})
}

// A session without a secret has none after Renew either.
func TestRenewTokenModes(t *testing.T) {
	each(t, func(f *fixture) {
		for _, mode := range modes[1:] {
			v, _ := f.begin(f.user(string(mode)), mode, 0, day)
			if token, err := f.sessions.Renew(f.Context(), v.ID, 0, v.Proofs); token != "" || err != nil {
				f.Errorf("%s: %q, %v", mode, token, err)
			}
		}
		var secrets int
		if _, err := f.db.Row(f.Context(), []any{&secrets}, `SELECT COUNT(hash) FROM sessions`); secrets != 0 || err != nil {
			f.Errorf("%d secrets, %v", secrets, err)
		}
		token, err := f.sessions.Renew(f.Context(), "ses_0", 0, nil)
		if f.refuses("a session that is gone", err, identity.ErrNoCredentials); token != "" {
			f.Errorf("a secret for nothing: %q", token)
		}
	})
}

// Of all who renew at once one has the secret that counts.
func TestRenewRace(t *testing.T) {
	each(t, func(f *fixture) {
		v, before := f.signIn(f.user("alice"))
		for range sqldbtest.Rounds(f) {
			tokens := make([]string, 16)
			sqldbtest.Race(len(tokens), func(i int) {
				var err error
				if tokens[i], err = f.sessions.Renew(f.Context(), v.ID, 0, v.Proofs); err != nil {
					f.Error(err)
				}
			})
			if f.live(before) {
				f.Fatal("the secret of before opens the session")
			}
			dead := slices.DeleteFunc(slices.Clone(tokens), func(token string) bool {
				if f.live(token) {
					before = token
					return true
				}
				return false
			})
			if len(dead) != 15 {
				f.Fatalf("%d of 16 secrets are dead, want 15", len(dead))
			}
		}
	})
}

func TestRevoke(t *testing.T) {
	each(t, func(f *fixture) {
		alice, bob := f.user("alice"), f.user("bob")
		v, token := f.signIn(alice)
		for _, c := range []struct {
			what string
			user identity.UserID
			id   identity.SessionID
			want bool
		}{
			{"somebody else's", bob, v.ID, false},
			{"an unknown one", alice, "ses_0", false},
			{"none", alice, "", false},
			{"one's own", alice, v.ID, true},
			{"the same again", alice, v.ID, false},
		} {
			got, err := f.sessions.Revoke(f.Context(), c.user, c.id)
			if err != nil || got != c.want || f.live(token) != (c.what != "one's own" && c.what != "the same again") {
				f.Errorf("%s: %v, %v", c.what, got, err)
			}
		}
		if n := f.events(alice)[identity.EventSessionRevoked] + f.events(bob)[identity.EventSessionRevoked]; n != 1 {
			f.Errorf("%d events", n)
		}
	})
}

func TestRevokeAll(t *testing.T) {
	each(t, func(f *fixture) {
		alice, bob := f.user("alice"), f.user("bob")
		this, mine := f.signIn(alice)
		f.signIn(alice)
		f.begin(alice, identity.ModeNative, 0, day)
		_, theirs := f.signIn(bob)
		for i, c := range []struct {
			except identity.SessionID
			want   int64
			mine   bool
		}{{this.ID, 2, true}, {this.ID, 0, true}, {"", 1, false}, {"", 0, false}} {
			n, err := f.sessions.RevokeAll(f.Context(), alice, c.except)
			if err != nil || n != c.want || f.live(mine) != c.mine || !f.live(theirs) {
				f.Errorf("step %d: %d, %v, want %+v", i, n, err, c)
			}
		}
		if n := f.events(alice)[identity.EventSessionRevoked]; n != 2 {
			f.Errorf("%d events: what ended nothing is none", n)
		}
	})
}

// A request under way must not bring a revoked session back by sliding it.
func TestRevokeRace(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.user("alice")
		for range sqldbtest.Rounds(f) {
			v, token := f.signIn(user)
			f.wait(idle / 2)
			sqldbtest.Race(16, func(i int) {
				if i == 7 {
					if revoked, err := f.sessions.Revoke(f.Context(), user, v.ID); !revoked || err != nil {
						f.Errorf("revoked %v, %v", revoked, err)
					}
				}
				if live := f.live(token); live && i == 7 {
					f.Error("live after it was revoked")
				}
			})
			if f.live(token) {
				f.Error("it came back")
			}
		}
	})
}

func TestSweep(t *testing.T) {
	each(t, func(f *fixture) {
		tokens, user := f.tokens(), f.user("alice")
		family := func(idle time.Duration) identity.SessionID { return f.family(tokens, user, idle) }
		f.begin(user, identity.ModeCookie, 20*time.Minute, day)   // idle
		f.begin(user, identity.ModeCookie, 2*day, 40*time.Minute) // over
		f.begin(user, identity.ModeToken, 0, 40*time.Minute)      // over
		f.begin(user, identity.ModeToken, 0, day)                 // never had a family
		family(20 * time.Minute)                                  // its family is idle
		ended := family(7 * day)
		f.must(tokens.End(f.Context(), ended, "logout"))
		cookie, _ := f.begin(user, identity.ModeCookie, day, day)
		want := []identity.SessionID{cookie.ID, family(7 * day)}
		f.wait(40 * time.Minute)
		f.must(f.sessions.Sweep(f.Context()))
		var left int
		_, err := f.db.Row(f.Context(), []any{&left}, `SELECT COUNT(*) FROM sessions`)
		got := f.list(user)
		slices.Sort(got)
		if slices.Sort(want); err != nil || left != len(want) || !slices.Equal(got, want) {
			f.Errorf("%d rows, %v: %v, want %v", left, err, got, want)
		}
	})
}
