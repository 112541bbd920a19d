package api_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// fresh are the requests that need a proof of the last five minutes, beside the role.
var fresh = [][2]string{
	{"POST", "/admin/api/users"},
	{"PATCH", "/admin/api/users/usr_1"},
	{"DELETE", "/admin/api/users/usr_1"},
	{"PUT", "/admin/api/users/usr_1/roles"},
	{"POST", "/admin/api/keys/rotate"},
	{"POST", "/admin/api/users/usr_1/recovery"},
	{"POST", "/admin/api/clients"},
	{"PATCH", "/admin/api/clients/cli_1"},
	{"DELETE", "/admin/api/clients/cli_1"},
	{"POST", "/admin/api/clients/cli_1/rotate"},
	{"PUT", "/admin/api/policy"},
	{"POST", "/admin/api/policy/rollback"},
	{"PUT", "/admin/api/policy/shadow"},
	{"DELETE", "/admin/api/policy/shadow"},
	{"POST", "/admin/api/webhooks"},
	{"PATCH", "/admin/api/webhooks/whk_1"},
	{"DELETE", "/admin/api/webhooks/whk_1"},
	{"POST", "/admin/api/webhooks/whk_1/rotate"},
	{"POST", "/admin/api/webhooks/whk_1/replay"},
}

// ordinary need the role only.
var ordinary = [][2]string{
	{"GET", "/admin/api/users"},
	{"GET", "/admin/api/users/usr_1"},
	{"DELETE", "/admin/api/users/usr_1/sessions"},
	{"GET", "/admin/api/events"},
	{"GET", "/admin/api/requests/req_1"},
	{"GET", "/admin/api/clients"},
	{"GET", "/admin/api/clients/cli_1"},
	{"GET", "/admin/api/users/usr_1/roles"},
	{"GET", "/admin/api/policy"},
	{"POST", "/admin/api/policy/check"},
	{"GET", "/admin/api/policy/history"},
	{"GET", "/admin/api/policy/history/pol_1"},
	{"GET", "/admin/api/policy/shadow"},
	{"GET", "/admin/api/users/usr_1/api-keys"},
	{"DELETE", "/admin/api/users/usr_1/api-keys/key_1"},
	{"GET", "/admin/api/webhooks"},
	{"GET", "/admin/api/webhooks/whk_1"},
	{"POST", "/admin/api/webhooks/whk_1/test"},
	{"GET", "/admin/api/webhooks/whk_1/deliveries"},
	{"POST", "/admin/api/webhooks/whk_1/deliveries/dlv_1/replay"},
}

// Administration is for administrators, on routes of its own (AUZ-19), and what is dangerous for
// those who have just proved who they are (the contract "Fresh", RFC 9470, GEN-03, SES-28).
func TestAdministration(t *testing.T) {
	f := one(t)
	f.person(admin, "admin")
	f.person(alice)
	boss, user, bare := f.signedIn(admin, "native"), f.signedIn(alice, "native"), f.program()
	var listed int
	for _, r := range f.gate.Routes() {
		if strings.Contains(r.Pattern, "/admin/api/") {
			listed++
		}
	}
	if listed != len(fresh)+len(ordinary) {
		t.Errorf("%d routes, %d of them tested", listed, len(fresh)+len(ordinary))
	}
	for _, r := range slices.Concat(fresh, ordinary) {
		bare.do(r[0], r[1], nil).is(401, "NO_CREDENTIALS")
		user.call(r[0], r[1], nil).is(403, "INSUFFICIENT_PERMISSIONS")
	}
	for range 2 { // a silent refresh proves nothing (BUG-09)
		f.wait(2*time.Minute + 31*time.Second)
		boss.renew().is(200, "")
	}
	for _, r := range fresh {
		a := boss.call(r[0], r[1], nil).is(401, "STALE_TOKEN")
		if got := a.header.Get("WWW-Authenticate"); !strings.Contains(got, `error="insufficient_user_authentication"`) || !strings.Contains(got, "max_age=300") {
			t.Errorf("%s: %s", a.request, got)
		}
	}
	for _, r := range ordinary {
		// Without its body one is 400: the guard has let it in.
		if a := boss.call(r[0], r[1], nil); !slices.Contains([]int{200, 400, 404}, a.status) {
			t.Errorf("%s: %d", a.request, a.status)
		}
	}
}

// The life of a user in the hands of an administrator.
func TestUserAdministration(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(admin, "admin")
		boss := f.signedIn(admin, "token")
		create := func(body message) answer { return boss.call("POST", "/admin/api/users", body) }
		a := create(message{"email": alice, "password": passphrase, "name": "Alice", "emailVerified": true}).is(201, "").
			has("", "id", "email", "emailVerified", "name", "roles", "disabled", "createdAt")
		path := "/admin/api/users/" + a.str("id")
		create(message{"email": alice, "password": passphrase, "emailVerified": true}).is(409, "CONFLICT")
		create(message{"email": "carol@example.com", "password": passphrase}).is(201, "")
		f.browser().try(message{"email": "carol@example.com", "password": passphrase}).is(200, "").has("", "mfaRequired", "login", "next", "expiresIn")
		create(message{"email": bob, "password": "x", "emailVerified": true}).is(400, "WEAK_PASSWORD").names("password")
		create(message{"email": bob, "password": passphrase, "emailVerified": true, "roles": []string{"king"}}).is(400, "VALIDATION_FAILED").names("roles")

		cookie, native := f.signedIn(alice, "cookie"), f.signedIn(alice, "native")
		if a := boss.call("PATCH", path, message{"name": "  Alice   L. "}).is(200, ""); a.at("name") != "Alice L." || a.at("disabled") != false {
			t.Errorf("%s", a.text)
		}
		native.me().is(200, "")
		boss.call("PATCH", path, message{"name": strings.Repeat("x", 101)}).is(400, "VALIDATION_FAILED").names("name")
		if a := boss.call("PUT", path+"/roles", message{"roles": []string{"user", "moderator", "user"}}).is(200, ""); a.at("roles.0") != "moderator" || a.at("roles.1") != "user" {
			t.Errorf("%s", a.text)
		}
		boss.call("PUT", path+"/roles", message{"roles": []string{"king"}}).is(400, "VALIDATION_FAILED").names("roles")
		boss.call("PUT", path+"/roles", message{}).is(400, "VALIDATION_FAILED").names("roles")

		boss.call("DELETE", path+"/sessions", nil).is(204, "")
		cookie.me().is(401, "NO_CREDENTIALS")
		native.me().is(401, "TOKEN_REVOKED")
		boss.call("DELETE", path, nil).is(204, "")
		boss.call("GET", path, nil).is(404, "NOT_FOUND")
		boss.call("DELETE", path, nil).is(404, "NOT_FOUND")
		boss.call("PATCH", path, message{"disabled": true}).is(404, "NOT_FOUND")
		boss.call("DELETE", path+"/sessions", nil).is(404, "NOT_FOUND")
		boss.call("PUT", path+"/roles", message{"roles": []string{"user"}}).is(404, "NOT_FOUND")
	})
}

// Disabling ends everything at once, and enabling gives none of it back (BUG-03).
func TestDisable(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(admin, "admin")
		user := f.person(alice)
		boss, cookie, native, keeper := f.signedIn(admin, "token"), f.signedIn(alice, "cookie"), f.signedIn(alice, "native"), f.signedIn(alice, "cookie-token")
		gone := func() {
			t.Helper()
			cookie.me().is(401, "NO_CREDENTIALS")
			native.me().is(401, "TOKEN_REVOKED")
			native.renew().is(401, "TOKEN_REVOKED")
			keeper.me().is(401, "TOKEN_REVOKED")
		}
		path := "/admin/api/users/" + string(user.ID)
		if a := boss.call("PATCH", path, message{"disabled": true}).is(200, ""); a.at("disabled") != true {
			t.Errorf("%s", a.text)
		}
		gone()
		f.browser().try(message{"email": alice, "password": passphrase}).is(401, "INVALID_CREDENTIALS")
		boss.call("PATCH", path, message{"disabled": false}).is(200, "")
		gone()
		f.signedIn(alice, "cookie").me().is(200, "")
		if n := f.events(user.ID); n[identity.EventUserDisabled] != 1 || n[identity.EventUserEnabled] != 1 {
			t.Errorf("%v", n)
		}
	})
}

// Somebody must remain administrator, in whatever way one would leave.
func TestLastAdministrator(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.person(admin, "admin")
		boss, path := f.signedIn(admin, "token"), "/admin/api/users/"+string(user.ID)
		for range 2 {
			boss.call("PATCH", path, message{"disabled": true}).is(409, "CONFLICT")
			boss.call("DELETE", path, nil).is(409, "CONFLICT")
			boss.call("PUT", path+"/roles", message{"roles": []string{"user"}}).is(409, "CONFLICT")
			second := f.person("second"+strconv.Itoa(len(f.events("")))+"@example.com", "admin")
			f.must(f.gate.Flow.Disable(f.Context(), second.ID, true)) // one who may not sign in is none
		}
		f.person("third@example.com", "admin")
		boss.call("PUT", path+"/roles", message{"roles": []string{"user"}}).is(200, "")
		boss.call("GET", "/admin/api/users", nil).is(401, "TOKEN_OUTDATED")
		boss.renew().is(200, "")
		boss.call("GET", "/admin/api/users", nil).is(403, "INSUFFICIENT_PERMISSIONS")
	})
}

// Lists come in parts, of which each thing is in one.
func TestLists(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(admin, "admin")
		for i := range 5 {
			f.person("user" + strconv.Itoa(i) + "@example.com")
			f.wait(time.Second)
		}
		boss := f.signedIn(admin, "token")
		for _, c := range []struct{ path, key, also string }{
			{"/admin/api/users", "id", "search=example"},
			{"/admin/api/events", "id", "type=user.created"},
		} {
			all := boss.call("GET", c.path+"?limit=200&"+c.also, nil).is(200, "")
			if all.at("nextCursor") != nil {
				t.Errorf("%s", all.text)
			}
			var seen []any
			for cursor := ""; ; {
				a := boss.call("GET", c.path+"?limit=2&"+c.also+"&cursor="+cursor, nil).is(200, "").has("", "items", "nextCursor")
				for _, item := range a.at("items").([]any) {
					seen = append(seen, item.(map[string]any)[c.key])
				}
				if a.at("nextCursor") == nil {
					break
				}
				cursor = a.str("nextCursor")
			}
			items := all.at("items").([]any)
			if len(items) < 6 || len(seen) != len(items) {
				t.Fatalf("%s: %d in parts, %d at once", c.path, len(seen), len(items))
			}
			for i := range items {
				if items[i].(map[string]any)[c.key] != seen[i] {
					t.Errorf("%s: %d is another", c.path, i)
				}
			}
			boss.call("GET", c.path+"?cursor=x", nil).is(400, "VALIDATION_FAILED").names("cursor")
			boss.call("GET", c.path+"?limit=201", nil).is(400, "VALIDATION_FAILED").names("limit")
		}
		if a := boss.call("GET", "/admin/api/users?search=USER3", nil).is(200, ""); a.at("items.0.email") != "user3@example.com" || len(a.at("items").([]any)) != 1 {
			t.Errorf("%s", a.text)
		}
	})
}
