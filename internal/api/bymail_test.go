package api_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// link is the token in the newest mail to an address whose link leads to a path.
func (f *fixture) link(to, path string) string {
	f.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		for _, m := range f.inbox(to) {
			for _, link := range m.Links {
				if _, token, ok := strings.Cut(link, path+"?token="); ok && !f.used[token] {
					f.used[token] = true
					return token
				}
			}
		}
	}
	f.Fatalf("no new link to %s came to %s", path, to)
	return ""
}

// code is what came beside the newest link.
func (f *fixture) codeBeside(to string) string {
	f.Helper()
	for _, m := range f.inbox(to) {
		if m.Code != "" {
			return m.Code
		}
	}
	f.Fatalf("no code came to %s", to)
	return ""
}

// A magic link signs in once, by POST, in the mode in which it was asked for, within its
// time; of it the database has the hash (PWL-01..06, PWL-13, BUG-28, BUG-29, CON-12).
func TestMagicLink(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.person(alice)
		d := f.browser()
		d.do("POST", "/auth/magic-link", message{"email": alice, "returnTo": "/posts"}).is(200, "").has("", "message")
		token := f.link(alice, "/auth/verify")
		if raw := f.column(`SELECT hash FROM challenges WHERE purpose = 'link'`); !bytes.Equal(raw, secret.Hash(token)) {
			t.Errorf("kept as %s", hex.EncodeToString(raw))
		}
		for range 10 {
			d.do("GET", "/auth/verify?token="+token, nil)
			d.do("HEAD", "/auth/verify?token="+token, nil)
		}
		d.do("POST", "/auth/verify", message{"token": ""}).is(400, "INVALID_LINK")
		d.do("POST", "/auth/verify", message{"token": "short"}).is(400, "INVALID_LINK")
		d.do("POST", "/auth/verify", message{"token": secret.New()}).is(401, "LINK_EXPIRED")
		in := d.remember(d.do("POST", "/auth/verify", message{"token": token}).is(200, ""))
		in.has("", "accessToken", "expiresIn", "tokenType", "user", "session", "permissions").sets(places[0].set(map[string]int{"refresh": 2592000, "hint": 2592000})...)
		d.do("POST", "/auth/verify", message{"token": token}).is(401, "LINK_EXPIRED")
		if me := d.me().is(200, ""); me.at("amr.0") != "magic-link" || me.at("acr") != "aal1" {
			t.Errorf("%s", me.text)
		}
		if f.events(user.ID)[identity.EventLoginSucceeded] != 1 {
			t.Error("the log does not tell of it")
		}

		f.wait(time.Hour)
		p := f.program() // it keeps no cookie, and needs none
		p.do("POST", "/auth/magic-link", message{"email": alice, "mode": "native"}).is(200, "")
		older := f.link(alice, "/auth/verify")
		p.do("POST", "/auth/magic-link", message{"email": alice, "mode": "native"}).is(200, "")
		newer := f.link(alice, "/auth/verify")
		p.do("POST", "/auth/verify", message{"token": older}).is(401, "LINK_EXPIRED")
		p.remember(p.do("POST", "/auth/verify", message{"token": newer}).is(200, "").sets())
		p.me().is(200, "")

		p.do("POST", "/auth/magic-link", message{"email": alice}).is(200, "")
		late := f.link(alice, "/auth/verify")
		f.wait(10 * time.Minute)
		p.do("POST", "/auth/verify", message{"token": late}).is(401, "LINK_EXPIRED")
	})
}

// The code beside the link signs in where it was asked for, by the general form.
func TestMagicCode(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		d := f.browser()
		d.csrf()
		login := d.do("POST", "/auth/login/magic-link", message{"email": alice, "mode": "cookie"}).is(200, "").str("login")
		f.link(alice, "/auth/verify")
		d.do("POST", "/auth/login/magic-link/finish", message{"login": login, "code": f.codeBeside(alice)}).is(200, "")
		d.me().is(200, "")
	})
}

// Whoever has an account whose address nobody has proved proves it by a code, after the
// password.
func TestUnprovedAddress(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(admin, "admin")
		boss := f.signedIn(admin, "token")
		boss.call("POST", "/admin/api/users", message{"email": alice, "password": passphrase, "emailVerified": false}).is(201, "")
		d := f.browser()
		a := d.try(message{"email": alice, "password": passphrase, "mode": "cookie"}).is(200, "")
		if a.at("next.0") != "email-code" {
			t.Fatalf("%s", a.text)
		}
		login := a.str("login")
		d.do("POST", "/auth/login/email-code", message{"login": login}).is(200, "")
		f.mails(alice, 1)
		d.do("POST", "/auth/login/email-code/finish", message{"login": login, "code": "000000"}).is(400, "INVALID_CODE")
		d.do("POST", "/auth/login/email-code/finish", message{"login": login, "code": f.codeBeside(alice)}).is(200, "")
		if me := d.me().is(200, ""); me.at("user.emailVerified") != true || me.at("acr") != "aal1" {
			t.Errorf("%s", me.text)
		}
	})
}

// A forgotten password is replaced by whoever reads the mail, once, within an hour; everybody
// is signed out, and the second factor stays (RST-01..09, BUG-30, CON-11).
func TestForgottenPassword(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		d := f.signedIn(alice, "token")
		gen, _ := d.setUp()
		other := f.browser()
		other.second("totp", other.halfway(), gen.code()).is(200, "")

		p := f.program()
		p.do("POST", "/auth/forgot-password", message{"email": "unknown@example.com"}).is(200, "")
		p.do("POST", "/auth/forgot-password", message{"email": "no address"}).is(400, "VALIDATION_FAILED").names("email")
		p.do("POST", "/auth/forgot-password", message{"email": alice}).is(200, "").has("", "message")
		token := f.link(alice, "/reset-password")
		p.do("POST", "/auth/reset-password", message{"token": token, "password": "short"}).is(400, "WEAK_PASSWORD")
		p.do("POST", "/auth/reset-password", message{"token": "short", "password": another}).is(400, "INVALID_LINK")
		p.do("POST", "/auth/reset-password", message{"token": token, "password": another}).is(200, "").sets()
		p.do("POST", "/auth/reset-password", message{"token": token, "password": another}).is(401, "LINK_EXPIRED")
		d.me().is(401, "TOKEN_REVOKED")
		d.renew().is(401, "TOKEN_REVOKED")
		other.renew().is(401, "TOKEN_REVOKED")
		p.try(message{"email": alice, "password": passphrase}).is(401, "INVALID_CREDENTIALS")
		a := p.try(message{"email": alice, "password": another}).is(200, "")
		if a.at("mfaRequired") != true {
			t.Errorf("the second factor is gone: %s", a.text)
		}
		p.do("POST", "/auth/forgot-password", message{"email": alice}).is(200, "")
		late := f.link(alice, "/reset-password")
		f.wait(time.Hour)
		p.do("POST", "/auth/reset-password", message{"token": late, "password": passphrase}).is(401, "LINK_EXPIRED")
	})
}

// An address is exchanged when both agree; whoever reads the old one can take it back.
func TestChangeEmail(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		f.person(bob)
		const mallory = "mallory@example.com"
		d := f.signedIn(alice, "token")
		taken := d.call("POST", "/auth/email", message{"email": bob}).is(200, "").text
		f.link(alice, "/email")
		if free := d.call("POST", "/auth/email", message{"email": mallory}).is(200, "").text; free != taken {
			t.Errorf("%s, but %s", free, taken)
		}
		fromNew, fromOld := f.link(mallory, "/email"), f.link(alice, "/email")
		p := f.program()
		if a := p.do("POST", "/auth/email/verify", message{"token": fromNew}).is(200, ""); a.str("status") != "waiting" {
			t.Errorf("%s", a.text)
		}
		if me := d.me(); me.str("user.email") != alice {
			t.Errorf("%s", me.text)
		}
		if a := p.do("POST", "/auth/email/verify", message{"token": fromOld}).is(200, ""); a.str("status") != "changed" {
			t.Errorf("%s", a.text)
		}
		if me := d.me(); me.str("user.email") != mallory {
			t.Errorf("%s", me.text)
		}
		notMe := f.link(alice, "/not-me")
		p.do("POST", "/auth/not-me", message{"token": notMe}).is(200, "")
		d.me().is(401, "TOKEN_REVOKED")
		p.do("POST", "/auth/reset-password", message{"token": f.link(alice, "/reset-password"), "password": another}).is(200, "")
		p.try(message{"email": alice, "password": another}).is(200, "")
		p.try(message{"email": mallory, "password": another}).is(401, "INVALID_CREDENTIALS")
	})
}

// Whoever lost all factors is let back in by an administrator, who never sees the link, after
// a day in which its owner can stop it (PWL-12, ASVS 6.4.6).
func TestRecovery(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(admin, "admin")
		user := f.person(alice)
		f.signedIn(alice, "token").setUp()
		boss, p := f.signedIn(admin, "token"), f.program()
		begin := func() (link, stop string) {
			a := boss.call("POST", "/admin/api/users/"+string(user.ID)+"/recovery", nil).is(200, "").has("", "status", "opensAt")
			if a.str("opensAt") != f.now().Add(24*time.Hour).UTC().Format(time.RFC3339) {
				t.Errorf("%s", a.text)
			}
			return f.link(alice, "/recover"), f.link(alice, "/recover/stop")
		}
		link, stop := begin()
		p.do("POST", "/auth/recover", message{"token": link, "password": another}).is(409, "CONFLICT")
		p.do("POST", "/auth/recover/stop", message{"token": stop}).is(200, "")
		f.wait(24 * time.Hour)
		p.do("POST", "/auth/recover", message{"token": link, "password": another}).is(401, "LINK_EXPIRED")
		boss = f.signedIn(admin, "token")
		link, _ = begin()
		f.wait(24 * time.Hour)
		p.do("POST", "/auth/recover", message{"token": link, "password": another}).is(200, "")
		p.do("POST", "/auth/recover", message{"token": link, "password": another}).is(401, "LINK_EXPIRED")
		p.try(message{"email": alice, "password": another}).is(200, "").has("", "accessToken", "expiresIn", "tokenType", "user", "session", "permissions")
	})
}

// Too many failures of an account send its owner a link that opens it again (RAT-12).
func TestUnlock(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		d := f.browser()
		d.climb(f, alice, 10)
		d.try(message{"email": alice, "password": passphrase}).is(429, "ACCOUNT_LOCKED")
		d.do("POST", "/auth/unlock", message{"token": f.link(alice, "/unlock")}).is(200, "")
		d.login(alice, "token")
	}, behindProxy, withoutCaptcha)
}

// column reads one value of the database.
func (f *fixture) column(query string) (value []byte) {
	f.Helper()
	_, err := f.gate.Flow.DB.Row(f.Context(), []any{&value}, query)
	f.must(err)
	return value
}

// A password that is changed ends what was mailed before: the link to reset it, and the
// sign-ins by mail that are under way.
func TestChangeEndsWhatWasMailed(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		d, p := f.signedIn(alice, "token"), f.program()
		p.do("POST", "/auth/forgot-password", message{"email": alice}).is(200, "")
		reset := f.link(alice, "/reset-password")
		p.do("POST", "/auth/magic-link", message{"email": alice}).is(200, "")
		link := f.link(alice, "/auth/verify")
		login := p.do("POST", "/auth/login/email-code", message{"email": alice}).is(200, "").str("login")
		f.mails(alice, 3)
		code := f.codeBeside(alice)
		d.call("POST", "/auth/change-password", message{"currentPassword": passphrase, "newPassword": another}).is(200, "")
		p.do("POST", "/auth/reset-password", message{"token": reset, "password": passphrase}).is(401, "LINK_EXPIRED")
		p.do("POST", "/auth/verify", message{"token": link}).is(401, "LINK_EXPIRED")
		p.do("POST", "/auth/login/email-code/finish", message{"login": login, "code": code}).is(401, "LINK_EXPIRED")
	})
}
