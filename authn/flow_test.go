package authn_test

import (
	"errors"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// The log tells why a sign-in failed, in words of ours; the caller is told one thing
// (SES-18, BUG-21).
func TestCause(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.person(alice)
		for _, password := range []string{another, "", passphrase[1:]} {
			_, err := f.try(identity.ModeToken, password)
			f.refuses(password, err, identity.ErrRejected)
		}
		f.must(f.Disable(f.Context(), user, true))
		_, err := f.try(identity.ModeToken, passphrase)
		f.refuses("disabled", err, identity.ErrRejected)
		causes := map[string]int{}
		for _, e := range f.events(user, identity.EventLoginFailed) {
			if causes[e.Data["cause"]]++; e.Data["method"] != "password" || e.Data["cause"] == "" {
				t.Errorf("%+v", e)
			}
		}
		if len(causes) != 2 || causes["user is disabled"] != 1 {
			t.Errorf("%v", causes)
		}
	})
}

// A user who must choose a new password keeps no sign-in of before (BRE-05, BUG-03).
func TestMustReset(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.person(alice)
		var all []*authn.SignedIn
		for _, mode := range []identity.Mode{identity.ModeCookie, identity.ModeToken, identity.ModeNative} {
			in := f.signIn(mode)
			all = append(all, in)
		}
		_, err := f.DB.Exec(f.Context(), `UPDATE users SET must_reset = TRUE WHERE id = $1`, string(user))
		f.must(err)
		for _, in := range all {
			if f.opens(in) {
				t.Errorf("mode %s is still open", in.Session.Mode)
			}
		}
		_, err = f.try(identity.ModeCookie, passphrase)
		f.refuses("sign-in", err, identity.ErrMustReset)
	})
}

// Whoever signs in at the moment of being disabled, or of a new password, is out afterwards:
// the sign-in carries the generation that it saw.
func TestSignInRaces(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.person(alice)
		for _, mode := range []identity.Mode{identity.ModeCookie, identity.ModeNative} {
			for range max(1, sqldbtest.Rounds(t)/4) {
				signedIn := make([]*authn.SignedIn, 8)
				sqldbtest.Race(len(signedIn)+1, func(i int) {
					if i == len(signedIn) {
						f.must(f.Disable(f.Context(), user, true))
						return
					}
					in, err := f.try(mode, passphrase)
					if err != nil && !errors.Is(err, identity.ErrRejected) && !errors.Is(err, identity.ErrRateLimited) {
						t.Error(err)
					}
					signedIn[i] = in
				})
				f.must(f.Disable(f.Context(), user, false))
				f.wait(15 * time.Minute) // those who were refused in this round are forgiven
				for _, in := range signedIn {
					if in != nil && f.opens(in) {
						t.Error("somebody got in while being locked out")
					}
				}
			}
		}
	})
}

// A refresh under way does not outlive a change of the password (SES-29).
func TestRefreshRacesChange(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		old, chosen := passphrase, another
		for range max(1, sqldbtest.Rounds(t)/4) {
			mine, err := f.try(identity.ModeCookie, old)
			f.must(err)
			theirs, err := f.try(identity.ModeNative, old)
			f.must(err)
			renewed := make([]*authn.SignedIn, 4)
			sqldbtest.Race(len(renewed)+1, func(i int) {
				if i < len(renewed) {
					renewed[i], _ = f.Refresh(f.Context(), authn.Refresh{Token: theirs.Refresh, Native: true, Active: true})
					return
				}
				if _, err := f.ChangePassword(f.Context(), f.caller(mine), old, chosen); err != nil {
					t.Error(err)
				}
			})
			for _, in := range append(renewed, theirs) {
				if in != nil && f.opens(in) {
					t.Error("a sign-in outlived the password")
				}
			}
			old, chosen = chosen, old
		}
	})
}

// What is ended is ended once, and only by whoever's it is.
func TestSignOut(t *testing.T) {
	each(t, func(f *fixture) {
		user, bob := f.person(alice), f.person("bob@example.com")
		in := f.signIn(identity.ModeNative)
		f.refuses("somebody else's", f.SignOut(f.Context(), bob, in.Session.ID), identity.ErrNotFound)
		f.refuses("an unknown one", f.SignOut(f.Context(), user, "ses_0"), identity.ErrNotFound)
		if p, err := f.Holder(f.Context(), in.Refresh); err != nil || p.UserID != user || p.SessionID != in.Session.ID {
			t.Errorf("%+v, %v", p, err)
		}
		f.must(f.SignOut(f.Context(), user, in.Session.ID))
		f.refuses("again", f.SignOut(f.Context(), user, in.Session.ID), identity.ErrNotFound)
		for _, refresh := range []string{"", "x"} {
			if p, err := f.Holder(f.Context(), refresh); p != nil || err != nil {
				t.Errorf("%q: %+v, %v", refresh, p, err)
			}
		}
		f.refuses("everything of nobody", f.SignOutAll(f.Context(), "usr_0", ""), identity.ErrNotFound)
	})
}

// Lifetimes and limits are the operator's to choose, idle and absolute each by itself (SES-22).
func TestConfigured(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), func(c *gatehouse.Config) {
		c.Lifetimes = authn.Lifetimes{
			CookieIdle: time.Minute, CookieLife: 3 * time.Minute, RememberLife: 5 * time.Minute, TokenIdle: time.Minute, TokenLife: 2 * time.Minute,
		}
		c.Limits = throttle.Limits{throttle.FailedAccount: {N: 2, Per: time.Minute}}
		c.AccessTokenLife = 30 * time.Second
	})
	f.person(alice)
	cookie, native := f.signIn(identity.ModeCookie), f.signIn(identity.ModeNative)
	if cookie.Session.ExpiresAt.Sub(start) != 3*time.Minute || cookie.Session.Idle != time.Minute ||
		native.Session.ExpiresAt.Sub(start) != 2*time.Minute || native.ExpiresIn != 30*time.Second {
		t.Errorf("%+v, %+v", cookie.Session, native)
	}
	for i, want := range []error{identity.ErrRejected, identity.ErrRejected, identity.ErrLocked} {
		if _, err := f.try(identity.ModeToken, another); !errors.Is(err, want) {
			t.Errorf("try %d: %v", i, err)
		}
	}
	f.wait(time.Minute)
	if f.opens(cookie) || f.opens(native) {
		t.Error("they outlived a minute of idleness")
	}
}

// A token that would do for weeks cannot be configured (JWT-27).
func TestLongToken(t *testing.T) {
	c := gatehouse.Config{DB: sqldbtest.SQLite(t), PublicURL: "https://id.example.com", MasterKey: make([]byte, 32), Idle: true}
	for life, fits := range map[time.Duration]bool{5 * time.Minute: true, 50 * time.Minute: true, 51 * time.Minute: false, 30 * 24 * time.Hour: false} {
		c.AccessTokenLife = life
		if _, err := gatehouse.New(t.Context(), c); (err == nil) != fits {
			t.Errorf("%v: %v", life, err)
		}
	}
}

// A sign-in that cannot be is refused before anything is tried.
func TestInvalidSignIn(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	_, err := f.Finish(f.Context(), authn.Answer{Method: "smoke"})
	f.refuses("method", err, identity.ErrNotFound)
	_, _, err = f.Begin(f.Context(), authn.Answer{Method: "smoke"})
	f.refuses("beginning of a method", err, identity.ErrNotFound)
	_, err = f.try("Cookie", passphrase)
	f.refuses("mode", err, identity.ErrInvalid)
	if n := f.Passwords.Hasher.Hashes(); n != 0 {
		t.Errorf("%d hashes", n)
	}
}

// Users of another system come with the hash they had there.
func TestImport(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := open(t, db)
		const bcrypt = "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"
		for _, c := range []struct {
			email, name, hash string
			want              error
		}{
			{" Alice@Example.com", "Alice", bcrypt, nil},
			{alice, "Alice", bcrypt, account.ErrTaken},
			{"bob", "Bob", bcrypt, identity.ErrInvalid},
			{"bob@example.com", string(make([]byte, 200)) + "x", "", identity.ErrInvalid},
			{"bob@example.com", "Bob", "5f4dcc3b5aa765d61d8327deb882cf99", identity.ErrInvalid},
		} {
			_, err := f.Import(f.Context(), account.NewUser{Email: c.email, Verified: true, Name: c.name}, c.hash)
			f.refuses(c.email, err, c.want)
		}
		_, err := f.try(identity.ModeToken, "correct horse battery staple")
		f.must(err)
	})
}
