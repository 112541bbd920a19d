package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/policy"
)

// withPosts is a house with the policy of the tests.
func withPosts(c *gatehouse.Config) {
	c.Policy, _ = policy.Read([]byte(posts))
}

// Whoever is signed in asks what they may do, and learns no more than a word of why not; an
// administrator learns the rule, and may ask of others (GEN-02, GEN-03).
func TestDecisions(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.person(alice)
		f.person(admin, "admin")
		d, boss := f.signedIn(alice, "cookie"), f.signedIn(admin, "cookie")
		own := message{"type": "Post", "id": "1", "owner": user.ID, "attributes": message{"locked": false, "size": 1, "tags": []string{"a"}, "createdAt": "2026-01-02T03:04:05Z"}}
		locked := message{"type": "Post", "owner": user.ID, "attributes": message{"locked": true}}
		path := d.found("Acme")
		for _, c := range []struct {
			name    string
			ask     message
			allowed bool
			reason  string
		}{
			{"by role", message{"permission": "posts:read"}, true, "role"},
			{"their own", message{"permission": "posts:edit", "resource": own}, true, "owner"},
			{"no resource", message{"permission": "posts:edit"}, false, "owner"},
			{"another's", message{"permission": "posts:edit", "resource": message{"owner": "usr_x"}}, false, "owner"},
			{"locked", message{"permission": "posts:edit", "resource": locked}, false, "condition"},
			{"no role", message{"permission": "gatehouse:admin"}, false, "role"},
			{"of another organization", message{"permission": "posts:read", "resource": message{"organization": "org_x"}}, false, "organization"},
			{"in their organization", message{"permission": "organization:manage", "organization": path[len("/orgs/"):]}, true, "role"},
			{"in no such organization", message{"permission": "posts:read", "organization": "org_\x00"}, false, "organization"},
		} {
			a := d.call("POST", "/auth/decisions", c.ask).is(200, "").has("", "allowed", "reasons")
			if a.at("allowed") != c.allowed || a.at("reasons.0") != c.reason {
				t.Errorf("%s: %s", c.name, a.text)
			}
		}
		a := d.call("POST", "/auth/decisions", message{"requests": []message{{"permission": "posts:read"}, {"permission": "gatehouse:admin"}}}).is(200, "").has("", "items")
		if a.at("items.0.allowed") != true || a.at("items.1.allowed") != false {
			t.Errorf("%s", a.text)
		}
		d.call("POST", "/auth/decisions", message{"permission": "posts:read", "as": user.ID}).is(403, "INSUFFICIENT_PERMISSIONS")
		f.program().do("POST", "/auth/decisions", message{"permission": "posts:read"}).is(401, "NO_CREDENTIALS")
		a = boss.call("POST", "/auth/decisions", message{"permission": "posts:edit", "resource": locked, "as": user.ID}).is(200, "").has("", "allowed", "reasons", "rule", "reason")
		if a.at("allowed") != false || !strings.HasPrefix(a.str("rule"), "condition locked") {
			t.Errorf("%s", a.text)
		}
		boss.call("POST", "/auth/decisions", message{"permission": "posts:edit", "as": "usr_\x00"}).is(404, "NOT_FOUND")
	}, withPosts)
}

// A question that makes no sense is refused, naming what is wrong with it (AUZ-06, AUZ-10).
func TestQuestions(t *testing.T) {
	f := one(t, withPosts)
	f.person(alice)
	d := f.signedIn(alice, "cookie")
	attributes := func(m message) message {
		return message{"permission": "posts:edit", "resource": message{"type": "Post", "attributes": m}}
	}
	for name, ask := range map[string]message{
		"permission":                    {},
		"requests":                      {"permission": "posts:read", "requests": []message{{"permission": "posts:read"}}},
		"requests.1.permission":         {"requests": []message{{"permission": "posts:read"}, {"permission": "POSTS:READ"}}},
		"resource.attributes.locked":    attributes(message{"locked": "yes"}),
		"resource.attributes.size":      attributes(message{"size": 1.5}),
		"resource.attributes.createdAt": attributes(message{"createdAt": 5}),
		"resource.attributes.tags":      attributes(message{"tags": "a"}),
		"resource.attributes.title":     attributes(message{"title": nil}),
		"resource.attributes.secret":    attributes(message{"secret": true}),
	} {
		d.call("POST", "/auth/decisions", ask).is(400, "VALIDATION_FAILED").names(name)
	}
	for _, n := range []int{0, 101} {
		d.call("POST", "/auth/decisions", message{"requests": make([]struct {
			Permission string `json:"permission"`
		}, n)}).is(400, "VALIDATION_FAILED").names("requests")
	}
}

// A token for one purpose opens that and nothing else, for five minutes, and makes no other; and
// nobody gets one for what they may not do (ZTR-02, ZTR-03).
func TestPurpose(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		for _, mode := range []string{"cookie", "token", "native"} {
			d := f.signedIn(alice, mode)
			for scope, code := range map[string]string{
				"posts:edit": "INSUFFICIENT_SCOPE", "gatehouse:admin": "INSUFFICIENT_SCOPE", "posts:read admin": "INSUFFICIENT_SCOPE",
				"export:csv": "VALIDATION_FAILED", " ": "VALIDATION_FAILED",
			} {
				if a := d.call("POST", "/auth/token", message{"scope": scope}); a.at("code") != code {
					t.Errorf("%q: %s", scope, a.text)
				}
			}
			a := d.call("POST", "/auth/token", message{"scope": "posts:read"}).is(200, "").has("", "accessToken", "expiresIn", "tokenType", "user", "session").sets()
			if a.at("expiresIn") != 300.0 {
				t.Errorf("%s", a.text)
			}
			narrow := f.program()
			narrow.access = a.str("accessToken")
			for permission, reason := range map[string]string{"posts:read": "role", "posts:edit": "scope"} {
				if a := narrow.call("POST", "/auth/decisions", message{"permission": permission}).is(200, ""); a.at("reasons.0") != reason {
					t.Errorf("%s: %s", permission, a.text)
				}
			}
			narrow.me().is(403, "INSUFFICIENT_SCOPE")
			narrow.call("POST", "/auth/token", message{"scope": "posts:read"}).is(403, "INSUFFICIENT_SCOPE")
			d.call("POST", "/auth/token", message{"scope": " "}).is(400, "VALIDATION_FAILED").names("scope")
			d.call("POST", "/auth/token", message{"org": ""}).is(400, "VALIDATION_FAILED").names("org")
			d.call("POST", "/auth/token", message{"org": "org_\x00"}).is(404, "NOT_FOUND")
			if a := d.call("POST", "/auth/token", nil); a.status == 200 != (mode == "cookie") {
				t.Errorf("%s: %s", mode, a.text)
			}
		}
		keeper := f.signedIn(alice, "cookie-token") // what is kept from scripts stays so
		keeper.call("POST", "/auth/token", message{"scope": "posts:read"}).is(401, "NO_CREDENTIALS")
	}, withPosts)
}

// FuzzDecisions sends any attributes: they are refused or decided on, and never make a yes of
// what a condition forbids.
func FuzzDecisions(f *testing.F) {
	for _, seed := range []string{`{}`, `{"locked":true}`, `{"locked":false,"locked":true}`, `{"size":9e99}`, `[]`, `{"tags":[null]}`, `{"createdAt":"9999999-01-01T00:00:00Z"}`} {
		f.Add(seed)
	}
	house := one(f, withPosts)
	user := house.person(alice)
	d := house.signedIn(alice, "native")
	f.Fuzz(func(t *testing.T, attributes string) {
		asking := *d
		asking.fixture = house.in(t)
		a := asking.call("POST", "/auth/decisions", fmt.Sprintf(`{"permission":"posts:edit","resource":{"type":"Post","owner":%q,"attributes":%s}}`, user.ID, attributes))
		if a.status != 200 && a.status != 400 && a.status != 413 {
			t.Errorf("%d %s", a.status, a.text)
		}
		if a.body["allowed"] == true && !strings.Contains(attributes, "false") {
			t.Errorf("allowed by %s", attributes)
		}
	})
}
