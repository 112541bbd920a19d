package api_test

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/sms"
)

// A probe is a public route that is told an address, and what to tell it beside.
type probe struct {
	pattern string
	path    string  // "": that of the pattern
	body    message // of the API; the address is put in
	form    string  // of a page; the address is put in
	after   *probe  // what is asked before, in the same browser; body gets the login of its answer
	hashes  uint64
	mails   bool // so the limit of mails must not show either
}

var (
	wrongWords = message{"password": "wrong hammer seventeen"}
	wrongCode  = message{"code": "000000"}
	byLink     = &probe{pattern: "POST /auth/login/{method}", path: "/auth/login/magic-link", body: message{}, mails: true}
	byCode     = &probe{pattern: "POST /auth/login/{method}", path: "/auth/login/email-code", body: message{}, mails: true}
	byText     = &probe{pattern: "POST /auth/login/{method}", path: "/auth/login/sms", body: message{}, mails: true}
	byPasskey  = &probe{pattern: "POST /auth/login/{method}", path: "/auth/login/passkey", body: message{}}
	byForm     = &probe{pattern: "POST /login/link", form: "x=y", mails: true}
)

// probes are all public routes that are told an address. The rest are in addressless.
var probes = []probe{
	{pattern: "POST /auth/register", body: message{"password": passphrase, "name": "Somebody"}, hashes: 1, mails: true},
	{pattern: "POST /auth/login", body: wrongWords, hashes: 1},
	{pattern: "POST /auth/login/{method}", path: "/auth/login/password", body: wrongWords, hashes: 1},
	*byLink, *byCode, *byText, *byPasskey,
	{pattern: "POST /auth/login/{method}/finish", path: "/auth/login/password/finish", body: wrongWords, hashes: 1},
	{pattern: "POST /auth/login/{method}/finish", path: "/auth/login/magic-link/finish", body: wrongCode, after: byLink},
	{pattern: "POST /auth/login/{method}/finish", path: "/auth/login/email-code/finish", body: wrongCode, after: byCode},
	{pattern: "POST /auth/login/{method}/finish", path: "/auth/login/sms/finish", body: wrongCode, after: byText},
	{pattern: "POST /auth/login/{method}/finish", path: "/auth/login/totp/finish", body: wrongCode},
	{pattern: "POST /auth/login/{method}/finish", path: "/auth/login/totp/finish", body: wrongCode, after: byCode},
	{pattern: "POST /auth/login/{method}/finish", path: "/auth/login/backup-code/finish", body: wrongCode, after: byCode},
	{pattern: "POST /auth/login/{method}/finish", path: "/auth/login/password/finish", body: wrongWords, after: byCode, hashes: 1},
	{pattern: "POST /auth/login/{method}/enroll", path: "/auth/login/totp/enroll", body: message{}, after: byCode},
	{pattern: "POST /auth/login/{method}/enroll/finish", path: "/auth/login/totp/enroll/finish", body: wrongCode, after: byCode},
	{pattern: "POST /auth/magic-link", body: message{}, mails: true},
	{pattern: "POST /auth/forgot-password", body: message{}, mails: true},
	{pattern: "POST /auth/verify-email/resend", body: message{}, mails: true},
	{pattern: "POST /login", form: "password=wrong+hammer+seventeen", hashes: 1},
	{pattern: "POST /signup", form: "name=Somebody&password=violet+hammer+seventeen", hashes: 1, mails: true},
	{pattern: "POST /forgot", form: "x=y", mails: true},
	*byForm,
	{pattern: "POST /login/mfa", form: "method=magic-link&code=000000", after: byForm},
	{pattern: "POST /login/mfa", form: "method=magic-link&step=begin", after: byForm},
	{pattern: "POST /login/mfa", form: "method=totp&code=000000", after: byForm},
	{pattern: "POST /login/enroll", form: "method=totp&step=begin", after: byForm},
	{pattern: "POST /verify-email/resend", form: "x=y", mails: true},
}

// addressless are the other public routes, and what they are told instead: nothing that a
// stranger could have chosen.
var addressless = map[string]string{
	"POST /auth/email/verify": "a link", "POST /auth/not-me": "a link", "POST /auth/recover": "a link", "POST /auth/recover/stop": "a link",
	"POST /auth/reset-password": "a link", "POST /auth/unlock": "a link", "POST /auth/verify": "a link", "POST /auth/verify-email": "a link",
	"POST /email": "a link", "POST /not-me": "a link", "POST /recover": "a link", "POST /recover/stop": "a link", "POST /reset-password": "a link",
	"POST /setup": "a link", "POST /unlock": "a link", "POST /verify-email": "a link", "POST /login/link/finish": "a link",
	"POST /auth/refresh": "a refresh token", "POST /auth/logout": "cookies", "POST /logout": "cookies", "POST /login/passkey": "a passkey",
}

// TestUniformWork: no public route tells by its answer, nor by what it costs, whether an
// address is known: status, header, cookies and body are equal, and so is the number of
// hashes, of statements, of transactions and of what is counted (ASVS 6.3.8; BUG-21, BUG-25,
// RAT-14, CON-26). A new route must be put on one of the lists.
func TestUniformWork(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := &ledger{}
		f := open(t, db, l.kept, func(c *gatehouse.Config) {
			c.Methods, c.Texter = []authn.Method{&sms.Method{Alone: true}}, &notify.Capture{}
		})
		f.transport = serve(t, l.watch(f.gate.Handler()), false)
		f.listed()
		f.strangers()
		for _, p := range probes {
			f.uniform(l, p)
		}
	})
}

// Nor does a user who asks for an address learn whether somebody else has it.
func TestUniformChange(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := &ledger{}
		f := open(t, db, l.kept)
		f.transport = serve(t, l.watch(f.gate.Handler()), false)
		f.person(alice)
		f.person(bob)
		d := f.signedIn(alice, "token")
		d.call("POST", "/auth/email", message{"email": "before@example.com"}).is(200, "") // what it would withdraw
		var want, wantItems string
		for _, email := range []string{"unknown@example.com", bob} {
			f.wait(time.Minute) // so that the limit of mails begins alike
			l.bill()
			a := d.call("POST", "/auth/email", message{"email": email}).is(200, "")
			sum, items := l.bill()
			if got := a.face() + sum; want == "" {
				want, wantItems = got, items
			} else if got != want {
				t.Errorf("a taken address shows\n%s\n%s\na free one\n%s\n%s", beside(got, want), items, beside(want, got), wantItems)
			}
		}
	})
}

// listed fails unless every public route that changes something is on one list.
func (f *fixture) listed() {
	f.Helper()
	for _, r := range f.gate.Routes() {
		probed := slices.ContainsFunc(probes, func(p probe) bool { return p.pattern == r.Pattern })
		_, other := addressless[r.Pattern]
		if public := r.Rule.Public && !strings.HasPrefix(r.Pattern, "GET "); public != (probed != other) {
			f.Errorf("%s is public: %v; probed: %v, addressless: %v", r.Pattern, public, probed, other)
		}
	}
}

// strangers puts one address into each state that must not show.
func (f *fixture) strangers() {
	f.Helper()
	f.person(alice)
	f.must(f.gate.Flow.Disable(f.Context(), f.person("disabled@example.com").ID, true))
	f.must(f.gate.Flow.Accounts.SetMustReset(f.Context(), f.person("mustreset@example.com").ID, true))
	f.phone(f.person("phone@example.com"), "+491701234567")
	_, err := f.gate.Accounts.Create(f.Context(), account.NewUser{Email: "nopassword@example.com", Verified: true})
	f.must(err)
	_, err = f.gate.Flow.CreateUser(f.Context(), account.NewUser{Email: "unproved@example.com"}, passphrase)
	f.must(err)
}

// states are the addresses of strangers, the one of nobody first.
var states = []string{
	"unknown@example.com", alice, "ALICE@EXAMPLE.COM", "disabled@example.com", "mustreset@example.com",
	"phone@example.com", "nopassword@example.com", "unproved@example.com", "pending@example.com",
}

func (f *fixture) phone(u *identity.User, number string) {
	f.Helper()
	sealed, err := f.gate.Flow.Seal([]byte(number), "sms number "+string(u.ID))
	f.must(err)
	f.must(f.gate.Accounts.Enroll(f.Context(), &identity.Credential{UserID: u.ID, Method: sms.ID, Lookup: string(u.ID), Data: sealed}))
}

// uniform asks about each state in turn: twice, or once more than an hour allows mails.
func (f *fixture) uniform(l *ledger, p probe) {
	f.Helper()
	times := 2
	if p.mails {
		times = 6
	}
	var want, wantItems []string
	for i, email := range states {
		f.wait(25 * time.Hour) // so that the limits begin alike, and no registration waits
		if strings.HasPrefix(email, "pending") {
			f.browser().register(email, passphrase).is(201, "")
			f.wait(2 * time.Hour)
		}
		for again := range times {
			got, items := f.shown(l, p, email)
			if i == 0 {
				want, wantItems = append(want, got), append(wantItems, items)
				continue
			}
			if got != want[again] {
				f.Errorf("%s %s, time %d: %s shows\n%s\n%s\nbut an unknown address\n%s\n%s", p.pattern, p.path, again+1,
					email, beside(got, want[again]), items, beside(want[again], got), wantItems[again])
				return
			}
		}
	}
}

// shown is all that a stranger sees, or could measure, of one request, and what it consisted of.
func (f *fixture) shown(l *ledger, p probe, email string) (face, items string) {
	f.Helper()
	before := f.gate.Flow.Passwords.Hasher.Hashes()
	face, items = f.costs(l, p, email)
	if n := f.gate.Flow.Passwords.Hasher.Hashes() - before; n != p.hashes && !strings.HasPrefix(face, "429") {
		f.Errorf("%s %s: %s costs %d hashes, want %d", p.pattern, p.path, email, n, p.hashes)
	}
	return face, items
}

// costs is shown where any number of hashes will do.
func (f *fixture) costs(l *ledger, p probe, email string) (face, items string) {
	f.Helper()
	d := f.browser()
	login := ""
	if p.after != nil {
		login, _ = d.ask(*p.after, email, "").body["login"].(string)
	}
	l.bill()
	before := f.gate.Flow.Passwords.Hasher.Hashes()
	a := d.ask(p, email, login)
	sum, items := l.bill()
	return strings.NewReplacer(email, "ADDRESS", url.QueryEscape(email), "ADDRESS", strings.ToLower(email), "ADDRESS").
		Replace(random.ReplaceAllString(a.face(), "$1*")) + fmt.Sprintf("\n%d hashes, %s", f.gate.Flow.Passwords.Hasher.Hashes()-before, sum), items
}

// random is what differs in each page by purpose: an address that only this browser can read,
// and the token against forgery.
var random = regexp.MustCompile(`(\bto=|name="csrf_token" value=")[A-Za-z0-9_-]+`)

// beside returns the lines of a text that another has not.
func beside(text, other string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return strings.Contains(other, line) }), "\n")
}

// ask makes the request of a probe about an address.
func (d *device) ask(p probe, email, login string) answer {
	d.Helper()
	method, path, _ := strings.Cut(p.pattern, " ")
	if p.path != "" {
		path = p.path
	}
	if p.form != "" {
		r := d.request(method, path, p.form+"&email="+url.QueryEscape(email))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "text/html")
		return d.send(r)
	}
	body := message{"email": email}
	for k, v := range p.body {
		body[k] = v
	}
	if strings.HasSuffix(path, "/finish") && login != "" || strings.HasSuffix(path, "/enroll") {
		body["login"] = login
		delete(body, "email")
	}
	return d.send(d.request(method, path, body))
}
