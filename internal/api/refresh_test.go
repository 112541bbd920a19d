package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

func (f *fixture) exchange(refresh string) answer {
	f.Helper()
	return f.program().do("POST", "/auth/refresh", message{"refreshToken": refresh})
}

// by sends a refresh token as the cookie.
func (f *fixture) by(cookie, agent string) answer {
	f.Helper()
	return (&device{fixture: f, header: http.Header{"Cookie": {"refresh=" + cookie}, "User-Agent": {agent}}}).do("POST", "/auth/refresh", nil)
}

// What is no refresh token of ours is refused, and what is not there is not looked up
// (REF-09, BUG-05).
func TestRefreshWithout(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		d := f.signedIn(alice, "native")
		good := d.refresh
		parts := strings.Split(good, ".")
		f.program().do("POST", "/auth/refresh", nil).is(401, "NO_REFRESH_TOKEN")
		f.exchange("").is(401, "NO_REFRESH_TOKEN")
		for _, bad := range []string{
			"x", "...", "a.b.c.d", good[:len(good)-1], good + "A", good + ".", " " + good, flip(good, len(good)-9), flip(good, 10),
			strings.Join([]string{parts[0], "2", parts[2], parts[3]}, "."),
			strings.Join([]string{parts[0], "01", parts[2], parts[3]}, "."),
			strings.Join([]string{parts[0], "-1", parts[2], parts[3]}, "."),
			strings.Join([]string{parts[0], parts[1], "000000000000", parts[3]}, "."),
			strings.Join([]string{"gra_00000000000000000000000000", parts[1], parts[2], parts[3]}, "."),
			d.access, strings.Repeat("a", 5000),
		} {
			f.exchange(bad).is(401, "INVALID_TOKEN")
		}
		d.renew().is(200, "") // none of it did any harm
	})
}

// A token for a cookie must not be moved into a body, where scripts could read its
// successor, nor the other way round. Trying does not end the sign-in.
func TestRefreshTransport(t *testing.T) {
	f := one(t)
	f.person(alice)
	native, browser := f.signedIn(alice, "native"), f.browser()
	inCookie := browser.login(alice, "token").cookie("refresh")
	f.exchange(inCookie).is(401, "INVALID_TOKEN")
	f.by(native.refresh, "Example/1.0").is(401, "INVALID_TOKEN")
	native.renew().is(200, "")
	browser.renew().is(200, "")
	// Where both come, the body is meant.
	r := browser.request("POST", "/auth/refresh", message{"refreshToken": native.refresh})
	r.Header.Set("User-Agent", "Example/1.0")
	browser.send(r).is(200, "").has("", "accessToken", "expiresIn", "tokenType", "refreshToken", "user", "session", "permissions").sets()
}

// The rotation rule, as a client meets it (REF-06, REF-10, CON-05, BUG-01).
func TestRotationRule(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		d := f.browser()
		first := d.login(alice, "token").cookie("refresh")
		second := d.renew().is(200, "").cookie("refresh")
		if first == second {
			t.Fatal("it was not rotated")
		}
		f.wait(30 * time.Second)
		if again := f.by(first, agent).is(200, "").cookie("refresh"); again != second {
			t.Error("a retry gets another successor: two tabs would fall out")
		}
		f.wait(time.Second)
		third := f.by(first, agent).is(200, "").cookie("refresh")
		if third == second || third == first {
			t.Error("the unused child was not replaced")
		}
		if again := f.by(first, agent).is(200, "").cookie("refresh"); again != third {
			t.Error("the replacement is not given again")
		}
		fourth := f.by(third, agent).is(200, "").cookie("refresh")
		f.by(second, agent).is(401, "TOKEN_REUSED") // the child that was killed
		f.by(fourth, agent).is(401, "TOKEN_REUSED")
		d.me().is(401, "TOKEN_REVOKED")

		other := f.browser()
		parent := other.login(alice, "token").cookie("refresh")
		other.renew().is(200, "")
		f.by(parent, "curl/8").is(401, "TOKEN_REUSED") // at once, but not from this browser
	})
}

// A sign-in of the token modes ends after seven days without an active person, and at the
// latest after thirty (REF-01, CON-01, BUG-04).
func TestRefreshLifetimes(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		const day = 24 * time.Hour
		idle, busy, absent := f.signedIn(alice, "native"), f.signedIn(alice, "native"), f.signedIn(alice, "native")
		for n := 6 * day; n < 30*day; n += 6 * day {
			f.wait(6 * day)
			busy.renew().is(200, "")
			a := absent.remember(absent.do("POST", "/auth/refresh", message{"refreshToken": absent.refresh, "active": false}))
			if n == 6*day {
				a.is(200, "")
				f.wait(day)
				idle.renew().is(401, "REFRESH_EXPIRED")
				f.wait(-day)
			} else {
				a.is(401, "REFRESH_EXPIRED") // nobody was there
			}
		}
		f.wait(6*day - time.Second)
		busy.renew().is(200, "")
		f.wait(time.Second)
		busy.renew().is(401, "REFRESH_EXPIRED")
		busy.me().is(401, "TOKEN_REVOKED")
	})
}

// A sign-in that was ended says so, whoever ended it (BUG-03, REF-13).
func TestRefreshAfterTheEnd(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.person(alice)
		for name, end := range map[string]func(d *device){
			"logged out":            func(d *device) { d.call("POST", "/auth/logout", nil).is(200, "") },
			"logged out everywhere": func(d *device) { d.call("POST", "/auth/logout-all", nil).is(200, "") },
			"disabled": func(*device) {
				f.must(f.gate.Flow.Disable(f.Context(), user.ID, true))
				f.must(f.gate.Flow.Disable(f.Context(), user.ID, false))
			},
			"signed out by the program": func(*device) { f.must(f.gate.SignOut(f.Context(), user.ID)) },
		} {
			d := f.signedIn(alice, "native")
			end(d)
			d = d.labelled(name)
			d.renew().is(401, "TOKEN_REVOKED")
			d.me().is(401, "TOKEN_REVOKED")
		}
	})
}

// Theft ends the sign-in of the thief and of the owner, who is told; other sign-ins stay
// (REF-08, REF-12), also where there are no cookies (REF-15).
func TestTheft(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.person(alice)
		d, elsewhere := f.signedIn(alice, "native"), f.signedIn(alice, "token")
		stolen := d.refresh
		d.renew().is(200, "")
		d.renew().is(200, "")
		f.exchange(stolen).is(401, "TOKEN_REUSED")
		d.renew().is(401, "TOKEN_REUSED")
		d.me().is(401, "TOKEN_REVOKED")
		if list := elsewhere.call("GET", "/auth/sessions", nil).is(200, "").at("items").([]any); len(list) != 1 {
			t.Errorf("%d sessions are left, want the other one", len(list))
		}
		elsewhere.renew().is(200, "")
		if n := f.events(user.ID)[identity.EventReuseDetected]; n != 1 {
			t.Errorf("%d events", n)
		}
		f.mails(alice, 1)
	}, calm)
}

// TestRefreshRace: fifty at once with one token all get the same successor, and nobody is
// signed out (REF-16, BUG-02).
func TestRefreshRace(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		d := f.signedIn(alice, "native")
		for round := range max(1, sqldbtest.Rounds(t)/2) {
			successors := make([]string, 50)
			sqldbtest.Race(len(successors), func(i int) {
				a := f.exchange(d.refresh)
				successors[i], _ = a.body["refreshToken"].(string)
			})
			for _, s := range successors {
				if s == "" || s != successors[0] || s == d.refresh {
					t.Fatalf("round %d: %q", round, successors)
				}
			}
			d.refresh = successors[0]
		}
		d.renew().is(200, "")
		d.me().is(200, "")
	})
}
