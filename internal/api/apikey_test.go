package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/identity"
)

// withKey asks with an API key.
func (f *fixture) withKey(method, path, key string) answer {
	f.Helper()
	d := &device{fixture: f, header: http.Header{"X-Api-Key": {key}}}
	return d.do(method, path, nil)
}

// newKey makes a key and returns its secret and its ID.
func (d *device) newKey(body message) (key, id string) {
	d.Helper()
	a := d.call("POST", "/auth/api-keys", body).is(201, "").has("", "id", "key", "name", "prefix", "scopes", "createdAt", "expiresAt")
	if a.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(a.str("key"), a.str("prefix")) || len(a.str("prefix")) != 12 {
		d.Errorf("%v %s", a.header, a.text)
	}
	return a.str("key"), a.str("id")
}

// A key is made, shown once, used, rotated and revoked, and its owner is told (KEY-03, KEY-07,
// KEY-08, KEY-10, KEY-12).
func TestAPIKey(t *testing.T) {
	each(t, func(f *fixture) {
		root := f.person(admin, "user", "admin")
		d := f.signedIn(admin, "token")
		key, id := d.newKey(message{"name": " Nightly\tbuild ", "scopes": []string{"admin"}, "expiresAt": f.now().Add(30 * 24 * time.Hour), "ipAllowlist": []string{"127.0.0.1", "::1"}})
		if m := f.mails(admin, 1); !strings.Contains(m.Text, key[:12]) || strings.Contains(m.Text, key[:14]) {
			t.Errorf("the mail says %s", m.Text)
		}
		f.withKey("GET", "/admin/api/users", key).is(200, "")
		list := d.call("GET", "/auth/api-keys", nil).is(200, "").has("items.0", "id", "name", "prefix", "scopes", "ipAllowlist", "createdAt", "expiresAt", "lastUsedAt")
		if list.str("items.0.name") != "Nightly build" || list.str("items.0.ipAllowlist.0") != "127.0.0.1/32" || list.at("items.0.lastUsedAt") == nil || strings.Contains(list.text, key) {
			t.Errorf("%s", list.text)
		}

		rotated := d.call("POST", "/auth/api-keys/"+id+"/rotate", message{"overlap": "1h"}).is(200, "")
		second := rotated.str("key")
		if rotated.str("id") != id || rotated.str("oldUntil") != f.now().Add(time.Hour).Format(time.RFC3339) {
			t.Errorf("%s", rotated.text)
		}
		f.withKey("GET", "/admin/api/users", key).is(200, "")
		d.call("POST", "/auth/api-keys/"+id+"/rotate", message{}).is(409, "CONFLICT")
		third := d.call("POST", "/auth/api-keys/"+id+"/rotate", message{"overlap": "0s"}).is(200, "").str("key")
		for _, old := range []string{key, second} {
			f.withKey("GET", "/admin/api/users", old).is(401, "INVALID_API_KEY")
		}

		d.call("PATCH", "/auth/api-keys/"+id, message{"ipAllowlist": []string{"192.0.2.0/24"}}).is(200, "")
		f.withKey("GET", "/admin/api/users", third).is(401, "INVALID_API_KEY")
		d.call("PATCH", "/auth/api-keys/"+id, message{"ipAllowlist": []string{}, "neverExpires": true, "scopes": []string{"read"}}).is(200, "")
		f.withKey("GET", "/admin/api/users", third).is(403, "INSUFFICIENT_SCOPE")
		if a := d.call("DELETE", "/auth/api-keys/"+id, nil).is(204, ""); a.text != "" {
			t.Error(a.text)
		}
		f.withKey("GET", "/admin/api/users", third).is(401, "INVALID_API_KEY")
		d.call("DELETE", "/auth/api-keys/"+id, nil).is(404, "NOT_FOUND")
		if n := f.events(root.ID); n[identity.EventAPIKeyCreated] != 1 || n[identity.EventAPIKeyRotated] != 2 || n[identity.EventAPIKeyChanged] != 2 || n[identity.EventAPIKeyRevoked] != 1 {
			t.Errorf("recorded: %v", n)
		}
	})
}

// What no key can have is refused, and the member is named.
func TestAPIKeyIsValidated(t *testing.T) {
	f := one(t)
	f.person(alice)
	d := f.signedIn(alice, "cookie")
	for member, body := range map[string]message{
		"name": {"name": " "}, "scopes": {"name": "x", "scopes": []string{"fly"}}, "expiresAt": {"name": "x", "expiresAt": f.now()},
		"ipAllowlist": {"name": "x", "ipAllowlist": []string{"localhost"}}, "key": {"name": "x", "key": "sk_live_x"},
	} {
		d.call("POST", "/auth/api-keys", body).is(400, "VALIDATION_FAILED").names(member)
	}
	d.call("POST", "/auth/api-keys", message{"name": "x", "scopes": []string{}}).is(400, "VALIDATION_FAILED").names("scopes")
	d.call("POST", "/auth/api-keys", message{"name": strings.Repeat("x", 101)}).is(400, "VALIDATION_FAILED").names("name")
	_, id := d.newKey(message{"name": "x"})
	for member, body := range map[string]message{"overlap": {"overlap": "a while"}, "key": {"key": "x"}} {
		d.call("POST", "/auth/api-keys/"+id+"/rotate", body).is(400, "VALIDATION_FAILED").names(member)
	}
	d.call("POST", "/auth/api-keys/"+id+"/rotate", message{"overlap": "169h"}).is(400, "VALIDATION_FAILED").names("overlap")
	d.call("PATCH", "/auth/api-keys/"+id, message{"neverExpires": true, "expiresAt": f.now().Add(time.Hour)}).is(400, "VALIDATION_FAILED").names("neverExpires")
}

// A key manages no keys, an old proof makes none, and nobody touches another's.
func TestAPIKeyIsTheOwners(t *testing.T) {
	each(t, func(f *fixture) {
		owner := f.person(alice)
		f.person(bob)
		f.person(admin, "user", "admin")
		d, other, root := f.signedIn(alice, "token"), f.signedIn(bob, "token"), f.signedIn(admin, "token")
		key, id := d.newKey(message{"name": "x", "scopes": []string{"read", "write", "admin"}})
		for _, path := range []string{"/auth/api-keys", "/auth/me", "/auth/export"} {
			f.withKey("GET", path, key).is(403, "INSUFFICIENT_SCOPE")
		}
		f.withKey("POST", "/auth/api-keys", key).is(403, "INSUFFICIENT_SCOPE")
		f.withKey("DELETE", "/auth/api-keys/"+id, key).is(403, "INSUFFICIENT_SCOPE")
		f.withKey("GET", "/admin/api/users", key).is(403, "INSUFFICIENT_PERMISSIONS")

		other.call("PATCH", "/auth/api-keys/"+id, message{"name": "mine"}).is(404, "NOT_FOUND")
		other.call("POST", "/auth/api-keys/"+id+"/rotate", message{}).is(404, "NOT_FOUND")
		other.call("DELETE", "/auth/api-keys/"+id, nil).is(404, "NOT_FOUND")
		other.call("GET", "/admin/api/users/"+string(owner.ID)+"/api-keys", nil).is(403, "INSUFFICIENT_PERMISSIONS")
		if a := root.call("GET", "/admin/api/users/"+string(owner.ID)+"/api-keys", nil).is(200, ""); a.str("items.0.id") != id {
			t.Errorf("%s", a.text)
		}
		root.call("GET", "/admin/api/users/usr_none/api-keys", nil).is(404, "NOT_FOUND")
		root.call("DELETE", "/admin/api/users/"+string(owner.ID)+"/api-keys/"+id, nil).is(204, "")
		f.withKey("GET", "/auth/me", key).is(401, "INVALID_API_KEY")

		_, id = d.newKey(message{"name": "y"})
		f.wait(6 * time.Minute)
		d.call("POST", "/auth/api-keys", message{"name": "z"}).is(401, "STALE_TOKEN")
		d.call("POST", "/auth/api-keys/"+id+"/rotate", message{}).is(401, "STALE_TOKEN")
		d.call("PATCH", "/auth/api-keys/"+id, message{"scopes": []string{"admin"}}).is(401, "STALE_TOKEN")
		d.call("DELETE", "/auth/api-keys/"+id, nil).is(204, "")
	})
}

// Two credentials in one request are an error on every route, public or not.
func TestAPIKeyBesideAuthorization(t *testing.T) {
	f := one(t)
	d := &device{fixture: f, header: http.Header{"X-Api-Key": {"sk_live_x"}, "Authorization": {"Bearer x"}}}
	for _, path := range []string{"/auth/me", "/auth/methods"} {
		d.do("GET", path, nil).is(400, "VALIDATION_FAILED").names("X-API-Key")
	}
}

// Nobody comes by a key to what their sign-in does not reach: a key is never asked for a second
// factor (ZTR-08).
func TestAPIKeyUnassured(t *testing.T) {
	f := one(t, func(c *gatehouse.Config) { c.Proofs.Roles = map[string]string{"admin": "aal2"} })
	user := f.person(alice)
	d := f.signedIn(alice, "cookie")
	_, id := d.newKey(message{"name": "x", "scopes": []string{"read"}})
	f.must(f.gate.Flow.SetRoles(t.Context(), user.ID, []string{"admin"}))
	d.call("GET", "/admin/api/users", nil).is(401, "STALE_TOKEN")
	d.call("POST", "/auth/api-keys", message{"name": "x", "scopes": []string{"admin"}}).is(401, "STALE_TOKEN")
	d.call("PATCH", "/auth/api-keys/"+id, message{"scopes": []string{"admin"}}).is(401, "STALE_TOKEN")
	d.call("POST", "/auth/api-keys/"+id+"/rotate", message{}).is(401, "STALE_TOKEN")
}
