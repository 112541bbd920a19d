package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// found makes an organization and returns its path.
func (d *device) found(name string) string {
	d.Helper()
	return "/orgs/" + d.call("POST", "/orgs", message{"name": name}).is(201, "").has("", "id", "name", "createdAt", "roles").str("id")
}

// within makes of the device one whose token is bound to an organization.
func (d *device) within(path string) *device {
	d.Helper()
	bound := *d
	bound.jar = nil
	bound.access = d.call("POST", "/auth/token", message{"org": path[len("/orgs/"):]}).is(200, "").str("accessToken")
	return &bound
}

// The life of an organization in the hands of its owner, from the first to the last member
// (AUZ-21).
func TestOrganization(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		other := f.person(bob)
		boss, user := f.signedIn(alice, "cookie"), f.signedIn(bob, "cookie")
		boss.call("POST", "/orgs", message{"name": " \t "}).is(400, "VALIDATION_FAILED").names("name")
		path := boss.found("  Acme   Ltd ")
		if a := boss.call("GET", "/orgs", nil).is(200, "").has("", "items", "nextCursor"); a.at("items.0.name") != "Acme Ltd" || a.at("items.0.roles.0") != "owner" {
			t.Errorf("%s", a.text)
		}
		if a := boss.call("PATCH", path, message{"name": "Acme"}).is(200, ""); a.at("name") != "Acme" || a.at("roles.0") != "owner" {
			t.Errorf("%s", a.text)
		}
		member := path + "/members/" + string(other.ID)
		boss.call("PUT", member, message{"roles": []string{}}).is(400, "VALIDATION_FAILED").names("roles")
		boss.call("PUT", member, message{"roles": []string{"king"}}).is(400, "VALIDATION_FAILED").names("roles")
		boss.call("PUT", path+"/members/usr_x", message{"roles": []string{"member"}}).is(404, "NOT_FOUND")
		boss.call("DELETE", member, nil).is(404, "NOT_FOUND")
		user.call("GET", path, nil).is(404, "NOT_FOUND")
		boss.call("PUT", member, message{"roles": []string{"member"}}).is(200, "").has("", "user", "roles")

		// A member sees the organization, and may do nothing in it but leave.
		user.call("GET", path, nil).is(200, "")
		user.call("GET", path+"/members", nil).is(403, "INSUFFICIENT_PERMISSIONS")
		user.call("PUT", member, message{"roles": []string{"owner"}}).is(403, "INSUFFICIENT_PERMISSIONS")
		a := boss.call("GET", path+"/members?limit=1", nil).is(200, "").has("items.0", "user", "roles", "since") // no address, no name
		boss.call("GET", path+"/members?cursor="+a.str("nextCursor"), nil).is(200, "")
		f.wait(time.Second) // events of one moment have no order
		user.call("DELETE", path+"/members/me", nil).is(204, "")
		user.call("GET", path, nil).is(404, "NOT_FOUND")
		boss.call("DELETE", path+"/members/me", nil).is(409, "CONFLICT")
		if a := boss.call("GET", path+"/history?user="+string(other.ID), nil).is(200, ""); a.at("items.0.type") != "role.revoked" ||
			a.at("items.0.actor") != string(other.ID) || a.at("items.1.role") != "member" || len(a.at("items").([]any)) != 2 {
			t.Errorf("%s", a.text)
		}
		f.wait(6 * time.Minute)
		boss.call("DELETE", path, nil).is(401, "STALE_TOKEN")
		again := f.signedIn(alice, "cookie")
		again.call("DELETE", path, nil).is(204, "")
		again.call("GET", path, nil).is(404, "NOT_FOUND")
	})
}

// Of two organizations neither owner learns that the other's exists, on any route, nor by a
// token that is bound to their own; and an owner is none elsewhere (AUZ-17, AUZ-21, GEN-03).
func TestOrganizations(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		other := f.person(bob)
		f.person(admin, "admin")
		boss, rival := f.signedIn(alice, "cookie"), f.signedIn(bob, "cookie")
		path, theirs := boss.found("Acme"), rival.found("Rival")
		bound := boss.within(path)
		for _, r := range [][2]string{
			{"GET", ""},
			{"PATCH", ""},
			{"DELETE", ""},
			{"GET", "/members"},
			{"GET", "/history"},
			{"PUT", "/members/" + string(other.ID)},
			{"DELETE", "/members/" + string(other.ID)},
			{"DELETE", "/members/me"},
		} {
			for _, d := range []*device{boss, bound} {
				for _, org := range []string{theirs, "/orgs/org_x"} {
					d.call(r[0], org+r[1], nil).is(404, "NOT_FOUND")
				}
			}
			f.program().do(r[0], theirs+r[1], nil).is(401, "NO_CREDENTIALS")
		}
		bound.call("GET", path+"/members", nil).is(200, "")
		bound.call("GET", "/admin/api/users", nil).is(403, "INSUFFICIENT_PERMISSIONS")
		house := f.signedIn(admin, "cookie")
		house.call("GET", theirs+"/members", nil).is(200, "")
		house.call("GET", "/orgs/org_x", nil).is(404, "NOT_FOUND")
		house.call("POST", "/auth/token", message{"org": "org_x"}).is(404, "NOT_FOUND")
	})
}

// A role that is taken away counts no more with the next request by a session, and a token that
// claims it is outdated (AUZ-01, AUZ-12, AUZ-20).
func TestRightsAtOnce(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		other := f.person(bob)
		boss, user := f.signedIn(alice, "cookie"), f.signedIn(bob, "cookie")
		path := boss.found("Acme")
		member := path + "/members/" + string(other.ID)
		boss.call("PUT", member, message{"roles": []string{"owner"}}).is(200, "")
		bound, native := user.within(path), f.signedIn(bob, "native")
		me := bound.me().is(200, "").has("org", "id", "name", "roles")
		if me.at("org.name") != "Acme" || me.at("org.roles.0") != "owner" || me.at("permissions.0") != "organization:manage" {
			t.Errorf("%s", me.text)
		}
		if a := user.me().is(200, ""); a.at("org") != nil || len(a.at("permissions").([]any)) != 0 {
			t.Errorf("%s", a.text)
		}
		user.call("GET", path+"/members", nil).is(200, "")
		boss.call("PUT", member, message{"roles": []string{"member"}}).is(200, "")
		user.call("GET", path+"/members", nil).is(403, "INSUFFICIENT_PERMISSIONS")
		bound.call("GET", path+"/members", nil).is(401, "TOKEN_OUTDATED")
		native.me().is(401, "TOKEN_OUTDATED")
		native.renew().is(200, "")
		native.call("GET", path+"/members", nil).is(403, "INSUFFICIENT_PERMISSIONS")
		bound = user.within(path)
		boss.call("DELETE", path, nil).is(204, "")
		bound.me().is(401, "TOKEN_OUTDATED")
		if n := f.events(other.ID); n[identity.EventRoleGranted] != 2 || n[identity.EventRoleRevoked] != 2 {
			t.Errorf("%v", n)
		}
	})
}

// Whoever founds an organization may do everything there, and nothing more elsewhere: neither on
// a route that is about none, nor to what belongs to none or to another (AUZ-21).
func TestNothingElsewhere(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		belongs := func(r *http.Request) (policy.Resource, error) {
			return policy.Resource{Owner: "usr_somebody", Organization: identity.TenantID(r.PathValue("org"))}, nil
		}
		mux := http.NewServeMux()
		mux.Handle("/", f.gate.Handler())
		for pattern, rule := range map[string]guard.Rule{
			"DELETE /posts":     {Permission: "posts:delete"},
			"DELETE /posts/{$}": {Permission: "posts:delete", Organization: guard.BoundTo, Owner: func(*http.Request) (policy.Resource, error) { return policy.Resource{}, nil }},
			"DELETE /of/{org}":  {Permission: "posts:delete", Organization: guard.BoundTo, Owner: belongs},
		} {
			mux.Handle(pattern, f.gate.Protect(rule, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })))
		}
		f.transport = serve(f, mux, false)
		boss := f.signedIn(alice, "cookie")
		path := boss.found("Acme")
		bound := boss.within(path)
		bound.call("DELETE", "/posts", nil).is(403, "INSUFFICIENT_PERMISSIONS")
		bound.call("DELETE", "/posts/", nil).is(404, "NOT_FOUND")
		bound.call("DELETE", "/of/org_x", nil).is(404, "NOT_FOUND")
		bound.call("DELETE", "/of/"+path[len("/orgs/"):], nil).is(204, "")
		boss.call("DELETE", "/of/"+path[len("/orgs/"):], nil).is(404, "NOT_FOUND") // by a session that is bound to none
	}, func(c *gatehouse.Config) { c.Policy = &policy.File{Permissions: []policy.Permission{"posts:delete"}} })
}
