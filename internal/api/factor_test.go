package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// An app is an authenticator application that is not ours.
type app struct {
	*fixture
	secret string
}

// code is what the application shows now; each is good once, so the clock goes on.
func (a *app) code() string {
	a.Helper()
	a.wait(30 * time.Second)
	code, err := totp.GenerateCode(a.secret, a.now())
	a.must(err)
	return code
}

// setUp gives whoever is signed in an application, and returns their backup codes.
func (d *device) setUp() (*app, []any) {
	d.Helper()
	a := d.call("POST", "/auth/2fa/setup", nil).is(200, "").has("", "secret", "otpauthUrl", "qrDataUrl")
	gen := &app{d.fixture, a.str("secret")}
	if !strings.HasPrefix(a.str("otpauthUrl"), "otpauth://totp/") || !strings.HasPrefix(a.str("qrDataUrl"), "data:image/svg+xml;base64,") {
		d.Errorf("%s", a.text)
	}
	d.call("POST", "/auth/2fa/verify-setup", message{"code": "000000"}).is(400, "INVALID_CODE")
	done := d.call("POST", "/auth/2fa/verify-setup", message{"code": gen.code()}).is(200, "").has("", "backupCodes")
	codes, _ := done.at("backupCodes").([]any)
	if len(codes) != 10 {
		d.Errorf("%s", done.text)
	}
	return gen, codes
}

// second answers a sign-in that waits for a second factor.
func (d *device) second(method, login, code string) answer {
	d.Helper()
	return d.do("POST", "/auth/login/"+method, message{"login": login, "code": code})
}

func (d *device) halfway() string {
	d.Helper()
	return d.try(message{"email": alice, "password": passphrase}).is(200, "").has("", "mfaRequired", "login", "next", "expiresIn").sets().str("login")
}

// An authenticator application is set up, asked for, and removed; a backup code stands in for
// it once (MFA-02..11, BUG-27).
func TestAuthenticator(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		d := f.signedIn(alice, "token")
		gen, codes := d.setUp()
		list := d.call("GET", "/auth/credentials", nil).is(200, "")
		if list.at("items.0.method") != "password" || list.at("items.1.method") != "totp" || list.at("items.2.remaining") != 10.0 {
			t.Errorf("%s", list.text)
		}

		p := f.program()
		login := p.halfway()
		p.second("totp", login, "000000").is(400, "INVALID_CODE")
		used := gen.code()
		p.remember(p.second("totp", login, used).is(200, ""))
		if me := p.me().is(200, ""); me.at("acr") != "aal2" {
			t.Errorf("%s", me.text)
		}
		p.second("totp", p.halfway(), used).is(400, "INVALID_CODE")
		p.second("totp", "", gen.code()).is(401, "INVALID_CREDENTIALS")

		paper := strings.ToUpper(strings.ReplaceAll(codes[0].(string), "-", " "))
		p.second("backup-code", p.halfway(), paper).is(200, "")
		p.second("backup-code", p.halfway(), codes[0].(string)).is(400, "INVALID_CODE")
		fresh := d.call("POST", "/auth/2fa/backup-codes", nil).is(200, "")
		p.second("backup-code", p.halfway(), codes[1].(string)).is(400, "INVALID_CODE")
		p.second("backup-code", p.halfway(), fresh.str("backupCodes.0")).is(200, "")

		f.wait(10 * time.Minute)
		d.renew().is(200, "")
		d.call("DELETE", "/auth/2fa", nil).is(401, "STALE_TOKEN")
		d.remember(d.call("POST", "/auth/step-up/totp", message{"code": gen.code()}).is(200, ""))
		d.call("DELETE", "/auth/2fa", nil).is(204, "")
		f.signedIn(alice, "token").me().is(200, "")
		if left := d.call("GET", "/auth/credentials", nil); strings.Contains(left.text, "backup-code") {
			t.Errorf("%s", left.text)
		}
	})
}

// What is dangerous asks for a proof of the last minutes, by the challenge of RFC 9470, and
// not by when the token was made (ZTR-05, ZTR-10, BUG-09).
func TestStale(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		for _, mode := range []string{"cookie", "token", "native"} {
			d := f.signedIn(alice, mode)
			f.wait(5*time.Minute + time.Second)
			if mode != "cookie" {
				d.renew().is(200, "")
			}
			for _, route := range []string{
				"POST /auth/2fa/setup", "DELETE /auth/2fa", "POST /auth/2fa/backup-codes", "POST /auth/passkeys/register",
				"DELETE /auth/passkeys/crd_1", "POST /auth/phone", "DELETE /auth/phone", "POST /auth/email",
				"POST /auth/credentials/totp", "DELETE /auth/credentials/crd_1", "DELETE /auth/account",
			} {
				method, path, _ := strings.Cut(route, " ")
				a := d.call(method, path, nil).is(401, "STALE_TOKEN")
				if h := a.header.Get("WWW-Authenticate"); !strings.Contains(h, `error="insufficient_user_authentication"`) || !strings.Contains(h, "max_age=") {
					t.Errorf("%s: %s", route, h)
				}
			}
			id := d.me().str("session.id")
			d.call("POST", "/auth/step-up", message{"password": "wrong hammer seventeen"}).is(401, "INVALID_CREDENTIALS")
			offer := d.call("POST", "/auth/step-up", nil).is(200, "")
			if offer.at("next.0") != "password" {
				t.Errorf("%s", offer.text)
			}
			d.remember(d.call("POST", "/auth/step-up", message{"password": passphrase}).is(200, ""))
			if me := d.me().is(200, ""); me.str("session.id") != id || me.str("authTime") != f.now().UTC().Format(time.RFC3339) {
				t.Errorf("%s", me.text)
			}
			d.call("POST", "/auth/2fa/setup", nil).is(200, "")
		}
	})
}

// An account is deleted by a proof of the last minute, and nothing of it works any more
// (ZTR-06).
func TestDeleteAccount(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		d, other := f.signedIn(alice, "token"), f.signedIn(alice, "cookie")
		export := d.call("GET", "/auth/export", nil).is(200, "").has("", "user", "credentials", "sessions", "places", "apiKeys", "events")
		if export.str("user.email") != alice || strings.Contains(export.text, "argon2") {
			t.Errorf("%s", export.text)
		}
		f.wait(time.Minute + time.Second)
		d.call("DELETE", "/auth/account", nil).is(401, "STALE_TOKEN")
		d.remember(d.call("POST", "/auth/step-up", message{"password": passphrase}).is(200, ""))
		d.call("DELETE", "/auth/account", nil).is(204, "")
		d.me().is(401, "TOKEN_REVOKED")
		other.me().is(401, "NO_CREDENTIALS")
		d.try(message{"email": alice, "password": passphrase}).is(401, "INVALID_CREDENTIALS")
	})
}

// Whoever must have a second factor sets one up before anything is handed out (MFA-14,
// BRE-08).
func TestMustEnroll(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice, "admin")
		f.person(bob)
		f.signedIn(bob, "token").me().is(200, "") // nothing is demanded of bob
		d := f.browser()
		a := d.try(message{"email": alice, "password": passphrase, "mode": "cookie"}).is(403, "MFA_ENROLLMENT_REQUIRED").sets()
		login := a.str("login")
		if list, _ := a.at("enroll").([]any); len(list) == 0 {
			t.Errorf("%s", a.text)
		}
		f.browser().do("POST", "/auth/login/totp/enroll", message{"login": "unknown"}).is(401, "LINK_EXPIRED")
		begun := d.do("POST", "/auth/login/totp/enroll", message{"login": login}).is(200, "").has("", "login", "prompt")
		gen := &app{f, begun.str("prompt.secret.key")}
		d.do("POST", "/auth/login/totp/enroll/finish", message{"login": login, "code": "000000"}).is(400, "INVALID_CODE")
		done := d.do("POST", "/auth/login/totp/enroll/finish", message{"login": login, "code": gen.code()}).is(200, "")
		if codes, _ := done.at("backupCodes").([]any); len(codes) != 10 {
			t.Errorf("%s", done.text)
		}
		if me := d.me().is(200, ""); me.at("acr") != "aal2" {
			t.Errorf("%s", me.text)
		}
	}, func(c *gatehouse.Config) { c.Proofs = authn.Policy{Roles: map[string]string{"admin": "aal2"}} })
}

// A device that is remembered is asked for the password only, by its own cookie, which is
// listed and forgotten like a credential.
func TestRememberedDevice(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.person(alice)
		d := f.signedIn(alice, "cookie")
		gen, _ := d.setUp()
		a := d.do("POST", "/auth/login/totp", message{"login": d.halfway2(), "code": gen.code(), "rememberDevice": true}).is(200, "")
		if c := a.jar(); !strings.Contains(strings.Join(c, "\n"), "device=*; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax") {
			t.Errorf("%s", strings.Join(c, "\n"))
		}
		d.login(alice, "cookie")
		if me := d.me(); me.at("acr") != "aal1" {
			t.Errorf("%s", me.text)
		}
		f.browser().halfway()
		if f.events(user.ID)[identity.EventDeviceTrusted] != 1 {
			t.Error("the log does not tell of it")
		}
	})
}

func (d *device) halfway2() string {
	d.Helper()
	return d.try(message{"email": alice, "password": passphrase, "mode": "cookie"}).is(200, "").str("login")
}

// Whoever is given a role while signed in by a password alone cannot use it until they proved
// more, in a new sign-in or, by cookie, in a step-up (RFC 9470).
func TestRoleGivenLater(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.person(alice)
		tokens, cookies := f.signedIn(alice, "token"), f.signedIn(alice, "cookie")
		f.must(f.gate.Flow.SetRoles(f.Context(), user.ID, []string{"admin", "user"}))
		tokens.renew().is(401, "TOKEN_REVOKED")
		a := cookies.call("GET", "/admin/api/users", nil).is(401, "STALE_TOKEN")
		if h := a.header.Get("WWW-Authenticate"); !strings.Contains(h, `acr_values="aal2"`) {
			t.Errorf("%s", h)
		}
		cookies.call("POST", "/auth/token", nil).is(401, "STALE_TOKEN")
		cookies.me().is(200, "")
		gen, _ := cookies.setUp()
		cookies.call("POST", "/auth/step-up/totp", message{"code": gen.code()}).is(200, "")
		cookies.call("GET", "/admin/api/users", nil).is(200, "")
	}, func(c *gatehouse.Config) { c.Proofs = authn.Policy{Roles: map[string]string{"admin": "aal2"}} })
}
