package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
)

// origins are what a request may say of where it comes from, and whether that is one of our
// pages ("ours"), certainly not ("foreign") or not told ("opaque").
var origins = []struct {
	site, origin, from string
}{
	{"same-origin", "", "ours"},
	{"same-origin", "https://id.example.com", "ours"},
	{"none", "", "ours"},
	{"same-site", "", "foreign"},
	{"same-site", "https://app.example.com", "ours"},
	{"same-site", "https://blog.example.com", "foreign"},
	{"same-site", "null", "foreign"},
	{"cross-site", "", "foreign"},
	{"cross-site", "https://app.example.com", "ours"},
	{"cross-site", "https://evil.example", "foreign"},
	{"cross-site", "null", "foreign"},
	{"Same-Origin", "", "foreign"},
	{"", "", "ours"}, // no browser
	{"", "https://id.example.com", "ours"},
	{"", "https://app.example.com", "ours"},
	{"", "http://id.example.com", "foreign"},
	{"", "https://id.example.com:8443", "foreign"},
	{"", "https://id.example.com.evil.example", "foreign"},
	{"", "https://evil.example", "foreign"},
	{"", "null", "opaque"},
}

func withApp(c *gatehouse.Config) {
	c.PublicURL, c.Origins = "https://id.example.com", []string{"https://app.example.com"}
}

// from makes the request say where it comes from.
func from(r *http.Request, site, origin string) *http.Request {
	r.Header.Del("Sec-Fetch-Site")
	for name, value := range map[string]string{"Sec-Fetch-Site": site, "Origin": origin} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

// Where the credential was a cookie, a request that changes something needs a same-origin
// proof and the token of the session (CSR-02, SES-32, CON-23, BUG-45, BUG-47).
func TestForgedByCookie(t *testing.T) {
	f := one(t, withApp)
	f.person(alice)
	for _, mode := range []string{"cookie", "cookie-token"} {
		d := f.browser()
		visit := d.csrf()
		d.login(alice, mode)
		tokens := map[string]string{
			"right": d.csrf(), "absent": "", "wrong": strings.Repeat("A", 43), "of the visit": visit,
			"of another session": f.signedIn(alice, mode).csrf(), "cut short": d.csrf()[:42],
		}
		for _, o := range origins {
			for name, token := range tokens {
				r := from(d.request("DELETE", "/auth/sessions/ses_none", nil), o.site, o.origin)
				r.Header["X-Csrf-Token"] = []string{token}
				label := d.labelled(mode + ", Sec-Fetch-Site: " + o.site + ", Origin: " + o.origin + ", token " + name)
				if a := label.send(r); o.from != "foreign" && name == "right" {
					a.is(404, "NOT_FOUND") // it was let in
				} else {
					a.is(403, "INVALID_CSRF")
				}
			}
		}
	}
}

func (d *device) labelled(name string) *device {
	inner := *d
	inner.fixture = d.in(named(d, name))
	return &inner
}

// Where a header field is the credential no page could have been tricked, and it works from
// anywhere (CSR-03, JWT-29).
func TestHeaderIsNotForged(t *testing.T) {
	f := one(t, withApp)
	f.person(alice)
	d := f.signedIn(alice, "token")
	for _, o := range origins {
		r := from(d.request("DELETE", "/auth/sessions/ses_none", nil), o.site, o.origin)
		r.Header.Set("Authorization", "Bearer "+d.access)
		d.labelled("Sec-Fetch-Site: "+o.site+", Origin: "+o.origin).send(r).is(404, "NOT_FOUND")
	}
}

// Routes that authenticate nobody need the proof alone: signing somebody in as the attacker
// is forgery too (BUG-47). Where the browser does not tell, the token of the visit decides.
func TestForgedSignIn(t *testing.T) {
	f := one(t, withApp)
	f.person(alice)
	for path, body := range map[string]any{
		"/auth/login":                message{"email": alice, "password": passphrase},
		"/auth/login/password":       message{"email": alice, "password": passphrase},
		"/auth/register":             message{"email": bob, "password": passphrase},
		"/auth/verify-email/resend":  message{"email": bob},
		"/auth/refresh":              nil,
		"/auth/logout":               nil,
		"/auth/verify-email":         message{"token": strings.Repeat("A", 43)},
		"/auth/login/nothing/finish": message{},
	} {
		d := f.browser()
		token := d.csrf()
		for _, o := range origins {
			f.wait(time.Hour) // every limit begins anew
			for name, token := range map[string]string{"right": token, "absent": "", "wrong": strings.Repeat("A", 43)} {
				r := from(d.request("POST", path, body), o.site, o.origin)
				r.Header["X-Csrf-Token"] = []string{token}
				a := d.labelled("Sec-Fetch-Site: " + o.site + ", Origin: " + o.origin + ", token " + name).send(r)
				if refused := a.body["code"] == "INVALID_CSRF"; refused != (o.from == "foreign" || o.from == "opaque" && name != "right") {
					t.Errorf("%s, Sec-Fetch-Site: %s, Origin: %s, token %s: %d %s", path, o.site, o.origin, name, a.status, a.text)
				}
			}
		}
	}
}

// A form carries the token in a field. The JSON routes take no form, but say so only to who
// has proved where it comes from.
func TestTokenInForm(t *testing.T) {
	f := one(t)
	f.person(alice)
	d := f.signedIn(alice, "cookie")
	right := d.csrf()
	for _, c := range []struct {
		body   string
		status int
		code   string
	}{
		{"csrf_token=" + right, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"csrf_token=" + right + "&csrf_token=" + right, 403, "INVALID_CSRF"},
		{"csrf_token=wrong", 403, "INVALID_CSRF"},
		{"", 403, "INVALID_CSRF"},
	} {
		r := d.request("POST", "/auth/token", c.body)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		d.labelled(c.body).send(r).is(c.status, c.code)
	}
}

// Without a session the token is bound to the browser; a session makes it worthless, and so
// does another one (BUG-47).
func TestTokenIsBound(t *testing.T) {
	f := one(t)
	f.person(alice)
	d := f.browser()
	d.do("GET", "/auth/csrf-token", nil).is(200, "").sets("visit=*; Path=/; HttpOnly; SameSite=Lax")
	if a := d.do("GET", "/auth/csrf-token", nil).is(200, "").sets(); a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", a.header)
	}
	visit := d.csrf()
	if visit != d.csrf() || visit == f.browser().csrf() {
		t.Error("the token of a browser is not its own")
	}
	d.do("POST", "/auth/token", message{}).is(401, "NO_CREDENTIALS")
	d.login(alice, "cookie")
	first := d.csrf()
	d.login(alice, "cookie")
	for name, token := range map[string]string{"visit": visit, "session before": first} {
		r := d.request("POST", "/auth/token", nil)
		r.Header.Set("X-CSRF-Token", token)
		d.labelled(name).send(r).is(403, "INVALID_CSRF")
	}
	d.call("POST", "/auth/token", nil).is(200, "")
}
