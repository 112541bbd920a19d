package api_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

const another = "crimson ladder fourteen"

func (d *device) spend(token string, password ...string) answer {
	d.Helper()
	body := message{"token": token}
	if len(password) > 0 {
		body["password"] = password[0]
	}
	return d.do("POST", "/auth/verify-email", body)
}

// Nobody exists before the link was used, and then with the role of everybody (BUG-17,
// PWD-12, PWD-13).
func TestRegistration(t *testing.T) {
	each(t, func(f *fixture) {
		d := f.browser()
		d.register(" Alice@Example.COM ", passphrase).is(201, "")
		if _, err := f.gate.Accounts.ByEmail(f.Context(), alice); identity.CodeOf(err) != "NOT_FOUND" {
			t.Errorf("before the link was used: %v", err)
		}
		token := f.token(f.mails(alice, 1))
		d.spend(token).is(200, "").sets()
		d.spend(token).is(401, "LINK_EXPIRED")
		user, err := f.gate.Accounts.ByEmail(f.Context(), alice)
		f.must(err)
		if user.Name != "Somebody" || !user.EmailVerified || len(user.Roles) != 1 || user.Roles[0] != "user" {
			t.Errorf("%+v", user)
		}
		if n := f.events(user.ID); n[identity.EventUserRegistered] != 1 || n[identity.EventUserVerified] != 1 {
			t.Errorf("%v", n)
		}
		d.login(alice, "token")
	})
}

// Who can read the mail but did not choose the password must give one; the link is good
// until then (the contract, Registration).
func TestOtherBrowser(t *testing.T) {
	each(t, func(f *fixture) {
		for i, email := range []string{alice, bob} {
			f.browser().register(email, passphrase).is(201, "")
			token := f.token(f.mails(email, 1))
			for _, d := range []*device{f.browser(), f.program()} {
				d.spend(token).is(400, "VALIDATION_FAILED").names("password")
				d.spend(token, "").is(400, "VALIDATION_FAILED").names("password")
				d.spend(token, "short").is(400, "WEAK_PASSWORD").names("password")
				d.spend(token, email+" 2026").is(400, "WEAK_PASSWORD").names("password")
			}
			chosen := []string{passphrase, another}[i] // the one of the registration, or a new one
			f.program().spend(token, chosen).is(200, "")
			f.program().spend(token, chosen).is(401, "LINK_EXPIRED")
			f.browser().try(message{"email": email, "password": chosen}).is(200, "")
		}
		f.browser().try(message{"email": bob, "password": passphrase}).is(401, "INVALID_CREDENTIALS")
	})
}

// Of several registrations of one address the one whose link is used makes the user, and
// the others die.
func TestSeveralRegistrations(t *testing.T) {
	each(t, func(f *fixture) {
		passwords := []string{passphrase, another, "silver kettle nineteen"}
		devices, tokens := make([]*device, 3), make([]string, 3)
		for i, password := range passwords {
			devices[i] = f.browser()
			devices[i].register(alice, password).is(201, "")
			tokens[i] = f.token(f.mails(alice, i+1))
			f.wait(time.Second)
		}
		devices[1].spend(tokens[1]).is(200, "")
		for _, i := range []int{0, 1, 2} {
			devices[i].spend(tokens[i]).is(401, "LINK_EXPIRED")
		}
		for i, password := range passwords {
			if a := f.browser().try(message{"email": alice, "password": password}); (a.status == 200) != (i == 1) {
				t.Errorf("password %d: %d", i, a.status)
			}
		}
	})
}

// A link is good for a day, once, and only as it was sent.
func TestLinks(t *testing.T) {
	each(t, func(f *fixture) {
		d := f.browser()
		d.register(alice, passphrase).is(201, "")
		token := f.token(f.mails(alice, 1))
		for _, bad := range []string{"", "x", token[1:], token + "A", strings.Repeat("A", 1000)} {
			d.spend(bad).is(400, "INVALID_LINK")
		}
		d.do("POST", "/auth/verify-email", nil).is(400, "INVALID_LINK")
		d.spend(strings.Repeat("A", len(token))).is(401, "LINK_EXPIRED")
		f.wait(24*time.Hour - time.Second)
		d.register(bob, passphrase).is(201, "")
		f.wait(time.Second)
		d.spend(token).is(401, "LINK_EXPIRED")
		d.spend(f.token(f.mails(bob, 1))).is(200, "")
	})
}

// Somebody else may have got the address meanwhile.
func TestAddressTakenMeanwhile(t *testing.T) {
	each(t, func(f *fixture) {
		d := f.browser()
		d.register(alice, passphrase).is(201, "")
		token := f.token(f.mails(alice, 1))
		user := f.person(alice)
		d.spend(token, another).is(401, "LINK_EXPIRED")
		d.try(message{"email": alice, "password": another}).is(401, "INVALID_CREDENTIALS")
		if got := d.try(message{"email": alice, "password": passphrase}).is(200, ""); got.str("user.id") != string(user.ID) {
			t.Errorf("%s", got.text)
		}
	})
}

// Of many who come with one link at once one passes (BUG-28).
func TestLinkRace(t *testing.T) {
	each(t, func(f *fixture) {
		d := f.browser()
		d.register(alice, passphrase).is(201, "")
		token := f.token(f.mails(alice, 1))
		var passed atomic.Int32
		sqldbtest.Race(16, func(int) {
			if a := d.spend(token); a.status == 200 {
				passed.Add(1)
			} else {
				a.is(401, "LINK_EXPIRED")
			}
		})
		if passed.Load() != 1 {
			t.Errorf("%d passed", passed.Load())
		}
	})
}

// A new link ends the old one. It is for the registration of this browser, else for the
// newest; where nothing waits nobody is told.
func TestResend(t *testing.T) {
	each(t, func(f *fixture) {
		first, second := f.browser(), f.browser()
		resend := func(d *device) {
			t.Helper()
			a := d.do("POST", "/auth/verify-email/resend", message{"email": alice}).is(200, "").has("", "message").sets()
			if a.str("message") != "If a registration is waiting, we have sent a new link." {
				t.Errorf("%s", a.text)
			}
		}
		resend(first) // nothing waits
		first.register(alice, passphrase).is(201, "")
		old := f.token(f.mails(alice, 1))
		f.wait(time.Hour)
		second.register(alice, another).is(201, "")
		newest := f.token(f.mails(alice, 2))
		f.wait(time.Hour)
		resend(first)
		renewed := f.token(f.mails(alice, 3))
		first.spend(old).is(401, "LINK_EXPIRED")
		resend(f.browser())
		second.spend(newest).is(401, "LINK_EXPIRED")
		f.mails(alice, 4)
		f.wait(23 * time.Hour) // the new link has its own day
		first.spend(renewed).is(200, "")
		f.browser().try(message{"email": alice, "password": passphrase}).is(200, "")
		resend(first)
		first.do("POST", "/auth/verify-email/resend", message{"email": "nobody"}).is(400, "VALIDATION_FAILED").names("email")
	})
}

// Nobody can flood a mailbox: beyond the limit of the address there is no mail, and no other
// answer; beyond the limit of the caller there is a 429 (RAT-03, RAT-14, the contract, Limits).
func TestMailLimits(t *testing.T) {
	f := one(t, func(c *gatehouse.Config) { c.Limits = nil })
	d := f.browser()
	for range 8 {
		d.register(alice, passphrase).is(201, "")
	}
	d.do("POST", "/auth/verify-email/resend", message{"email": alice}).is(200, "")
	d.register(bob, passphrase).is(201, "")
	f.mails(bob, 1)
	f.mails(alice, 5)
	for range 19 {
		d.do("POST", "/auth/verify-email/resend", message{"email": alice}).is(200, "")
	}
	a := d.do("POST", "/auth/verify-email/resend", message{"email": alice}).is(429, "RATE_LIMITED")
	if a.header.Get("Retry-After") != "180" || a.at("retryAfter") != 180.0 || a.header.Get("RateLimit") != `"mail-address";r=0;t=180` ||
		a.header.Get("RateLimit-Policy") != `"mail-address";q=20;w=3600` {
		t.Errorf("%v %s", a.header, a.text)
	}
}

// What cannot be registered is said at once, with the member.
func TestInvalidRegistrations(t *testing.T) {
	d := one(t).browser()
	for _, c := range []struct{ email, password, name, code, member string }{
		{"", passphrase, "", "VALIDATION_FAILED", "email"},
		{"alice", passphrase, "", "VALIDATION_FAILED", "email"},
		{"Alice <alice@example.com>", passphrase, "", "VALIDATION_FAILED", "email"},
		{alice, passphrase, strings.Repeat("x", 101), "VALIDATION_FAILED", "name"},
		{alice, "", "", "VALIDATION_FAILED", "password"},
		{alice, "fourteen chars", "", "WEAK_PASSWORD", "password"},
		{alice, "passwordpassword", "", "WEAK_PASSWORD", "password"},
		{alice, "gatehouse gatehouse", "", "WEAK_PASSWORD", "password"},
		{alice, strings.Repeat("long ", 26), "", "WEAK_PASSWORD", "password"},
	} {
		d.labelled(c.member+" "+c.password).do("POST", "/auth/register", message{"email": c.email, "password": c.password, "name": c.name}).
			is(400, c.code).names(c.member)
	}
}

// In a closed network nobody proves addresses; then it is no secret which are known.
func TestVerificationOff(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *gatehouse.Database) {
		f := open(t, db, func(c *gatehouse.Config) { c.Unverified, c.Mailer = true, nil })
		d := f.browser()
		if a := d.register(alice, passphrase).is(201, "").has("", "status"); a.str("status") != "created" {
			t.Errorf("%s", a.text)
		}
		d.register(alice, passphrase).is(409, "CONFLICT")
		d.login(alice, "cookie")
		if me := d.me().is(200, ""); me.at("user.emailVerified") != false {
			t.Errorf("%s", me.text)
		}
		if a := d.do("GET", "/auth/methods", nil).is(200, ""); a.at("verification") != false {
			t.Errorf("%s", a.text)
		}
	})
}
