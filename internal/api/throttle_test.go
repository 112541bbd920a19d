package api_test

import (
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
)

func behindProxy(c *gatehouse.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

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

// The tenth failure locks: the eleventh try is refused unseen, equally for addresses that
// nobody has, from wherever it comes, and with the right password too (RAT-01, RAT-14,
// CON-08..10, BUG-22, BUG-23).
func TestLock(t *testing.T) {
	f := one(t, behindProxy)
	f.person(alice)
	f.person(bob)
	var faces []string
	for _, email := range []string{alice, "unknown@example.com"} {
		d := f.program()
		for i := range 10 {
			d.at("192.0.2."+strconv.Itoa(i)).fail(email).is(401, "INVALID_CREDENTIALS")
			f.wait(time.Second)
		}
		before := f.gate.Flow.Passwords.Hasher.Hashes()
		a := d.at("192.0.2.1").try(message{"email": email, "password": passphrase}).is(429, "RATE_LIMITED")
		if n := f.gate.Flow.Passwords.Hasher.Hashes() - before; n != 0 {
			t.Errorf("%s: verified %d times", email, n)
		}
		if a.header.Get("Retry-After") != "890" || a.at("retryAfter") != 890.0 {
			t.Errorf("%s: %v %s", email, a.header, a.text)
		}
		faces = append(faces, a.face())
		d.at("192.0.2.1").do("POST", "/auth/login/password", message{"email": email, "password": passphrase}).is(429, "RATE_LIMITED")
		d.at("192.0.2.1").login(bob, "token") // other accounts are not concerned
		f.wait(889 * time.Second)
		d.fail(email).is(429, "RATE_LIMITED")
		f.wait(time.Second)
		d.fail(email).is(401, "INVALID_CREDENTIALS")
	}
	if faces[0] != faces[1] {
		t.Errorf("a known address\n%s\nan unknown one\n%s", faces[0], faces[1])
	}
	f.signedIn(alice, "token")
}

// A success forgives the account, but not the address: a thief with one account of their
// own could else guess for ever (RAT-08).
func TestSuccessForgives(t *testing.T) {
	f := one(t, behindProxy)
	f.person(alice)
	d := f.program().at("192.0.2.1")
	for range 3 {
		for range 9 {
			d.fail(alice).is(401, "INVALID_CREDENTIALS")
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
