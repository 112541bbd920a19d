package magiclink_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/magiclink"
	"github.com/gatehouse-id/gatehouse/method/methodtest"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// TestMethod: a magic link is as every method must be (BUG-21, PWL-05).
func TestMethod(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	user := f.Person(house.Alice).ID
	f.Person("bob@example.com")
	login := f.Begun(magiclink.ID, house.Alice)
	code, token := f.mail()
	m, err := f.Method(magiclink.ID)
	f.Must(err)
	f.Begun(magiclink.ID, "bob@example.com")
	others, _ := f.mail()
	methodtest.Run(t, methodtest.Case{
		Method: m, Login: login, User: user, Good: authn.Input{Code: code[:3] + " " + code[3:]}, Once: true,
		Bad: map[string]authn.Input{
			"wrong": {Code: "x" + code[1:]}, "cut short": {Code: code[:5]}, "too long": {Code: code + "0"},
			"of another": {Code: others}, "the link": {Code: token}, "as a password": {Password: code},
		},
	})
}

// The link works in the browser that asked. On a page of another one the code must come
// along; a program needs the token only (CON-12, BUG-28, BUG-29).
func TestLink(t *testing.T) {
	each(t, func(f *fixture) {
		f.Person(house.Alice)
		for _, c := range []struct {
			name, asked, opened string
			code                func(string) string // nil: none
			want                error
		}{
			{"the same browser", "one", "one", nil, nil},
			{"another browser", "one", "two", nil, identity.ErrCode},
			{"another browser with a wrong code", "one", "two", func(c string) string { return "x" + c[1:] }, identity.ErrCode},
			{"another browser with the code", "one", "two", func(c string) string { return c }, nil},
			{"asked for by a program", "", "two", nil, identity.ErrCode},
			{"followed by a program", "one", "", nil, nil},
		} {
			f.Wait(time.Hour)
			f.ask(house.Alice, c.asked)
			code, token := f.mail()
			typed := ""
			if c.code != nil {
				typed = c.code(code)
			}
			k, err := f.Follow(f.Context(), token, c.opened)
			f.Must(err)
			if k.Email != house.Alice || k.SameBrowser != (c.asked == c.opened) {
				f.Errorf("%s: %+v", c.name, k)
			}
			f.Refuses(c.name, f.link(token, c.opened, typed), c.want)
		}
		f.Refuses("malformed", f.link("short", "", ""), identity.ErrInvalidLink)
		f.Refuses("unknown", f.link(strings.Repeat("A", 43), "", ""), identity.ErrLinkExpired)
	})
}

// Scanners that open what they find spend nothing, and those that press every button without
// a code get five tries (BUG-28).
func TestScanners(t *testing.T) {
	each(t, func(f *fixture) {
		f.Person(house.Alice)
		f.ask(house.Alice, "browser")
		_, token := f.mail()
		for range 10 {
			_, err := f.Follow(f.Context(), token, "scanner")
			f.Must(err)
		}
		f.Must(f.link(token, "browser", ""))
		_, err := f.Follow(f.Context(), token, "browser")
		f.Refuses("used", err, identity.ErrLinkExpired)
		f.Refuses("again", f.link(token, "browser", ""), identity.ErrLinkExpired)

		f.Wait(time.Hour)
		f.ask(house.Alice, "browser")
		_, token = f.mail()
		for range 5 {
			f.Refuses("button", f.link(token, "scanner", ""), identity.ErrCode)
		}
		f.Refuses("after five", f.link(token, "browser", ""), identity.ErrLinkExpired)
	})
}

// Of the link and the code one works, of all that were sent the newest, for ten minutes
// (PWL-05, ASVS 6.5.1, 6.5.5).
func TestOne(t *testing.T) {
	each(t, func(f *fixture) {
		f.Person(house.Alice)
		login := f.ask(house.Alice, "")
		code, token := f.mail()
		f.Must(f.code(login, code))
		f.Refuses("link after code", f.link(token, "", ""), identity.ErrLinkExpired)

		login = f.ask(house.Alice, "")
		code, token = f.mail()
		f.Must(f.link(token, "", ""))
		f.Refuses("code after link", f.code(login, code), identity.ErrRejected)

		login = f.ask(house.Alice, "")
		code, token = f.mail()
		newer := f.ask(house.Alice, "")
		f.Refuses("older link", f.link(token, "", ""), identity.ErrLinkExpired)
		f.Refuses("older code", f.code(login, code), identity.ErrRejected)
		code, token = f.mail()
		f.Wait(10*time.Minute + time.Second)
		f.Refuses("link too late", f.link(token, "", ""), identity.ErrLinkExpired)
		f.Refuses("code too late", f.code(newer, code), identity.ErrLinkExpired)
	})
}

// An address that nobody has proved signs nobody in: whoever made the account of somebody
// else's address knows its password (BUG-17). Beside the password a link proves it.
func TestUnproved(t *testing.T) {
	each(t, func(f *fixture) {
		id := f.Unproved(house.Alice).ID
		proved := func() {
			if user, err := f.Accounts.ByID(f.Context(), id); err != nil || !user.EmailVerified {
				f.Errorf("the address is not proved, %v", err)
			}
		}
		_, _, err := f.Begin(f.Context(), answer(f.Password(house.Alice).Login, "", authn.Input{}))
		f.Must(err)
		_, token := f.mail()
		f.Must(f.link(token, "", ""))
		proved()
		if out := f.Password(house.Alice); out.SignedIn == nil {
			f.Error("the password beside which it was proved is gone")
		}

		id = f.Unproved("bob@example.com").ID
		f.ask("bob@example.com", "")
		_, token = f.mail()
		f.Must(f.link(token, "", ""))
		proved()
		left, err := f.Accounts.Credentials(f.Context(), id, "")
		f.Must(err)
		if len(left) != 0 {
			f.Errorf("what somebody set up before is left: %+v", left)
		}
		f.Unverified = true
		f.Unproved("carol@example.com")
		before := len(f.Mails())
		f.ask("carol@example.com", "")
		if len(f.Mails()) != before {
			f.Error("a link where nobody proves addresses")
		}
	})
}

// It reaches only the address that is the user's now. Somebody disabled gets in no more
// (PWL-06).
func TestAddress(t *testing.T) {
	each(t, func(f *fixture) {
		id := f.Person(house.Alice).ID
		login := f.ask(house.Alice, "")
		code, token := f.mail()
		f.Must(f.Accounts.ChangeEmail(f.Context(), id, house.Alice, "new@example.com"))
		f.Refuses("code to the old address", f.code(login, code), identity.ErrRejected)
		f.Refuses("link to the old address", f.link(token, "", ""), identity.ErrLinkExpired)

		login = f.ask("new@example.com", "")
		code, token = f.mail()
		f.Must(f.Disable(f.Context(), id, true))
		f.Refuses("code of somebody disabled", f.code(login, code), identity.ErrRejected)
		f.Refuses("link of somebody disabled", f.link(token, "", ""), identity.ErrLinkExpired)
	})
}

// Where mail is no factor nothing is sent, and what was sent is worthless (ASVS 6.3.6). A
// link steps up no session: it is followed elsewhere.
func TestOff(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	user := f.Person(house.Alice)
	f.ask(house.Alice, "")
	_, token := f.mail()
	a := answer("", "", authn.Input{})
	a.StepUp = &identity.Principal{UserID: user.ID, SessionID: "ses_1"}
	_, _, err := f.Begin(t.Context(), a)
	f.Refuses("step-up", err, identity.ErrNotFound)
	m, err := f.Method(magiclink.ID)
	f.Must(err)
	for _, on := range []bool{true, false} {
		f.Policy.NoMail = !on
		if opens, err := m.(authn.First).Opens(t.Context(), user); opens != on || err != nil {
			t.Errorf("mail %v: opens %v, %v", on, opens, err)
		}
	}
	user.EmailVerified = false
	if opens, err := m.(authn.First).Opens(t.Context(), user); opens || err != nil {
		t.Errorf("an address that nobody has proved: %v, %v", opens, err)
	}
	f.Refuses("link", f.link(token, "", ""), identity.ErrLinkExpired)
	_, _, err = f.Begin(t.Context(), answer("", "", authn.Input{Email: house.Alice}))
	f.Refuses("beginning", err, identity.ErrNotFound)
	if len(f.Mails()) != 1 {
		t.Errorf("%d mails", len(f.Mails()))
	}
}

// A known, an unknown and a disabled address get the same answers, in the same shape, and
// count the same; only the known one gets mail, and no more than five an hour (PWL-01,
// BUG-21, RAT-14).
func TestKnownAndUnknown(t *testing.T) {
	var f *fixture
	traces, mails := map[string]string{}, map[string]int{}
	for _, email := range []string{house.Alice, "nobody@example.com", "disabled@example.com"} {
		f = open(t, sqldbtest.SQLite(t))
		f.Person(house.Alice)
		f.Must(f.Disable(t.Context(), f.Person("disabled@example.com").ID, true))
		traces[email] = f.Trace(magiclink.ID, email)
		for _, m := range f.Mails() {
			if m.Code != "" {
				mails[email]++
			}
		}
	}
	f.Alike(traces)
	if len(mails) != 1 || mails[house.Alice] != 5 {
		t.Errorf("mails: %v", mails)
	}
	if !strings.Contains(traces[house.Alice], "mail ADDRESS1") || !strings.Contains(traces[house.Alice], "RATE_LIMITED") {
		t.Error(traces[house.Alice])
	}
}

// Of many who use one link at once one is signed in, and of many with the link or the code
// beside it too (BUG-28).
func TestRace(t *testing.T) {
	each(t, func(f *fixture) {
		f.Person(house.Alice)
		for range sqldbtest.Rounds(f.TB) {
			for _, mixed := range []bool{false, true} {
				login := f.ask(house.Alice, "")
				code, token := f.mail()
				var in atomic.Int32
				sqldbtest.Race(50, func(i int) {
					var err error
					if mixed && i%2 == 0 {
						err = f.code(login, code)
					} else {
						err = f.link(token, "", "")
					}
					if err == nil {
						in.Add(1)
					} else if !slices.Contains([]string{"LINK_EXPIRED", "INVALID_CREDENTIALS"}, identity.CodeOf(err)) {
						f.Error(err)
					}
				})
				if in.Load() != 1 {
					f.Fatalf("mixed %v: %d were signed in", mixed, in.Load())
				}
			}
		}
	}, func(c *gatehouse.Config) { c.NoLimits, c.Ephemeral = true, nil })
}
