package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// The life of a client in the hands of an administrator: its secret is shown when it is made and
// when it is rotated, and never again.
func TestClientAdministration(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(admin, "admin")
		boss := f.signedIn(admin, "token")
		made := boss.call("POST", "/admin/api/clients", message{"name": "Billing", "roles": []string{"user"}, "scopes": []string{"introspect", "read"}}).
			is(201, "").has("", "id", "secret")
		path := "/admin/api/clients/" + made.str("id")
		members := []string{"id", "name", "roles", "scopes", "uri", "disabled", "createdAt", "usedAt"}
		if a := boss.call("GET", path, nil).is(200, "").has("", members...); a.at("usedAt") != nil || a.at("disabled") != false {
			t.Errorf("%s", a.text)
		}
		if a := boss.call("GET", "/admin/api/clients", nil).is(200, ""); a.at("items.0.name") != "Billing" || strings.Contains(a.text, "gcs_") {
			t.Errorf("%s", a.text)
		}
		f.asks(made.str("id"), made.str("secret"), 200)
		next := boss.call("POST", path+"/rotate", message{"overlap": "1h"}).is(200, "").has("", "id", "secret")
		f.asks(made.str("id"), made.str("secret"), 200)
		f.asks(made.str("id"), next.str("secret"), 200)
		last := boss.call("POST", path+"/rotate", nil).is(200, "")
		f.asks(made.str("id"), next.str("secret"), 401)
		f.asks(made.str("id"), last.str("secret"), 200)
		if a := boss.call("PATCH", path, message{"name": "Bills", "scopes": []string{}, "uri": "spiffe://example.com/bills"}).is(200, ""); a.at("name") != "Bills" ||
			len(a.at("scopes").([]any)) != 0 || a.at("uri") != "spiffe://example.com/bills" || len(a.at("roles").([]any)) != 1 || a.at("usedAt") == nil {
			t.Errorf("%s", a.text)
		}
		f.asks(made.str("id"), last.str("secret"), 403)
		if a := boss.call("PATCH", path, message{"disabled": true}).is(200, ""); a.at("disabled") != true {
			t.Errorf("%s", a.text)
		}
		f.asks(made.str("id"), last.str("secret"), 401)
		boss.call("PATCH", path, message{"disabled": false}).is(200, "")
		boss.call("DELETE", path, nil).is(204, "")
		boss.call("GET", path, nil).is(404, "NOT_FOUND")
	})
}

// asks asks about some token as a client, and expects the status.
func (f *fixture) asks(id, secret string, status int) {
	f.Helper()
	r, err := http.NewRequestWithContext(f.Context(), http.MethodPost, f.public.String()+"/oauth/introspect", strings.NewReader("token=x"))
	f.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(id, secret)
	response, err := f.transport.RoundTrip(r)
	f.must(err)
	f.must(response.Body.Close())
	if response.StatusCode != status {
		f.Errorf("the client is answered %d, want %d", response.StatusCode, status)
	}
}

// What an administrator may not ask for is named.
func TestClientRefusals(t *testing.T) {
	f := one(t)
	f.person(admin, "admin")
	boss := f.signedIn(admin, "token")
	for member, body := range map[string]message{
		"name": {"scopes": []string{"read"}}, "roles": {"name": "x", "roles": []string{"king"}},
		"scopes": {"name": "x", "scopes": []string{"everything"}}, "uri": {"name": "x", "uri": "billing"}, "secret": {"name": "x", "secret": "mine"},
	} {
		boss.call("POST", "/admin/api/clients", body).is(400, "VALIDATION_FAILED").names(member)
	}
	a := boss.call("POST", "/admin/api/clients", message{"name": "x", "uri": "spiffe://example.com/x"}).is(201, "")
	boss.call("POST", "/admin/api/clients", message{"name": "y", "uri": "spiffe://example.com/x"}).is(409, "CONFLICT")
	path := "/admin/api/clients/" + a.str("id")
	for _, overlap := range []string{"x", "1", "-1h", "10000h"} {
		boss.call("POST", path+"/rotate", message{"overlap": overlap}).is(400, "VALIDATION_FAILED").names("overlap")
	}
	boss.call("PATCH", path, message{"roles": []string{"king"}}).is(400, "VALIDATION_FAILED").names("roles")
	for _, r := range [][2]string{{"GET", ""}, {"PATCH", ""}, {"DELETE", ""}, {"POST", "/rotate"}} {
		var body any
		if r[0] == "PATCH" {
			body = message{"disabled": true}
		}
		boss.call(r[0], "/admin/api/clients/cli_none"+r[1], body).is(404, "NOT_FOUND")
	}
}
