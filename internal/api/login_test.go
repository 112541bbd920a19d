package api_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/password"
)

// A sign-in begins a new session, and the one that this browser had is over: none can be
// planted (SES-17, BUG-20). Another browser keeps its own.
func TestFixation(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		f.person(bob)
		for _, mode := range []string{"cookie", "token", "cookie-token"} {
			d, elsewhere := f.browser(), f.signedIn(alice, mode)
			first := d.login(alice, mode)
			before := d.stolen()
			before.me().is(200, "")
			second := d.login(bob, mode) // whoever signs in, in this browser
			if first.str("session.id") == second.str("session.id") {
				t.Errorf("%s: the session is the same", mode)
			}
			if me := before.me(); me.status != 401 {
				t.Errorf("%s: what was known before still opens: %s", mode, me.text)
			}
			d.me().is(200, "")
			elsewhere.me().is(200, "")
		}
	})
}

// stolen is a program that has everything a device was handed.
func (d *device) stolen() *device {
	p := d.program()
	p.access = d.access
	if p.access == "" {
		for _, c := range d.jar.Cookies(d.public) {
			p.header.Add("Cookie", c.Name+"="+c.Value)
		}
	}
	return p
}

// A sign-in of another mode takes away what the mode before left in the browser.
func TestChangeOfMode(t *testing.T) {
	f, p := one(t), places[0]
	f.person(alice)
	d := f.browser()
	d.login(alice, "cookie-token")
	d.login(alice, "cookie").sets(append(p.set(map[string]int{"session": 86400, "hint": 86400}),
		p.cookie("access", "", "Max-Age=0; "), p.cookie("refresh", "", "Max-Age=0; "))...)
	d.login(alice, "token").sets(append(p.set(map[string]int{"refresh": 2592000, "hint": 2592000}),
		p.cookie("session", "", "Max-Age=0; "))...)
}

// Remember me: for how long, and in which cookie (SES-03, SES-08, SES-19).
func TestRememberMe(t *testing.T) {
	f, p := one(t), places[0]
	f.person(alice)
	const day, month = 86400, 30 * 86400
	for _, c := range []struct {
		mode     string
		remember any
		cookies  map[string]int
		life     time.Duration
	}{
		{"cookie", nil, map[string]int{"session": day, "hint": day}, 24 * time.Hour},
		{"cookie", false, map[string]int{"session": 0, "hint": 0}, 24 * time.Hour},
		{"cookie", true, map[string]int{"session": month, "hint": month}, 30 * 24 * time.Hour},
		{"token", nil, map[string]int{"refresh": month, "hint": month}, 30 * 24 * time.Hour},
		{"token", false, map[string]int{"refresh": 0, "hint": 0}, 30 * 24 * time.Hour},
		{"token", true, map[string]int{"refresh": month, "hint": month}, 30 * 24 * time.Hour},
		{"cookie-token", false, map[string]int{"access": 900, "refresh": 0, "hint": 0}, 30 * 24 * time.Hour},
	} {
		body := message{"email": alice, "password": passphrase, "mode": c.mode}
		if c.remember != nil {
			body["rememberMe"] = c.remember
		}
		d := f.browser()
		a := d.try(body).is(200, "").sets(p.set(c.cookies)...)
		if ends, err := time.Parse(time.RFC3339, a.str("session.expiresAt")); err != nil || ends.Sub(f.now()) != c.life {
			t.Errorf("%s, %v: it ends at %s", c.mode, c.remember, a.str("session.expiresAt"))
		}
		if c.mode != "cookie" && c.remember == false {
			d.renew().is(200, "")
			if a := d.renew(); a.status != 200 || a.jar()[len(a.jar())-1] != p.cookie("refresh", "*", "") {
				t.Errorf("%s: a refresh makes it outlive the browser: %v", c.mode, a.jar())
			}
		}
	}
}

// Who is not signed in has no session, whatever they tried (SES-11).
func TestStrangersHaveNoSession(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		sessions := func() (n int) {
			_, err := f.gate.Flow.DB.Row(f.Context(), []any{&n}, `SELECT COUNT(*) FROM sessions`)
			f.must(err)
			return n
		}
		d := f.browser()
		d.csrf()
		d.do("GET", "/auth/methods", nil).is(200, "").sets()
		d.me().is(401, "NO_CREDENTIALS").sets()
		d.register(bob, passphrase).is(201, "").sets()
		d.try(message{"email": alice, "password": another, "mode": "cookie"}).is(401, "INVALID_CREDENTIALS").sets()
		d.renew().is(401, "NO_REFRESH_TOKEN").sets()
		if n := sessions(); n != 0 {
			t.Errorf("%d sessions of nobody", n)
		}
		if d.login(alice, "cookie"); sessions() != 1 {
			t.Errorf("%d sessions of one", sessions())
		}
	})
}

// A session in a cookie ends when it was idle, and at the latest at its absolute end (SES-20,
// SES-21, CON-29).
func TestLifetimes(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		idle, busy, remembered := f.signedIn(alice, "cookie"), f.signedIn(alice, "cookie"), f.browser()
		remembered.try(message{"email": alice, "password": passphrase, "mode": "cookie", "rememberMe": true}).is(200, "")
		f.wait(29 * time.Minute)
		busy.me().is(200, "")
		f.wait(time.Minute)
		idle.me().is(401, "NO_CREDENTIALS")
		busy.me().is(200, "")
		for range 54 {
			f.wait(26 * time.Minute)
			busy.me().is(200, "")
		}
		f.wait(6 * time.Minute)
		busy.me().is(401, "NO_CREDENTIALS")
		f.wait(28 * 24 * time.Hour)
		remembered.me().is(200, "")
		f.wait(24 * time.Hour)
		remembered.me().is(401, "NO_CREDENTIALS")
	})
}

// Right proofs do not open for everybody (BRE-05, the contract "Sign-in").
func TestRightPasswordIsNotEnough(t *testing.T) {
	each(t, func(f *fixture) {
		reset := f.person(bob)
		_, err := f.gate.Flow.DB.Exec(f.Context(), `UPDATE users SET must_reset = TRUE WHERE id = $1`, string(reset.ID))
		f.must(err)
		f.browser().try(message{"email": bob, "password": passphrase}).is(403, "PASSWORD_RESET_REQUIRED").sets()
		f.browser().try(message{"email": bob, "password": another}).is(401, "INVALID_CREDENTIALS")

		_, err = f.gate.Flow.CreateUser(f.Context(), account.NewUser{Email: alice}, passphrase)
		f.must(err)
		a := f.browser().try(message{"email": alice, "password": passphrase}).is(200, "").has("", "mfaRequired", "login", "next", "expiresIn").sets()
		if a.at("next.0") != "email-code" {
			t.Errorf("%s", a.text)
		}

		gone := f.person("gone@example.com")
		f.must(f.gate.Flow.Disable(f.Context(), gone.ID, true))
		f.browser().try(message{"email": gone.Email, "password": passphrase}).is(401, "INVALID_CREDENTIALS").sets()
		f.must(f.gate.Flow.Disable(f.Context(), gone.ID, false))
		f.browser().try(message{"email": gone.Email, "password": passphrase}).is(200, "")
	})
}

// Both tokens in a body are for programs: a page does not get them.
func TestNativeIsNotForBrowsers(t *testing.T) {
	f := one(t)
	f.person(alice)
	for _, origin := range []string{f.public.String(), "https://evil.example", "null"} {
		p := f.program()
		p.header.Set("Origin", origin)
		a := p.try(message{"email": alice, "password": passphrase, "mode": "native"})
		if a.status == 200 || a.body["refreshToken"] != nil {
			t.Errorf("%s: %s", origin, a.text)
		}
	}
	p := f.browser()
	p.header.Set("Origin", f.public.String())
	p.try(message{"email": alice, "password": passphrase, "mode": "native"}).is(400, "VALIDATION_FAILED").names("mode")
}

// The answers of a method that there is not, and of a step of none.
func TestUnknownMethod(t *testing.T) {
	d := one(t).program()
	d.do("POST", "/auth/login/pigeon", message{}).is(404, "NOT_FOUND")
	d.do("POST", "/auth/login/pigeon/finish", message{}).is(404, "NOT_FOUND")
	d.do("POST", "/auth/login/password", message{"login": "x", "password": passphrase}).is(401, "LINK_EXPIRED")
	a := d.do("GET", "/auth/methods", nil).is(200, "").has("", "methods", "providers", "password", "registration", "verification", "captcha")
	if a.at("methods.0") != "password" || a.at("password.minLength") != 15.0 || a.at("password.maxLength") != 128.0 {
		t.Errorf("%s", a.text)
	}
}

// An overloaded house says so and counts no failure: it is not the caller's fault.
func TestOverload(t *testing.T) {
	f := one(t)
	hasher := &password.Hasher{Params: f.gate.Flow.Passwords.Hasher.Params, Parallel: 1, Queue: 1, Wait: time.Millisecond}
	f.gate.Flow.Passwords.Hasher = hasher
	user := f.person(alice)
	var done atomic.Bool
	busy := make(chan struct{})
	for range 8 {
		go func() {
			for !done.Load() {
				_, _ = hasher.Hash(f.Context(), passphrase)
			}
			busy <- struct{}{}
		}()
	}
	d, refused := f.program(), 0
	for range 1000 {
		a := d.try(message{"email": alice, "password": passphrase})
		if a.status == 200 {
			continue
		}
		if a.is(503, "UNAVAILABLE"); a.header.Get("Retry-After") != "1" || a.at("retryAfter") != 1.0 {
			t.Errorf("%v", a.header)
		}
		if refused++; refused == 12 { // more than the failures that lock an account
			break
		}
	}
	done.Store(true)
	for range 8 {
		<-busy
	}
	if refused < 12 {
		t.Fatalf("%d sign-ins were turned away", refused)
	}
	d.login(alice, "token")
	if n := f.events(user.ID)[identity.EventLoginFailed]; n != 0 {
		t.Errorf("%d failures were recorded", n)
	}
}
