package api_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/test/geofile"
)

// Where people are, by the map of the tests.
const (
	inHamburg = "192.0.2.7"
	inKiel    = "192.0.2.200"
	inOsaka   = "198.51.100.3"
	inLyon    = "203.0.113.200"
	iphone    = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)

// calm judges no sign-in, for tests in which people sign in by many browsers and their mail is counted.
func calm(c *gatehouse.Config) { c.Risk.Off = true }

// mapped is a house behind a proxy that knows where addresses are.
func mapped(t *testing.T, r gatehouse.Risk, fn func(*fixture)) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "world.mmdb")
	geofile.Write(t, name, geofile.World)
	r.GeoIP = []string{name}
	each(t, fn, behindProxy, func(c *gatehouse.Config) { c.Risk = r })
}

// comes is a browser that nobody knows, at an address.
func (f *fixture) comes(ip string) *device { return f.browser().at(ip) }

func (d *device) with(agent string) *device {
	inner := *d
	inner.header = d.header.Clone()
	inner.header.Set("User-Agent", agent)
	return &inner
}

// enters signs alice in by her password.
func (d *device) enters() answer {
	d.Helper()
	return d.remember(d.try(message{"email": alice, "password": passphrase, "mode": "cookie"}))
}

// judged are the assessments of a user, the latest first, as "verdict score: signals".
func (f *fixture) judged(u *identity.User) (list []string) {
	f.Helper()
	events, _, err := f.gate.Log.List(f.Context(), audit.Query{Subject: u.ID, Type: identity.EventRiskAssessed})
	f.must(err)
	for _, e := range events {
		list = append(list, e.Data["verdict"]+" "+e.Data["score"]+": "+e.Data["signals"])
	}
	return list
}

func (f *fixture) wasJudged(u *identity.User, want ...string) {
	f.Helper()
	if got := f.judged(u); !slices.Equal(got, want) {
		f.Errorf("judged %q, want %q", got, want)
	}
}

// The first sign-in is never odd. The next by a new browser is told by mail, with the device, the
// time, the place and a link that ends all of it when it was not them (RAT-16, ASVS 6.3.5, BRE-05).
func TestOddNotice(t *testing.T) {
	mapped(t, gatehouse.Risk{}, func(f *fixture) {
		u := f.person(alice)
		own := f.comes(inHamburg)
		own.enters().is(200, "")
		f.wasJudged(u)
		f.wait(10 * time.Minute)
		thief := f.comes(inKiel)
		thief.enters().is(200, "")
		m := f.mails(alice, 1)
		for _, want := range []string{"A new sign-in", "2 Jan 2026, 03:14 UTC", "Firefox on Linux", "Kiel, DE (192.0.2.200)", "/account/devices", "This was not me"} {
			if !strings.Contains(m.Text, want) {
				t.Errorf("the mail does not say %q:\n%s", want, m.Text)
			}
		}
		f.wasJudged(u, "notice 20: new-device")
		if list := thief.call("GET", "/auth/sessions", nil).is(200, ""); list.at("items.0.place") != "Kiel, DE" || list.at("items.1.place") != "Hamburg, DE" {
			t.Errorf("%s", list.text)
		}
		told := thief.call("GET", "/auth/events?type=risk.assessed", nil).is(200, "")
		if told.at("items.0.data.signals") != "new-device" || strings.Contains(told.text, "score") || strings.Contains(told.text, "reasons") {
			t.Errorf("a thief reads how odd one may be: %s", told.text)
		}
		thief.do("POST", "/auth/not-me", message{"token": f.link(alice, "/not-me")}).is(200, "")
		for _, d := range []*device{own, thief} {
			d.me().is(401, "NO_CREDENTIALS")
		}
		f.comes(inHamburg).enters().is(403, "PASSWORD_RESET_REQUIRED")
	})
}

// A browser that nobody knows, in a country where its user never was, must prove one thing more: by
// mail, where there is nothing else (RAT-16). A wrong code does not do, nor the password again.
func TestOddProofByMail(t *testing.T) {
	mapped(t, gatehouse.Risk{}, func(f *fixture) {
		u := f.person(alice)
		f.comes(inHamburg).enters().is(200, "")
		f.wait(24 * time.Hour)
		d := f.comes(inOsaka)
		a := d.enters().is(200, "").has("", "mfaRequired", "login", "next", "expiresIn").sets()
		if next := a.at("next").([]any); len(next) != 1 || next[0] != "email-code" {
			t.Fatalf("%s", a.text)
		}
		f.wasJudged(u, "prove 60: new-device new-network new-country")
		login := a.str("login")
		again := d.do("POST", "/auth/login/password", message{"login": login, "email": alice, "password": passphrase}).is(200, "").sets()
		if again.at("mfaRequired") != true {
			t.Errorf("the password proves it: %s", again.text)
		}
		d.do("POST", "/auth/login/email-code", message{"login": login}).is(200, "")
		d.do("POST", "/auth/login/email-code/finish", message{"login": login, "code": "000000"}).is(400, "INVALID_CODE")
		f.mails(alice, 2) // the notice and the code, in whatever order
		d.do("POST", "/auth/login/email-code/finish", message{"login": login, "code": f.codeBeside(alice)}).is(200, "")
		d.me().is(200, "")
		f.wasJudged(u, "prove 60: new-device new-network new-country") // once a sign-in
		f.wait(24 * time.Hour)
		f.comes(inOsaka).enters().is(200, "").has("", "session", "user", "permissions") // now it is theirs
	})
}

// Whoever has a second factor is asked for that, remembered device or not; who has proved two kinds of
// evidence is not asked for a third, unless that is wanted.
func TestOddProofByFactor(t *testing.T) {
	for name, always := range map[string]bool{"once": false, "always": true} {
		t.Run(name, func(t *testing.T) {
			mapped(t, gatehouse.Risk{Always: always}, func(f *fixture) {
				f.person(alice)
				d := f.comes(inHamburg)
				d.enters().is(200, "")
				gen, codes := d.setUp()
				login := d.enters().is(200, "").str("login")
				d.do("POST", "/auth/login/totp", message{"login": login, "code": gen.code(), "rememberDevice": true}).is(200, "")
				d.enters().is(200, "").has("", "session", "user", "permissions")
				f.wait(time.Hour)

				odd := d.at(inOsaka)
				a := odd.enters().is(200, "").sets()
				if next := a.at("next").([]any); !slices.Equal(next, []any{"totp", "backup-code"}) {
					t.Fatalf("%s", a.text)
				}
				odd.second("email-code", a.str("login"), "").is(200, "") // it is not what is asked for
				mailed := odd.do("POST", "/auth/login/email-code/finish", message{"login": a.str("login"), "code": f.code(alice)})
				if mailed.is(200, "").sets().at("mfaRequired") != true {
					t.Errorf("a mail stands in for the factor: %s", mailed.text)
				}
				odd.second("totp", a.str("login"), "000000").is(400, "INVALID_CODE")
				odd.second("totp", a.str("login"), gen.code()).is(200, "").has("", "session", "user", "permissions")

				f.wait(time.Hour)
				stranger := f.comes(inLyon)
				login = stranger.enters().is(200, "").str("login")
				done := stranger.second("totp", login, gen.code()).is(200, "")
				if (done.at("mfaRequired") == true) != always {
					t.Errorf("after two factors: %s", done.text)
				}
				if always {
					stranger.second("backup-code", login, codes[0].(string)).is(200, "").has("", "session", "user", "permissions")
				}
			})
		})
	}
}

// code waits for a mail with a code and returns the code.
func (f *fixture) code(email string) string {
	f.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		for _, m := range f.inbox(email) {
			if m.Code != "" {
				return m.Code
			}
		}
	}
	f.Fatal("no code came")
	return ""
}

// mailed are the subjects of all mails to alice: one more, that comes last, shows that no other does.
func (f *fixture) mailed() (list []string) {
	f.Helper()
	f.browser().do("POST", "/auth/forgot-password", message{"email": alice}).is(200, "")
	f.link(alice, "/reset-password")
	for _, m := range f.inbox(alice) {
		list = append(list, strings.TrimSuffix(m.Subject, " Gatehouse"))
	}
	slices.Reverse(list)
	return list
}

// Nothing is judged that does not know the password, and what is refused looks like a wrong one: to
// whoever asks, in the log and in the mailbox of an address that nobody has (BUG-21, RAT-14).
func TestOddRefused(t *testing.T) {
	mapped(t, gatehouse.Risk{Refuse: 60}, func(f *fixture) {
		u := f.person(alice)
		f.comes(inHamburg).enters().is(200, "")
		f.wait(24 * time.Hour)
		wrong := f.comes(inOsaka).fail(alice).is(401, "INVALID_CREDENTIALS")
		unknown := f.comes(inOsaka).fail("nobody@example.com").is(401, "INVALID_CREDENTIALS")
		f.wasJudged(u)
		refused := f.comes(inOsaka).enters().is(401, "INVALID_CREDENTIALS").sets()
		f.wasJudged(u, "refuse 60: new-device new-network new-country")
		for _, a := range []answer{wrong, unknown} {
			if a.at("message") != refused.at("message") || len(a.body) != len(refused.body) {
				t.Errorf("%s differs from %s", refused.text, a.text)
			}
		}
		if n := f.events(u.ID); n[identity.EventLoginFailed] != 2 || n[identity.EventSessionCreated] != 1 {
			t.Errorf("%v", n)
		}
		if m := f.mails(alice, 1); !strings.Contains(m.Text, "we let nobody in") || !strings.Contains(m.Text, "Osaka, JP") || !strings.Contains(m.Text, "This was not me") {
			t.Errorf("%s", m.Text)
		}
	})
}

// In shadow all is judged, and nothing comes of it.
func TestOddShadow(t *testing.T) {
	mapped(t, gatehouse.Risk{Shadow: true, Refuse: 60}, func(f *fixture) {
		u := f.person(alice)
		f.comes(inHamburg).enters().is(200, "")
		f.wait(24 * time.Hour)
		f.comes(inOsaka).enters().is(200, "").has("", "session", "user", "permissions")
		f.wasJudged(u, "refuse 60: new-device new-network new-country")
		events, _, err := f.gate.Log.List(f.Context(), audit.Query{Subject: u.ID, Type: identity.EventRiskAssessed})
		f.must(err)
		if d := events[0].Data; d["shadow"] != "true" || !strings.Contains(d["reasons"], "new-country (30): none of the countries") {
			t.Errorf("%v", d)
		}
		if got := f.mailed(); len(got) != 1 {
			t.Errorf("mailed %q", got)
		}
	})
}

// One setting asks for one more proof from everything that is new (BRE-09), without a map too.
func TestOddStrict(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		f.comes(inHamburg).enters().is(200, "").has("", "session", "user", "permissions")
		f.wait(24 * time.Hour)
		for _, ip := range []string{inHamburg, "192.0.3.1", "2001:db8::1"} {
			if a := f.comes(ip).enters().is(200, "").sets(); a.at("mfaRequired") != true {
				t.Errorf("%s: %s", ip, a.text)
			}
		}
	}, behindProxy, func(c *gatehouse.Config) { c.Risk = gatehouse.StrictRisk() })
}

// A success after many failures is told, once (ASVS 6.3.5).
func TestOddFailures(t *testing.T) {
	each(t, func(f *fixture) {
		u := f.person(alice)
		own := f.comes(inHamburg)
		own.enters().is(200, "")
		for range 5 {
			f.wait(time.Minute)
			f.comes(inOsaka).fail(alice).is(401, "INVALID_CREDENTIALS")
		}
		f.wait(time.Minute)
		own.enters().is(200, "")
		f.wait(time.Minute)
		own.enters().is(200, "")
		all := f.judged(u)
		if failed := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return !strings.Contains(s, "many-failures") }); len(failed) != 1 {
			t.Errorf("judged %q", all)
		}
	}, behindProxy)
}

// However often somebody comes as a stranger, five mails an hour tell of it.
func TestOddMailsBounded(t *testing.T) {
	f := one(t, behindProxy)
	u := f.person(alice)
	for range 9 {
		f.comes(inHamburg).enters().is(200, "")
		f.wait(time.Second)
	}
	if got := f.mailed(); len(got) != 6 || got[5] == got[0] {
		t.Errorf("mailed %q", got)
	}
	if got := f.judged(u); len(got) != 8 {
		t.Errorf("judged %q", got)
	}
}

// A session that goes on in another browser is told, and not ended; a new version of the browser is
// none (REF-12).
func TestSessionMoves(t *testing.T) {
	each(t, func(f *fixture) {
		u := f.person(alice)
		d := f.program().with(agent)
		d.login(alice, "native")
		for _, same := range []string{strings.ReplaceAll(agent, "140.0", "141.0"), agent} {
			f.wait(time.Minute)
			d = d.with(same)
			d.renew().is(200, "")
		}
		if n := f.events(u.ID)[identity.EventSessionMoved]; n != 0 {
			t.Errorf("%d moves within the same browser", n)
		}
		f.wait(time.Minute)
		d = d.with(iphone)
		for range 2 {
			d.renew().is(200, "")
			f.wait(time.Minute)
		}
		events, _, err := f.gate.Log.List(f.Context(), audit.Query{Subject: u.ID, Type: identity.EventSessionMoved})
		f.must(err)
		if len(events) != 1 || events[0].Data["from"] != "Firefox on Linux" || events[0].Data["to"] != "Safari on iOS" {
			t.Errorf("%+v", events)
		}
		if got := f.mailed(); len(got) != 2 || got[0] != "A sign-in of yours at Gatehouse went on in another browser" {
			t.Errorf("mailed %q", got)
		}
	})
}

// Everybody reads what is kept of where they were: prefixes, no addresses.
func TestPlacesExported(t *testing.T) {
	mapped(t, gatehouse.Risk{}, func(f *fixture) {
		f.person(alice)
		d := f.comes(inHamburg)
		d.enters().is(200, "")
		a := d.call("GET", "/auth/export", nil).is(200, "").has("places.0",
			"network", "device", "place", "country", "asn", "latitude", "longitude", "radius", "firstSeen", "lastSeen")
		if a.at("places.0.network") != "192.0.2.0/24" || a.at("places.0.place") != "Hamburg, DE" || a.at("places.0.latitude") != 53.6 {
			t.Errorf("%s", a.text)
		}
	})
	f := one(t, calm)
	f.person(alice)
	if a := f.signedIn(alice, "cookie").call("GET", "/auth/export", nil).is(200, ""); len(a.at("places").([]any)) != 0 {
		t.Errorf("what is off remembers: %s", a.text)
	}
}

// Of somebody who came in by mail another mail proves nothing: they are asked for their password. And
// whoever has nothing more to prove gets in, with the notice.
func TestOddProofAfterMail(t *testing.T) {
	for name, noMail := range map[string]bool{"by mail": false, "nothing left": true} {
		t.Run(name, func(t *testing.T) {
			f := one(t, behindProxy, func(c *gatehouse.Config) { c.Risk, c.Proofs.NoMail = gatehouse.StrictRisk(), noMail })
			u := f.person(alice)
			f.comes(inHamburg).enters().is(200, "").has("", "session", "user", "permissions")
			d := f.comes(inOsaka)
			if noMail {
				d.enters().is(200, "").has("", "session", "user", "permissions")
				f.wasJudged(u, "prove 30: new-device new-network")
				f.mails(alice, 1)
				return
			}
			login := d.do("POST", "/auth/login/email-code", message{"email": alice, "mode": "cookie"}).is(200, "").str("login")
			a := d.do("POST", "/auth/login/email-code/finish", message{"login": login, "code": f.code(alice)}).is(200, "").sets()
			if next := a.at("next").([]any); len(next) != 1 || next[0] != "password" {
				t.Fatalf("%s", a.text)
			}
			d.do("POST", "/auth/login/password", message{"login": login, "email": alice, "password": "wrong hammer seventeen"}).is(400, "INVALID_CODE")
			d.do("POST", "/auth/login/password", message{"login": login, "email": alice, "password": passphrase}).is(200, "").has("", "session", "user", "permissions")
		})
	}
}
