package api_test

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/throttle"
)

func behindProxy(c *gatehouse.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

// withoutCaptcha leaves the ladder to the pauses and the lock.
func withoutCaptcha(c *gatehouse.Config) { c.Captcha.Provider = "off" }

// at is the device at some address, as a trusted proxy tells it.
func (d *device) at(ip string) *device {
	inner := *d
	inner.header = d.header.Clone()
	inner.header.Set("X-Forwarded-For", ip)
	return &inner
}

func (d *device) fail(email string) answer {
	d.Helper()
	return d.try(message{"email": email, "password": "wrong hammer seventeen"})
}

// climb fails n times, from an address each, and waits as long as it is told to.
func (d *device) climb(f *fixture, email string, n int) {
	d.Helper()
	for i := range n {
		d.at("192.0.2."+strconv.Itoa(i)).fail(email).is(401, "INVALID_CREDENTIALS")
		f.wait(throttle.Pause(i + 1))
	}
}

// The tenth failure locks: the eleventh try is refused unseen, equally for addresses that
// nobody has, from wherever it comes, and with the right password too. The lock lasts for fifteen
// minutes from the tenth, whenever the first was (RAT-01, RAT-11, RAT-14, RAT-15, CON-08..10, BUG-22,
// BUG-23).
func TestLock(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		f.person(bob)
		var faces []string
		for _, email := range []string{alice, "unknown@example.com"} {
			d := f.program()
			d.climb(f, email, 9)
			f.wait(10 * time.Minute)
			d.at("192.0.2.9").fail(email).is(401, "INVALID_CREDENTIALS")
			f.wait(10 * time.Second)
			before := f.gate.Flow.Passwords.Hasher.Hashes()
			a := d.at("192.0.2.1").try(message{"email": email, "password": passphrase}).is(429, "ACCOUNT_LOCKED")
			if n := f.gate.Flow.Passwords.Hasher.Hashes() - before; n != 0 {
				t.Errorf("%s: verified %d times", email, n)
			}
			if a.header.Get("Retry-After") != "890" || a.at("retryAfter") != 890.0 {
				t.Errorf("%s: %v %s", email, a.header, a.text)
			}
			faces = append(faces, a.face())
			d.at("192.0.2.1").do("POST", "/auth/login/password", message{"email": email, "password": passphrase}).is(429, "ACCOUNT_LOCKED")
			d.at("192.0.2.1").login(bob, "token") // other accounts are not concerned
			f.wait(889 * time.Second)
			d.fail(email).is(429, "ACCOUNT_LOCKED")
			f.wait(time.Second)
			d.fail(email).is(401, "INVALID_CREDENTIALS")
		}
		if faces[0] != faces[1] {
			t.Errorf("a known address\n%s\nan unknown one\n%s", faces[0], faces[1])
		}
		f.signedIn(alice, "token")
	}, behindProxy, withoutCaptcha)
}

// Whoever locks an account does not lock out its owner: a browser that has signed in before counts
// for itself, and what it fails locks nobody else (BUG-25).
func TestKnownBrowser(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		f.person(bob)
		owner := f.signedIn(alice, "cookie")
		stranger := f.program()
		stranger.climb(f, alice, 10)
		stranger.fail(alice).is(429, "ACCOUNT_LOCKED")
		for range 3 {
			owner.at("192.0.2.1").try(message{"email": alice, "password": passphrase, "mode": "cookie"}).is(200, "")
		}
		owner.climb(f, alice, 10)
		owner.fail(alice).is(429, "ACCOUNT_LOCKED")
		f.browser().try(message{"email": alice, "password": passphrase}).is(429, "ACCOUNT_LOCKED") // the stranger's

		// Of somebody else's account it knows nothing, and what it says of itself nobody believes.
		owner.climb(f, bob, 10)
		f.browser().try(message{"email": bob, "password": passphrase}).is(429, "ACCOUNT_LOCKED")
		forged := f.program()
		forged.header.Set("Cookie", "known="+strings.Repeat("A", 300))
		forged.try(message{"email": bob, "password": passphrase}).is(429, "ACCOUNT_LOCKED")
		f.wait(15 * time.Minute)
		owner.try(message{"email": alice, "password": passphrase, "mode": "cookie"}).is(200, "")
	}, behindProxy, withoutCaptcha)
}

// A success forgives the account, but not the address: a thief with one account of their
// own could else guess for ever (RAT-06, RAT-08).
func TestSuccessForgives(t *testing.T) {
	f := one(t, behindProxy, withoutCaptcha)
	f.person(alice)
	d := f.program().at("192.0.2.1")
	for range 3 {
		for i := range 9 {
			d.fail(alice).is(401, "INVALID_CREDENTIALS")
			f.wait(throttle.Pause(i + 1))
		}
		d.login(alice, "token")
	}
	for i := range 73 {
		d.fail("guess"+strconv.Itoa(i)+"@example.com").is(401, "INVALID_CREDENTIALS")
	}
	d.try(message{"email": alice, "password": passphrase}).is(429, "RATE_LIMITED")
	f.program().at("192.0.2.2").login(alice, "token")
	f.wait(15 * time.Minute)
	d.login(alice, "token")
}

// One address may make a hundred calls a minute of whatever strangers may call, all together
// (RAT-02, RAT-04). Whoever proves who they are is not counted, and what servers call for all of
// their users neither.
func TestCalls(t *testing.T) {
	f := one(t, behindProxy, func(c *gatehouse.Config) { c.Limits = nil })
	f.person(alice)
	d := f.program().at("192.0.2.1")
	in := f.signedIn(alice, "native")
	for i := range 100 {
		a := d.call("GET", []string{"/auth/methods", "/auth/csrf-token", "/auth/me"}[i%3], nil)
		if a.status != []int{200, 200, 401}[i%3] {
			t.Fatalf("call %d: %d %s", i, a.status, a.text)
		}
		if want := `"calls";r=` + strconv.Itoa(99-i) + ";"; !strings.HasPrefix(a.header.Get("RateLimit"), want) || a.header.Get("RateLimit-Policy") != `"calls";q=100;w=60` {
			t.Fatalf("call %d: %v", i, a.header)
		}
	}
	for _, path := range []string{"/auth/methods", "/auth/me"} {
		a := d.call("GET", path, nil).is(429, "RATE_LIMITED")
		if a.header.Get("Retry-After") != "1" || a.header.Get("X-RateLimit-Limit") != "" {
			t.Errorf("%s: %v", path, a.header)
		}
	}
	in = in.at("192.0.2.1")
	for range 150 {
		in.call("GET", "/auth/me", nil).is(200, "")
	}
	d.call("GET", "/.well-known/jwks.json", nil).is(200, "")
	d.at("192.0.2.2").call("GET", "/auth/methods", nil).is(200, "")
	f.wait(600 * time.Millisecond)
	d.call("GET", "/auth/methods", nil).is(200, "")
	d.call("GET", "/auth/methods", nil).is(429, "RATE_LIMITED")
}

// Accounts are asked for ten times an hour from one address, by program and page together, and
// mails twenty times.
func TestSeldom(t *testing.T) {
	f := one(t, func(c *gatehouse.Config) { c.Limits = nil })
	for i := range 10 {
		f.program().register("person"+strconv.Itoa(i)+"@example.com", passphrase).is(201, "")
	}
	f.program().register("person@example.com", passphrase).is(429, "RATE_LIMITED")
	for i := range 20 {
		f.program().do("POST", []string{"/auth/forgot-password", "/auth/magic-link"}[i%2], message{"email": "person" + strconv.Itoa(i) + "@example.com"}).is(200, "")
	}
	f.program().do("POST", "/auth/forgot-password", message{"email": "nobody@example.com"}).is(429, "RATE_LIMITED")
}

// What stands in X-Forwarded-For counts only where a proxy is trusted to have written it
// (RAT-07): else everybody could choose a new address for every try.
func TestForwardedFor(t *testing.T) {
	for _, c := range []struct {
		options []func(*gatehouse.Config)
		want    []string // the addresses that three requests are counted by
	}{
		{nil, []string{"127.0.0.1", "127.0.0.1", "127.0.0.1"}},
		{[]func(*gatehouse.Config){behindProxy}, []string{"192.0.2.1", "192.0.2.9", "127.0.0.1"}},
	} {
		f := one(t, c.options...)
		f.person(alice)
		for i, sent := range []string{"192.0.2.1", "203.0.113.7, 192.0.2.9, 127.0.0.2", "nonsense"} {
			d := f.program().at(sent)
			d.login(alice, "native")
			if got := d.call("GET", "/auth/sessions", nil).is(200, ""); got.current("ip") != c.want[i] {
				t.Errorf("%s: %v, want %s", sent, got.current("ip"), c.want[i])
			}
		}
	}
}

// current is a member of the session in a list that asks.
func (a answer) current(name string) any {
	for _, item := range a.at("items").([]any) {
		if v := item.(map[string]any); v["current"] == true {
			return v[name]
		}
	}
	return nil
}
