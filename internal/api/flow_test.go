package api_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// A place is where a house stands, and how its cookies look there: Secure everywhere but on a
// machine that only talks to itself (SES-04).
type place struct {
	public                                string
	visit, session, refresh, access, hint string // name; attributes of the place
}

var places = []place{
	{
		"http://localhost:8080",
		"visit=*; Path=/; HttpOnly; SameSite=Lax",
		"session=%; Path=/; %HttpOnly; SameSite=Lax",
		"refresh=%; Path=/auth; %HttpOnly; SameSite=Strict",
		"accessToken=%; Path=/; %HttpOnly; SameSite=Lax",
		"gh_hint=%; Path=/; %SameSite=Lax",
	},
	{
		"https://id.example.com/id",
		"__Host-visit=*; Path=/; HttpOnly; Secure; SameSite=Lax",
		"__Host-session=%; Path=/; %HttpOnly; Secure; SameSite=Lax",
		"__Secure-refresh=%; Path=/id/auth; %HttpOnly; Secure; SameSite=Strict",
		"accessToken=%; Path=/; %HttpOnly; Secure; SameSite=Lax",
		"gh_hint=%; Path=/; %Secure; SameSite=Lax",
	},
}

// A modeCase is what a sign-in of one mode hands out: cookies with their Max-Age in
// seconds, and members of the body. The refresh token is in a cookie that scripts cannot read
// (STO-03, REF-05), or with a program that has no cookies (SES-30, REF-15).
type modeCase struct {
	mode    string
	cookies map[string]int
	body    []string
}

var modes = []modeCase{
	{"token", map[string]int{"refresh": 2592000, "hint": 2592000}, []string{"accessToken", "expiresIn", "tokenType", "user", "session", "permissions"}},
	{"cookie", map[string]int{"session": 86400, "hint": 86400}, []string{"user", "session", "permissions"}},
	{"cookie-token", map[string]int{"access": 900, "refresh": 2592000, "hint": 2592000}, []string{"user", "session", "permissions"}},
	{"native", nil, []string{"accessToken", "expiresIn", "tokenType", "refreshToken", "user", "session", "permissions"}},
}

// TestFlow is the whole life of a sign-in, in every mode (CON-03, STO-04), at the root of a
// host and below it, on both engines (FLO-01..03, TST-01, TST-04, GEN-08, GEN-12, REF-11,
// BUG-41, SES-26, SES-31).
func TestFlow(t *testing.T) {
	for _, p := range places {
		sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
			f := open(t, db, at(p.public))
			for _, m := range modes {
				t.Run(p.public+" "+m.mode, func(t *testing.T) { f.in(t).life(p, m) })
			}
		})
	}
}

func (f *fixture) life(p place, m modeCase) {
	email := m.mode + "." + f.public.Scheme + "@example.com"
	d := f.browser()
	if m.mode == "native" {
		d = f.program()
	}
	a := d.register(email, passphrase).is(201, "").has("", "status").sets(p.visit)
	if a.str("status") != "verification_sent" {
		f.Errorf("registered: %s", a.text)
	}
	if a = d.confirm(email); a.str("status") != "verified" {
		f.Errorf("verified: %s", a.text)
	}
	d.try(message{"email": email, "password": "another hammer seventeen"}).is(401, "INVALID_CREDENTIALS").sets()

	a = d.login(email, m.mode).has("", m.body...).has("user", "id", "email", "name", "roles").has("session", "id", "expiresAt")
	a.sets(p.set(m.cookies)...)
	f.tokenMembers(a)
	session := a.str("session.id")

	d.meIs(email, session)
	f.wait(16 * time.Minute)
	d.silently(p, m)
	d.meIs(email, session)

	d.leave(p)
}

// confirm proves an address: from the browser that registered by the link alone, from a
// program, which has no cookie, with the password too.
func (d *device) confirm(email string) answer {
	d.Helper()
	body := message{"token": d.token(d.mails(email, 1))}
	if d.jar == nil {
		body["password"] = passphrase
	}
	return d.do("POST", "/auth/verify-email", body).is(200, "").has("", "status")
}

// tokenMembers checks the values that belong to an access token, where there is one.
func (f *fixture) tokenMembers(a answer) {
	f.Helper()
	if a.header.Get("Cache-Control") != "no-store" {
		f.Errorf("%s: kept: %v", a.request, a.header)
	}
	if a.body["accessToken"] != nil && (a.at("expiresIn") != 900.0 || a.at("tokenType") != "Bearer" || len(a.str("accessToken")) > 700) {
		f.Errorf("%s: %s", a.request, a.text)
	}
}

func (d *device) meIs(email, session string) {
	d.Helper()
	me := d.me().is(200, "").has("", "user", "permissions", "org", "session", "authTime", "amr", "acr").
		has("user", "id", "email", "emailVerified", "name", "roles").has("session", "id", "createdAt", "expiresAt")
	if me.at("user.email") != email || me.at("user.emailVerified") != true || me.at("user.roles.0") != "user" ||
		me.at("org") != nil || me.at("session.id") != session || me.at("acr") != "aal1" || me.at("amr.0") != "pwd" {
		d.Errorf("GET /auth/me: %s", me.text)
	}
	if signedIn, err := time.Parse(time.RFC3339, me.str("authTime")); err != nil || d.now().Sub(signedIn) > 17*time.Minute {
		d.Errorf("authTime %s", me.str("authTime"))
	}
}

// silently does what a client of the mode does when its access token has run out: the user
// notices nothing (STO-07, BUG-09).
func (d *device) silently(p place, m modeCase) {
	d.Helper()
	switch m.mode {
	case "cookie":
		a := d.call("POST", "/auth/token", nil).is(200, "").has("", "accessToken", "expiresIn", "tokenType", "user", "session", "permissions").sets()
		d.tokenMembers(a)
		program := d.program()
		program.remember(a)
		program.me().is(200, "")
	case "cookie-token":
		d.me().is(401, "TOKEN_EXPIRED") // this browser does not drop cookies by our clock
		d.renew().is(200, "").has("", "user", "session", "permissions").sets(p.set(map[string]int{"access": 900, "refresh": 2592000 - 16*60})...)
	case "token":
		d.me().is(401, "TOKEN_EXPIRED")
		a := d.renew().is(200, "").has("", m.body...).sets(p.set(map[string]int{"refresh": 2592000 - 16*60})...)
		d.tokenMembers(a)
	default:
		d.me().is(401, "TOKEN_EXPIRED")
		d.tokenMembers(d.renew().is(200, "").has("", m.body...).sets())
	}
}

// leave signs out: the record is gone, and every cookie with the attributes it was set with.
func (d *device) leave(p place) {
	d.Helper()
	a := d.call("POST", "/auth/logout", nil).is(200, "").has("", "message").sets(p.cleared()...)
	if a.str("message") != "Logged out successfully" {
		d.Errorf("%s", a.text)
	}
	if d.access != "" {
		d.me().is(401, "TOKEN_REVOKED")
		d.refused(d.renew())
	} else {
		d.me().is(401, "NO_CREDENTIALS")
	}
	d.access = ""
	d.call("POST", "/auth/logout", nil).is(200, "")
	d.do("GET", "/auth/logout", nil).is(405, "METHOD_NOT_ALLOWED")
}

// refused is what becomes of a refresh after a logout: the browser has no cookie left, and
// a program's token was revoked (REF-14).
func (d *device) refused(a answer) {
	d.Helper()
	if d.refresh == "" {
		a.is(401, "NO_REFRESH_TOKEN")
	} else {
		a.is(401, "TOKEN_REVOKED")
	}
}

// The access token says what RFC 9068 demands and nothing about the person (JWT-07, JWT-09,
// BUG-06, BUG-07); what it says of the sign-in survives a refresh (BUG-09).
func TestAccessTokenClaims(t *testing.T) {
	f := one(t, at("https://id.example.com/id"))
	user := f.person(alice)
	d := f.signedIn(alice, "token")
	signedIn := f.now().Unix()
	for range 2 {
		c, err := f.gate.Tokens.Verify(d.access)
		f.must(err)
		if c.Issuer != "https://id.example.com/id" || c.Audience != c.Issuer || c.Subject != user.ID || c.ClientID != identity.FirstParty ||
			c.SessionID == "" || c.GrantID == "" || c.AuthTime != signedIn || c.ACR != "aal1" || len(c.AMR) != 1 || len(c.Roles) != 1 ||
			c.Expires-c.IssuedAt != 900 || c.IssuedAt != f.now().Unix() || c.ID == "" {
			t.Errorf("%+v", c)
		}
		f.wait(10 * time.Minute)
		d.renew().is(200, "")
	}
}
