package api_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/apikey"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// behind makes the house one behind a proxy on this machine, before an application with posts.
func behind(c *gatehouse.Config) {
	c.PublicURL, c.TrustedProxies = "https://example.com/id", []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	c.Policy = &policy.File{
		Permissions: []policy.Permission{"posts:read", "posts:delete", "export:csv", "export:csv-all"},
		Roles:       map[string][]policy.Permission{"editor": {"posts:read"}, "exporter": {"export:csv"}},
	}
}

// keyOf is an API key of a user, limited to scopes.
func (f *fixture) keyOf(user identity.UserID, scopes ...string) string {
	f.Helper()
	_, text, err := f.gate.APIKeys.Create(f.Context(), user, apikey.New{Name: "key", Scopes: scopes})
	f.must(err)
	return text
}

// asks sends what a proxy sends; a name and its value are a header field more.
func (d *device) asks(query string, header ...string) answer {
	d.Helper()
	r := d.request("GET", "/auth/check"+query, nil)
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	if d.access != "" {
		r.Header.Set("Authorization", "Bearer "+d.access)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return d.labelled(strings.ReplaceAll(query+" "+strings.Join(header, " "), "%", "%%")).send(r)
}

// tells fails unless the answer lets in and says exactly this of the caller.
func (a answer) tells(user identity.UserID, client, roles, org, orgRoles, scopes string) {
	a.Helper()
	a.is(200, "")
	want := map[string]string{
		"X-Auth-User": string(user), "X-Auth-Client": client, "X-Auth-Roles": roles, "X-Auth-Org": org,
		"X-Auth-Org-Roles": orgRoles, "X-Auth-Scopes": scopes, "Cache-Control": "no-store",
	}
	for name, value := range want {
		if got := a.header.Values(name); len(got) != 1 || got[0] != value {
			a.Errorf("%s: %s is %q, want %q", a.request, name, got, value)
		}
	}
	if a.text != "" {
		a.Errorf("%s: it has a body: %s", a.request, a.text)
	}
}

// What the operator demands in the query is what the guard asks, of every credential (AUZ-01,
// AUZ-04, AUZ-06, GEN-02, GEN-03).
func TestCheck(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.person(alice, "editor", "user")
		f.browser().asks("").is(401, "NO_CREDENTIALS")
		f.browser().asks("?permission=posts:read").is(401, "NO_CREDENTIALS")
		for _, mode := range []string{"cookie", "cookie-token", "token", "native"} {
			d := f.signedIn(alice, mode)
			for _, query := range []string{
				"", "?permission=posts:read", "?role=editor", "?role=admin&role=editor", "?fresh=5m", "?scheme=cookie&scheme=bearer",
				"?permission=posts%3Aread&role=user&fresh=1h&redirect=1",
			} {
				d.asks(query).tells(user.ID, "", "editor,user", "", "", "*")
			}
			d.asks("?permission=posts:delete").is(403, "INSUFFICIENT_PERMISSIONS")
			d.asks("?role=admin").is(403, "INSUFFICIENT_PERMISSIONS")
			d.asks("?role=Editor").is(403, "INSUFFICIENT_PERMISSIONS")
			d.asks("?role=editor,user").is(403, "INSUFFICIENT_PERMISSIONS")
			d.asks("?scope=posts:read").is(403, "INSUFFICIENT_SCOPE")
			d.asks("?scheme=api-key").is(403, "INSUFFICIENT_SCOPE")
			d.asks("?org=org_none").is(403, "INSUFFICIENT_PERMISSIONS")
		}
	}, behind)
}

// A credential that is limited by scopes opens what it was made for, and the application is told
// the limits; one that names nothing is not told from one without limits by silence (BUG-10, ZTR-03).
func TestCheckByKey(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.person(alice, "editor", "exporter").ID
		d, export, read := f.program(), f.keyOf(user, "export:csv"), f.keyOf(user, "posts:read")
		d.asks("", "X-API-Key", export).tells(user, "", "editor,exporter", "", "", "export:csv")
		d.asks("?scope=export:csv", "X-API-Key", f.keyOf(f.person(bob, "editor").ID, "export:csv")).is(403, "INSUFFICIENT_SCOPE") // which nobody gave bob
		d.asks("?scope=export:csv", "X-API-Key", f.keyOf(user, "export:csv", "posts:read")).tells(user, "", "editor,exporter", "", "", "export:csv posts:read")
		d.asks("?permission=posts:read", "X-API-Key", read).is(200, "")
		d.asks("?permission=posts:read", "X-API-Key", export).is(403, "INSUFFICIENT_SCOPE")
		d.asks("?scope=export:csv", "X-API-Key", f.keyOf(user, "export:csv-all")).is(403, "INSUFFICIENT_SCOPE")
		d.asks("?permission=posts:delete", "X-API-Key", f.keyOf(user, "posts:delete")).is(403, "INSUFFICIENT_PERMISSIONS")
		d.asks("?scheme=cookie", "X-API-Key", read).is(403, "INSUFFICIENT_SCOPE")
		d.asks("?fresh=5m", "X-API-Key", read).is(401, "STALE_TOKEN")
		d.asks("", "X-API-Key", "revoked").is(401, "INVALID_API_KEY")
		f.signedIn(alice, "cookie").asks("", "X-API-Key", "revoked").is(401, "INVALID_API_KEY") // BUG-45
	}, behind)
}

// A demand that is misspelt is refused, whoever asks: it must not be one that is never made.
func TestMisspeltDemand(t *testing.T) {
	f := one(t, behind)
	f.person(alice, "admin")
	for _, d := range []*device{f.browser(), f.signedIn(alice, "cookie"), f.signedIn(alice, "token")} {
		for query, member := range map[string]string{
			"?permissions=posts:read": "permissions", "?Permission=posts:read": "Permission", "?permission=": "permission", "?role=": "role",
			"?permission=posts:read&permission=posts:delete": "permission", "?org=a&org=b": "org", "?scope=a&scope=b": "scope",
			"?role=admin;x": "query", "?role=%zz": "query", "?=x": "", "?fresh=5": "fresh", "?fresh=-5m": "fresh", "?fresh=0s": "fresh",
			"?redirect=yes": "redirect", "?scheme=password": "scheme", "?role=admin&rd=/": "rd", "?x": "x",
			"?org=%00": "org", "?org=%ff": "org", "?role=admin%00": "role",
		} {
			d.asks(query).is(400, "VALIDATION_FAILED").names(member)
		}
		// Nor does a permission that is not registered open, to an administrator either (AUZ-06).
		for _, query := range []string{"?permission=posts:reed", "?permission=posts", "?permission=*", "?permission=posts:*", "?permission=Posts:read"} {
			d.asks(query).is(403, "INSUFFICIENT_PERMISSIONS")
		}
	}
}

// What is taken away is gone with the next request (AUZ-10, SES-17): a cookie has other roles, a token
// is out of date, and nobody is signed in by what was ended.
func TestCheckAtOnce(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.person(alice, "editor")
		browser, program := f.signedIn(alice, "cookie"), f.signedIn(alice, "native")
		browser.asks("?role=editor").is(200, "")
		program.asks("?role=editor").is(200, "")
		f.must(f.gate.Flow.SetRoles(f.Context(), user.ID, []string{"user"}))
		browser.asks("?role=editor").is(403, "INSUFFICIENT_PERMISSIONS")
		browser.asks("").tells(user.ID, "", "user", "", "", "*")
		program.asks("?role=editor").is(401, "TOKEN_OUTDATED")
		program.asks("").is(401, "TOKEN_OUTDATED")
		f.must(f.gate.SignOut(f.Context(), user.ID))
		browser.asks("").is(401, "NO_CREDENTIALS")
		program.asks("").is(401, "TOKEN_REVOKED")
	}, behind)
}

// Roles in an organization count where it is demanded, and are told apart from those that hold
// everywhere (AUZ-21).
func TestCheckInOrganization(t *testing.T) {
	each(t, func(f *fixture) {
		user, boss := f.person(alice), f.person(admin, "admin")
		_, err := f.gate.Access.DB.Exec(f.Context(), `INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'One', 0), ('org_2', 'Two', 0)`)
		f.must(err)
		_, err = f.gate.Access.DB.Exec(f.Context(), `INSERT INTO assignments (org_id, user_id, role, granted_at) VALUES ('org_1', $1, 'owner', 0)`, string(user.ID))
		f.must(err)
		d := f.signedIn(alice, "cookie")
		d.asks("").tells(user.ID, "", "user", "", "", "*")
		d.asks("?org=org_1").tells(user.ID, "", "user", "org_1", "owner", "*")
		d.asks("?org=org_1&role=member&role=owner").is(200, "")
		d.asks("?org=org_1&permission=posts:delete").is(200, "")
		d.asks("?org=org_1&role=member").is(403, "INSUFFICIENT_PERMISSIONS")
		d.asks("?role=owner").is(403, "INSUFFICIENT_PERMISSIONS")
		d.asks("?org=org_2").is(403, "INSUFFICIENT_PERMISSIONS")
		d.asks("?org=org_3").is(403, "INSUFFICIENT_PERMISSIONS")
		d.asks("?permission=posts:delete").is(403, "INSUFFICIENT_PERMISSIONS")
		f.signedIn(admin, "cookie").asks("?org=org_2").tells(boss.ID, "", "admin", "org_2", "", "*")
	}, behind)
}

// Whoever is given a role while signed in with less than it demands is not told to have it, and
// an API key that was made by such a sign-in is worth no more (ZTR-10).
func TestCheckUnassured(t *testing.T) {
	f := one(t, behind, func(c *gatehouse.Config) { c.Proofs.Roles = map[string]string{"editor": "aal2"} })
	user := f.person(alice)
	d := f.signedIn(alice, "cookie")
	key := d.call("POST", "/auth/api-keys", message{"name": "key", "scopes": []string{"posts:read"}}).is(201, "").str("key")
	f.must(f.gate.Flow.SetRoles(f.Context(), user.ID, []string{"editor"}))
	f.program().asks("?permission=posts:read", "X-API-Key", key).is(401, "STALE_TOKEN")
	d.asks("").tells(user.ID, "", "", "", "", "*")
	d.asks("?role=editor").is(401, "STALE_TOKEN")
	d.asks("?permission=posts:read").is(401, "STALE_TOKEN")
}

// forged is what a request may say of itself, and whether the application must not see it where a
// cookie was the credential.
var forged = []struct {
	header  []string
	refused bool
}{
	{[]string{"X-Original-Method", "POST", "Sec-Fetch-Site", "cross-site"}, true},
	{[]string{"X-Original-Method", "POST", "Sec-Fetch-Site", "same-site"}, true},
	{[]string{"X-Forwarded-Method", "DELETE", "Sec-Fetch-Site", "cross-site"}, true},
	{[]string{"X-Forwarded-Method", "POST", "X-Original-Method", "GET", "Sec-Fetch-Site", "cross-site"}, true},
	{[]string{"X-Forwarded-Method", "GET", "X-Original-Method", "PUT", "Sec-Fetch-Site", "cross-site"}, true},
	{[]string{"X-Original-Method", "post", "Sec-Fetch-Site", "cross-site"}, true},
	{[]string{"X-Original-Method", "POST", "Origin", "https://evil.example", "Sec-Fetch-Site", ""}, true},
	{[]string{"X-Original-Method", "POST", "Origin", "null", "Sec-Fetch-Site", ""}, true},
	{[]string{"X-Original-Method", "GET", "Sec-WebSocket-Key", "x", "Sec-Fetch-Site", "cross-site"}, true},
	{[]string{"X-Original-Method", "GET", "Sec-Fetch-Site", "cross-site"}, false},
	{[]string{"X-Original-Method", "HEAD", "Sec-Fetch-Site", "cross-site"}, false},
	{[]string{"Sec-Fetch-Site", "cross-site"}, false},
	{[]string{"X-Original-Method", "POST", "Sec-Fetch-Site", "same-origin"}, false},
	{[]string{"X-Original-Method", "POST", "Sec-Fetch-Site", ""}, false},
	{[]string{"X-Original-Method", "POST", "Origin", "https://example.com", "Sec-Fetch-Site", ""}, false},
}

// The check is a GET, what it is asked about need not be: the application's own changes by cookie
// need a proof of origin (CSR-02, BUG-45), those by header none (CSR-03).
func TestCheckForged(t *testing.T) {
	f := one(t, behind)
	f.person(alice, "editor")
	cookie, cookieToken, program := f.signedIn(alice, "cookie"), f.signedIn(alice, "cookie-token"), f.signedIn(alice, "token")
	for _, c := range forged {
		for _, d := range []*device{cookie, cookieToken} {
			if a := d.asks("?role=editor", c.header...); c.refused {
				a.is(403, "INVALID_CSRF")
			} else {
				a.is(200, "")
			}
		}
		program.asks("?role=editor", c.header...).is(200, "")
	}
}

const signIn = "https://example.com/id/login"

// ways are where a person is led who is not let in; "" is nowhere.
var ways = []struct {
	header []string
	to     string
}{
	{nil, signIn},
	{[]string{"X-Original-URI", "/app/?a=1&b=2"}, signIn + "?returnTo=%2Fapp%2F%3Fa%3D1%26b%3D2"},
	{[]string{"X-Forwarded-Uri", "/app/"}, signIn + "?returnTo=%2Fapp%2F"},
	{[]string{"X-Forwarded-Uri", "/app/", "X-Forwarded-Host", "Example.com"}, signIn + "?returnTo=%2Fapp%2F"},
	{[]string{"X-Forwarded-Uri", "/app/", "X-Forwarded-Host", "evil.example"}, ""},
	{[]string{"Sec-Fetch-Mode", "navigate", "Accept", "*/*"}, signIn},
	{[]string{"Sec-Fetch-Mode", "cors"}, ""},
	{[]string{"Accept", "application/json"}, ""},
	{[]string{"X-Original-Method", "POST"}, ""},
	{[]string{"Authorization", "Bearer x"}, ""},
	{[]string{"X-API-Key", "revoked"}, ""},
}

// People are led to the sign-in and back, programs are told 401: by a field that nginx can read, or
// by a redirect where the operator wants one.
func TestCheckLeads(t *testing.T) {
	f := one(t, behind)
	for _, way := range ways {
		a := f.browser().asks("", way.header...)
		if got := a.header.Get("X-Auth-Sign-In"); a.status != 401 || got != way.to {
			t.Errorf("%q: %d to %q, want %q", way.header, a.status, got, way.to)
		}
		a = f.browser().asks("?redirect=1", way.header...)
		if got := a.header.Get("Location"); got != way.to || (a.status == 303) != (way.to != "") || a.status != 303 && a.status != 401 {
			t.Errorf("%q: %d to %q, want %q", way.header, a.status, got, way.to)
		}
	}
	f.person(alice)
	d := f.signedIn(alice, "cookie")
	f.wait(10 * time.Minute)
	a := d.asks("?fresh=5m", "X-Original-URI", "/app/").is(401, "STALE_TOKEN")
	if got, want := a.header.Get("X-Auth-Sign-In"), "https://example.com/id/step-up?returnTo="+url.QueryEscape("/app/"); got != want {
		t.Errorf("to %q, want %q", got, want)
	}
	if a := d.asks("?role=editor").is(403, "INSUFFICIENT_PERMISSIONS"); a.header.Get("X-Auth-Sign-In") != "" {
		t.Errorf("whoever may not is sent to sign in: %v", a.header)
	}
}

// Of where a request was to go, only a trusted proxy is believed (BUG-40).
func TestCheckBelieves(t *testing.T) {
	f := one(t, behind, func(c *gatehouse.Config) { c.TrustedProxies = nil })
	a := f.browser().asks("", "X-Original-URI", "/app/", "X-Forwarded-Host", "evil.example")
	if got := a.is(401, "NO_CREDENTIALS").header.Get("X-Auth-Sign-In"); got != signIn {
		t.Errorf("%q", got)
	}
	f.person(alice)
	d := f.signedIn(alice, "cookie")
	d.asks("", "X-Original-Method", "POST", "Sec-Fetch-Site", "cross-site").is(403, "INVALID_CSRF")
}
