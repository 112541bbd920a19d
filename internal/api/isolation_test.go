package api_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
)

var gap = regexp.MustCompile(`\{(\w+)(?:\.\.\.)?\}`)

// nobodys are routes whose gaps name nothing that belongs to anybody: methods, files.
var nobodys = []string{
	"GET /static/", "POST /auth/login/{method}", "POST /auth/step-up/{method}", "POST /auth/credentials/{id}", "POST /auth/credentials/{id}/finish",
}

// An owner is somebody with things, by the names of the gaps that they fill.
type owner struct {
	*device
	user *identity.User
}

// possessions say how what a path names is made, by what its pattern begins with; the longest that
// fits counts. A route that no line fits fails the test: say here whose it is.
var possessions = map[string]func(o *owner) map[string]string{
	"/auth/sessions/{id}": func(o *owner) map[string]string {
		return map[string]string{"id": o.browser().login(o.user.Email, "cookie").str("session.id")}
	},
	"/auth/credentials/{id}": (*owner).credential,
	"/auth/passkeys/{id}":    (*owner).credential,
	"/auth/api-keys/{id}": func(o *owner) map[string]string {
		return map[string]string{"id": o.call("POST", "/auth/api-keys", message{"name": "a key", "scopes": []string{"read"}}).is(201, "").str("id")}
	},
	"/orgs/{org}": func(o *owner) map[string]string {
		return map[string]string{"org": o.organization(), "user": string(o.user.ID)}
	},
	"/admin/api/users/{id}": func(o *owner) map[string]string { return map[string]string{"id": string(o.user.ID), "key": "key_1"} },
	"/orgs/{org}/webhooks/{id}": func(o *owner) map[string]string {
		org := o.organization()
		hook := o.call("POST", "/orgs/"+org+"/webhooks", message{"url": "http://127.0.0.1:1/", "types": []string{"*"}}).is(201, "").str("id")
		test := o.call("POST", "/orgs/"+org+"/webhooks/"+hook+"/test", nil).is(202, "").str("id")
		return map[string]string{"org": org, "id": hook, "delivery": test}
	},
	"/admin/api/webhooks/{id}":       func(*owner) map[string]string { return map[string]string{"id": "whk_1", "delivery": "dlv_1"} },
	"/admin/api/requests/{id}":       func(*owner) map[string]string { return map[string]string{"id": "req_1"} },
	"/admin/api/clients/{id}":        func(*owner) map[string]string { return map[string]string{"id": "cli_1"} },
	"/admin/api/policy/history/{id}": func(*owner) map[string]string { return map[string]string{"id": "pol_1"} },
}

// theirsToDo are routes by which whoever owns an organization may name anybody: to invite them.
var theirsToDo = []string{"PUT /orgs/{org}/members/{user}"}

func (f *fixture) owner(email string) *owner {
	f.Helper()
	user := f.person(email)
	return &owner{f.signedIn(email, "cookie"), user} // a token would be outdated by what its owner founds
}

func (o *owner) credential() map[string]string {
	o.Helper()
	c := identity.Credential{UserID: o.user.ID, Method: "passkey", Lookup: string(identity.NewID[identity.RequestID]("x", o.now())), Data: []byte(`{}`), Label: "blue key"}
	o.must(o.gate.Accounts.Enroll(o.Context(), &c))
	return map[string]string{"id": string(c.ID)}
}

// organization founds one.
func (o *owner) organization() string {
	o.Helper()
	return o.call("POST", "/orgs", message{"name": "An organization"}).is(201, "").str("id")
}

// fill returns a path for a pattern.
func fill(path string, with map[string]string) (filled string, missing []string) {
	filled = gap.ReplaceAllStringFunc(path, func(g string) string {
		name := gap.FindStringSubmatch(g)[1]
		if with[name] == "" {
			missing = append(missing, name)
		}
		return with[name]
	})
	return filled, missing
}

// maker finds how the things of a path are made.
func maker(path string) (longest string) {
	for prefix := range possessions {
		if strings.HasPrefix(path, prefix) && len(prefix) > len(longest) {
			longest = prefix
		}
	}
	return longest
}

// body is one that the document allows, nil where there is none.
func (f *fixture) body(method, path string) any {
	if strings.HasPrefix(path, "/auth/api-keys/") && method == "PATCH" {
		return message{"name": "Another name"} // of all members two contradict each other
	}
	if strings.Contains(path, "/webhooks/") && method == "PATCH" {
		return message{"types": []string{"user.*"}} // the document calls a URL a string
	}
	if strings.HasSuffix(path, "/rotate") {
		return message{"overlap": "1h"} // a duration, which the document calls a string
	}
	schema := member(f.doc.operation(method, path), "requestBody", "content", "application/json", "schema")
	if schema == nil {
		return nil
	}
	return f.doc.example(schema)
}

// Whatever a path names, for everybody but its owner there is no such thing: the other user and the
// owner of another organization try every route that there is with what is somebody else's (AUZ-17,
// BUG-36, CON-13). What is only for administrators says so, whatever is named.
func TestIsolation(t *testing.T) {
	each(t, func(f *fixture) {
		theirs := f.owner(bob)
		tried := 0
		for _, route := range f.gate.Routes() {
			method, path, _ := strings.Cut(route.Pattern, " ")
			if !gap.MatchString(path) || slices.ContainsFunc(nobodys, func(p string) bool { return strings.HasPrefix(route.Pattern, p) }) {
				continue
			}
			how := maker(path)
			if how == "" {
				t.Errorf("%s: whose is it? possessions does not say", route.Pattern)
				continue
			}
			tried++
			mine := f.owner("owner" + strconv.Itoa(tried) + "@example.com") // for a second factor would make the first one prove it
			theirs.tries(mine, route.Pattern, method, path, possessions[how](mine))
		}
		if tried < 10 {
			t.Errorf("only %d routes were tried", tried)
		}
	}, loopback)
}

// tries calls one route with what is mine, and with their own organization in place of mine.
func (o *owner) tries(mine *owner, pattern, method, path string, with map[string]string) {
	o.Helper()
	whole, missing := fill(path, with)
	if missing != nil {
		o.Errorf("%s: possessions does not say what %q is", pattern, missing)
		return
	}
	all := []string{whole}
	if strings.HasPrefix(path, "/orgs/{org}/") && strings.Count(path, "{") > 1 && !slices.Contains(theirsToDo, pattern) {
		mixed := map[string]string{"org": o.organization()}
		for name, value := range with {
			if name != "org" {
				mixed[name] = value
			}
		}
		mix, _ := fill(path, mixed)
		all = append(all, mix)
	}
	body := o.body(method, whole)
	if strings.HasPrefix(path, "/admin/") {
		o.call(method, whole, body).is(403, "INSUFFICIENT_PERMISSIONS")
		return
	}
	for _, p := range all {
		o.call(method, p, body).is(404, "NOT_FOUND")
	}
	// What was tried is there, or the test would prove nothing.
	if a := mine.call(method, whole, body); a.status == 404 || a.status == 401 && a.body["code"] != "STALE_TOKEN" {
		o.Errorf("%s: of its owner: %d %s", pattern, a.status, a.text)
	}
}
