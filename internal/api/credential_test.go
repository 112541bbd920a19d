package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// What follows "Authorization:" is one bearer token or nothing of ours (BUG-11, RFC 6750
// section 2.1). GOOD stands for a token that is accepted.
func TestAuthorizationField(t *testing.T) {
	f := one(t)
	f.person(alice)
	d := f.signedIn(alice, "native")
	for _, c := range []struct {
		fields []string
		status int
		code   string
	}{
		{[]string{"Bearer GOOD"}, 200, ""},
		{[]string{"bearer GOOD"}, 200, ""},
		{[]string{"BEARER GOOD"}, 200, ""},
		{[]string{"GOOD"}, 401, "INVALID_TOKEN"},
		{[]string{"BearerGOOD"}, 401, "INVALID_TOKEN"},
		{[]string{"Bearer"}, 401, "INVALID_TOKEN"},
		{[]string{"Bearer "}, 401, "INVALID_TOKEN"},
		{[]string{"bearer x"}, 401, "INVALID_TOKEN"},
		{[]string{"Bearer  GOOD"}, 401, "INVALID_TOKEN"},
		{[]string{"Bearer GOOD GOOD"}, 401, "INVALID_TOKEN"},
		{[]string{"Bearer GOOD,GOOD"}, 401, "INVALID_TOKEN"},
		{[]string{"Bearer GOOD, Basic eDp5"}, 401, "INVALID_TOKEN"},
		{[]string{"Bearer Bearer GOOD"}, 401, "INVALID_TOKEN"},
		{[]string{`Bearer "GOOD"`}, 401, "INVALID_TOKEN"},
		{[]string{"Bearer\tGOOD"}, 401, "INVALID_TOKEN"},
		{[]string{"Basic eDp5"}, 401, "INVALID_CREDENTIALS"},
		{[]string{"DPoP GOOD"}, 401, "INVALID_TOKEN"},
		{[]string{"Bearer GOOD", "Bearer GOOD"}, 400, "VALIDATION_FAILED"},
		{[]string{"Bearer GOOD", "Basic eDp5"}, 400, "VALIDATION_FAILED"},
		{[]string{"Bearer " + strings.Repeat("x", 20000)}, 401, "INVALID_TOKEN"},
		{nil, 401, "NO_CREDENTIALS"},
	} {
		header := http.Header{}
		for _, field := range c.fields {
			header.Add("Authorization", strings.ReplaceAll(field, "GOOD", d.access))
		}
		(&device{fixture: f.in(named(t, strings.Join(c.fields, " + "))), header: header}).do("GET", "/auth/me", nil).is(c.status, c.code)
	}
}

// A token in a URL is in every log on the way: it opens nothing (CON-22, RFC 9700 section 4.3.2).
func TestTokenInQuery(t *testing.T) {
	f := one(t)
	f.person(alice)
	access := f.signedIn(alice, "native").access
	for _, name := range []string{"access_token", "accessToken", "token", "authorization"} {
		f.program().do("GET", "/auth/me?"+name+"="+access, nil).is(401, "NO_CREDENTIALS")
	}
}

// A header field that is present is the credential: a cookie beside it opens nothing
// (BUG-45), not even where the field holds nothing.
func TestHeaderBeatsCookie(t *testing.T) {
	f := one(t)
	f.person(alice)
	for _, mode := range []string{"cookie", "cookie-token"} {
		d := f.signedIn(alice, mode)
		d.me().is(200, "")
		for _, c := range []struct{ name, value, code string }{
			{"Authorization", "Bearer x", "INVALID_TOKEN"},
			{"Authorization", "Basic eDp5", "INVALID_CREDENTIALS"},
			{"Authorization", "", "NO_CREDENTIALS"},
			{"X-API-Key", "sk_live_x", "INVALID_API_KEY"},
			{"X-API-Key", "", "NO_CREDENTIALS"},
		} {
			r := d.request("GET", "/auth/me", nil)
			r.Header[http.CanonicalHeaderKey(c.name)] = []string{c.value}
			d.in(named(t, mode+" "+c.name+": "+c.value))
			d.send(r).is(401, c.code)
		}
	}
}

// A stale credential must not keep anybody from signing in; two of them are still refused.
func TestStaleCredentialOnPublicRoutes(t *testing.T) {
	f := one(t)
	f.person(alice)
	for _, header := range []http.Header{
		{"Authorization": {"Bearer x"}},
		{"X-Api-Key": {"sk_live_x"}},
		{"Cookie": {"session=x; accessToken=y; refresh=z"}},
	} {
		d := &device{fixture: f, header: header}
		d.try(message{"email": alice, "password": passphrase}).is(200, "")
		d.do("GET", "/auth/methods", nil).is(200, "")
		d.do("POST", "/auth/logout", nil).is(200, "")
	}
	two := &device{fixture: f, header: http.Header{"Authorization": {"Bearer x", "Bearer y"}}}
	two.do("GET", "/auth/methods", nil).is(400, "VALIDATION_FAILED").names("Authorization")
}

// Two cookies of one name count as none, whichever is ours, and are taken away: a sibling
// host may have planted one.
func TestTwoCookiesOfOneName(t *testing.T) {
	for _, p := range places {
		f := one(t, at(p.public))
		f.person(alice)
		prefix := map[bool]string{true: "__Host-"}[f.public.Scheme == "https"]
		secret := f.browser().login(alice, "cookie").cookie(prefix + "session")
		name := prefix + "session="
		for _, c := range []struct {
			sent []string
			code string
		}{
			{[]string{name + secret}, ""},
			{[]string{name + secret + "; " + name + "planted"}, "NO_CREDENTIALS"},
			{[]string{name + "planted; other=1; " + name + secret}, "NO_CREDENTIALS"},
			{[]string{name + secret + "; " + name + secret}, "NO_CREDENTIALS"},
			{[]string{name + secret, name + "planted"}, "NO_CREDENTIALS"},
		} {
			a := (&device{fixture: f, header: http.Header{"Cookie": c.sent}}).do("GET", "/auth/me", nil)
			if c.code == "" {
				a.is(200, "").sets()
			} else {
				a.is(401, c.code).sets(p.cookie("session", "", "Max-Age=0; "))
			}
		}
	}
}

// A client's X-Request-Id is ignored: the ID names a line of our log.
func TestRequestID(t *testing.T) {
	f := one(t)
	d := &device{fixture: f, header: http.Header{"X-Request-Id": {"req_forged"}}}
	seen := map[string]bool{}
	for _, path := range []string{"/healthz", "/auth/me", "/nowhere", "/healthz"} {
		a := d.do("GET", path, nil)
		id := a.header.Get("X-Request-Id")
		if !strings.HasPrefix(id, "req_") || len(id) != 30 || seen[id] || len(a.header["X-Request-Id"]) != 1 {
			t.Errorf("%s: %v", path, a.header["X-Request-Id"])
		}
		seen[id] = true
	}
}
