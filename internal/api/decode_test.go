package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// Every way in which a body can be wrong has one answer, which names the member (BUG-26).
func TestStrictBodies(t *testing.T) {
	d := one(t).browser()
	const body = `"email":"alice@example.com","password":"violet hammer seventeen"`
	for _, c := range []struct {
		what, path, body string
		member           string
	}{
		{"unknown member", "/auth/login", `{` + body + `,"role":"admin"}`, "role"},
		{"unknown member of the prototype", "/auth/login", `{` + body + `,"__proto__":{}}`, "__proto__"},
		{"member in another case", "/auth/login", `{"Email":"alice@example.com"}`, "Email"},
		{"duplicate member", "/auth/login", `{` + body + `,"email":"bob@example.com"}`, "email"},
		{"duplicate member, escaped", "/auth/login", `{` + body + `,"\u0065mail":"bob@example.com"}`, "email"},
		{"operator for a string", "/auth/login", `{"email":{"$ne":""},"password":"x"}`, "email"},
		{"list for a string", "/auth/login", `{"email":["alice@example.com"],"password":"x"}`, "email"},
		{"number for a string", "/auth/login", `{"email":1,"password":"x"}`, "email"},
		{"string for a boolean", "/auth/login", `{` + body + `,"rememberMe":"true"}`, "rememberMe"},
		{"number for a boolean", "/auth/refresh", `{"active":1}`, "active"},
		{"string in place of a list", "/auth/login", `"alice"`, "body"},
		{"list for an object", "/auth/login", `[]`, "body"},
		{"trailing data", "/auth/login", `{` + body + `}{}`, "body"},
		{"trailing text", "/auth/login", `{` + body + `} x`, "body"},
		{"cut short", "/auth/login", `{` + body, "body"},
		{"comment", "/auth/login", `{/**/` + body + `}`, "body"},
		{"comma at the end", "/auth/login", `{` + body + `,}`, "body"},
		{"not UTF-8", "/auth/login", "{\"email\":\"alice\xff@example.com\",\"password\":\"x\"}", "body"},
		{"half of a surrogate pair", "/auth/login", `{"email":"\ud800@example.com","password":"x"}`, "body"},
		{"byte order mark", "/auth/login", "\ufeff{" + body + "}", "body"},
		{"white space only", "/auth/login", "  ", "body"},
		{"missing", "/auth/login", `{"password":"x"}`, "email"},
		{"empty", "/auth/login", `{}`, "email"},
		{"unknown mode", "/auth/login", `{` + body + `,"mode":"Token"}`, "mode"},
		{"token for a cookie in a query", "/auth/logout?refreshToken=x", `{"refreshtoken":"x"}`, "refreshtoken"},
	} {
		f := d.in(named(t, c.what))
		(&device{fixture: f, header: d.header}).do("POST", c.path, c.body).is(400, "VALIDATION_FAILED").names(c.member)
	}
}

// A nested member is named with the way to it.
func TestNestedMember(t *testing.T) {
	f := one(t)
	f.person(admin, "admin")
	d := f.signedIn(admin, "token")
	d.call("POST", "/admin/api/users", `{"email":"x@example.com","password":"x","emailVerified":true,"roles":["user",1]}`).
		is(400, "VALIDATION_FAILED").names("roles.1")
}

// What a body is said to be must be what the house reads.
func TestBodyTypes(t *testing.T) {
	d := one(t).browser()
	good := `{"email":"alice@example.com","password":"violet hammer seventeen"}`
	for _, c := range []struct {
		what   string
		body   string
		header http.Header
		status int
		code   string
	}{
		{"JSON", good, http.Header{"Content-Type": {"application/json"}}, 401, "INVALID_CREDENTIALS"},
		{"JSON in UTF-8", good, http.Header{"Content-Type": {`application/json; charset="UTF-8"`}}, 401, "INVALID_CREDENTIALS"},
		{"JSON in another charset", good, http.Header{"Content-Type": {"application/json; charset=utf-16"}}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"text, which a form can send", good, http.Header{"Content-Type": {"text/plain"}}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"a form", "email=alice", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"a form with JSON in it", good, http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"some JSON", good, http.Header{"Content-Type": {"application/json-patch+json"}}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"no type", good, http.Header{}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"no such type", good, http.Header{"Content-Type": {"application/json;;"}}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"compressed", good, http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"said to be as it is", good, http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"identity"}}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"nothing", "", http.Header{}, 400, "VALIDATION_FAILED"},
		{"nothing, as JSON", "", http.Header{"Content-Type": {"application/json"}}, 400, "VALIDATION_FAILED"},
		{"64 KiB", pad(good, 64<<10), http.Header{"Content-Type": {"application/json"}}, 401, "INVALID_CREDENTIALS"},
		{"64 KiB and one byte", pad(good, 64<<10+1), http.Header{"Content-Type": {"application/json"}}, 413, "TOO_LARGE"},
	} {
		f := d.in(named(t, c.what))
		r := d.request("POST", "/auth/login", c.body)
		r.Header.Del("Content-Type")
		for name, values := range c.header {
			r.Header[name] = values
		}
		(&device{fixture: f}).send(r).is(c.status, c.code)
	}
}

func pad(body string, to int) string { return body + strings.Repeat(" ", to-len(body)) }

// What no database could hold is refused like anything else that is not there: PostgreSQL
// fails on a zero byte, which must not be our failure.
func TestUnstorable(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(admin, "admin")
		d := f.signedIn(admin, "token")
		d.header.Set("User-Agent", "\xff\xfe")
		d.login(admin, "token")
		d.renew().is(200, "")
		for _, bad := range []string{"%00", "%ff", "a%00b"} {
			d.call("DELETE", "/auth/sessions/"+bad, nil).is(404, "NOT_FOUND")
			d.call("GET", "/admin/api/users/"+bad, nil).is(404, "NOT_FOUND")
			d.call("DELETE", "/admin/api/users/"+bad, nil).is(404, "NOT_FOUND")
			d.call("GET", "/auth/events?type="+bad, nil).is(400, "VALIDATION_FAILED").names("type")
			d.call("GET", "/admin/api/events?subject="+bad, nil).is(400, "VALIDATION_FAILED").names("subject")
			d.call("GET", "/admin/api/users?search="+bad, nil).is(400, "VALIDATION_FAILED").names("search")
			d.call("GET", "/auth/events?cursor="+bad, nil).is(400, "VALIDATION_FAILED").names("cursor")
			d.do("POST", "/auth/login/"+bad, message{}).is(404, "NOT_FOUND")
		}
		mac := strings.Repeat("A", 43)
		d.do("POST", "/auth/refresh", message{"refreshToken": "\x00.1.k." + mac}).is(401, "INVALID_TOKEN")
		d.do("POST", "/auth/verify-email", message{"token": "\x00" + mac[1:]}).is(401, "LINK_EXPIRED")
		d.do("POST", "/auth/login/password", message{"login": "\x00", "password": "\x00"}).is(401, "LINK_EXPIRED")
		d.do("POST", "/auth/login", message{"email": "\x00@example.com", "password": "\x00"}).is(401, "INVALID_CREDENTIALS")
		d.register("zero\x00@example.com", passphrase).is(400, "VALIDATION_FAILED").names("email")
		d.do("POST", "/auth/register", message{"email": alice, "name": "A\x00lice", "password": passphrase + "\x00"}).is(201, "")
	})
}
