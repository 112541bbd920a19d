package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/verify"
)

// loopback lets webhooks call this machine by plain http, as development does.
func loopback(c *gatehouse.Config) { c.Outbound.Loopback = true }

// hooks is a program that keeps the webhooks it gets.
func hooks(t testing.TB) (at string, got chan *http.Request, bodies chan []byte) {
	t.Helper()
	got, bodies = make(chan *http.Request, 100), make(chan []byte, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b := make([]byte, 1<<16)
		n, _ := r.Body.Read(b)
		got <- r
		bodies <- b[:n]
	}))
	t.Cleanup(server.Close)
	return server.URL, got, bodies
}

// next takes what comes, and does not wait for what never does.
func next[T any](t testing.TB, from chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(time.Minute):
		t.Fatal("nothing comes")
	}
	return v
}

// The life of a webhook in the hands of an administrator, with the workers of the house at work
// and a receiver that verifies what it gets (BAS-03).
func TestWebhooks(t *testing.T) {
	each(t, func(f *fixture) {
		to, got, bodies := hooks(t)
		f.person(admin, "admin")
		boss := f.signedIn(admin, "token")
		f.wait(time.Second) // what happened before is not for the webhook
		const path = "/admin/api/webhooks"
		boss.call("POST", path, message{"url": "http://example.com/", "types": []string{"*"}}).is(400, "VALIDATION_FAILED").names("url")
		boss.call("POST", path, message{"url": "https://169.254.169.254/", "types": []string{"*"}}).is(400, "VALIDATION_FAILED").names("url")
		boss.call("POST", path, message{"url": to, "types": []string{"login*"}}).is(400, "VALIDATION_FAILED").names("types")
		a := boss.call("POST", path, message{"url": to, "types": []string{"user.*"}}).is(201, "").
			has("", "id", "url", "types", "disabled", "cause", "failingSince", "createdAt", "secret")
		one := path + "/" + a.str("id")
		boss.call("GET", one, nil).is(200, "").has("", "id", "url", "types", "disabled", "cause", "failingSince", "createdAt")
		if a := boss.call("GET", path, nil).is(200, ""); a.str("items.0.url") != to || a.at("nextCursor") != nil {
			t.Errorf("%s", a.text)
		}
		f.person(alice) // user.created
		second := boss.call("POST", one+"/rotate", message{"overlap": "1h"}).is(200, "").has("", "secret", "previousUntil")
		boss.call("POST", one+"/rotate", message{"overlap": "a day"}).is(400, "VALIDATION_FAILED").names("overlap")
		test := boss.call("POST", one+"/test", nil).is(202, "").
			has("", "id", "event", "type", "state", "attempts", "status", "error", "nextAttemptAt", "createdAt", "doneAt")
		if test.str("type") != "webhook.test" || test.str("state") != "waiting" {
			t.Errorf("%s", test.text)
		}
		for range 2 { // the test and the event, in any order
			r, body := next(f, got), next(f, bodies)
			secrets := []string{a.str("secret")}
			if r.Header.Get("webhook-id") == test.str("id") {
				secrets = append(secrets, second.str("secret"))
			}
			for _, key := range secrets {
				if err := verify.WebhookMessage(r.Header, body, f.now(), key); err != nil {
					t.Errorf("%v: %s", err, body)
				}
			}
		}
		f.delivered(boss, one, 2)
		f.replayed(boss, one, got, bodies)
		boss.call("DELETE", one, nil).is(204, "")
		boss.call("GET", one, nil).is(404, "NOT_FOUND")
	}, loopback)
}

// delivered waits until an endpoint has so many deliveries that were accepted.
func (f *fixture) delivered(boss *device, one string, want int) {
	f.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		a := boss.call("GET", one+"/deliveries?state=delivered", nil).is(200, "")
		if n := len(a.at("items").([]any)); n == want {
			return
		} else if time.Now().After(deadline) {
			f.Fatalf("%d are delivered, want %d: %s", n, want, a.text)
		}
	}
}

func (f *fixture) replayed(boss *device, one string, got chan *http.Request, bodies chan []byte) {
	f.Helper()
	boss.call("GET", one+"/deliveries?state=lost", nil).is(400, "VALIDATION_FAILED").names("state")
	id := boss.call("GET", one+"/deliveries", nil).is(200, "").str("items.0.id")
	boss.call("POST", one+"/deliveries/"+id+"/replay", nil).is(202, "")
	if r := next(f, got); r.Header.Get("webhook-id") != id {
		f.Errorf("replayed %v, want %s", r.Header, id)
	}
	next(f, bodies)
	f.delivered(boss, one, 2)
	boss.call("POST", one+"/deliveries/dlv_1/replay", nil).is(404, "NOT_FOUND")
	boss.call("POST", one+"/replay", message{}).is(400, "VALIDATION_FAILED").names("since")
	if a := boss.call("POST", one+"/replay", message{"since": start.Format(time.RFC3339)}).is(202, ""); a.at("deliveries") != 0.0 {
		f.Errorf("%s", a.text)
	}
	if a := boss.call("PATCH", one, message{"disabled": true}).is(200, ""); a.at("disabled") != true || a.at("cause") != "asked" {
		f.Errorf("%s", a.text)
	}
	boss.call("POST", one+"/test", nil).is(409, "CONFLICT")
	boss.call("POST", one+"/deliveries/"+id+"/replay", nil).is(409, "CONFLICT")
}

// belongs makes a user a member of an organization, which is made where it is not there.
func (f *fixture) belongs(id identity.UserID, org identity.TenantID, role string) {
	f.Helper()
	ctx := context.WithoutCancel(f.Context())
	for _, change := range []struct {
		query string
		args  []any
	}{
		{`INSERT INTO organizations (id, name, created_at) VALUES ($1, 'Somewhere', 0) ON CONFLICT (id) DO NOTHING`, []any{string(org)}},
		{`INSERT INTO assignments (org_id, user_id, role, granted_at) VALUES ($1, $2, $3, 0)`, []any{string(org), string(id), role}},
	} {
		_, err := f.gate.Flow.DB.Exec(ctx, change.query, change.args...)
		f.must(err)
	}
}

// Of two organizations neither finds the other's webhooks, under any path; nor does a member find
// them who may not edit the organization (AUZ-17).
func TestWebhooksOfOrganizations(t *testing.T) {
	f := one(t, loopback)
	to, _, _ := hooks(t)
	f.belongs(f.person(alice).ID, "org_a", "owner")
	f.belongs(f.person(bob).ID, "org_b", "owner")
	f.person(admin, "admin")
	a, b, boss := f.signedIn(alice, "token"), f.signedIn(bob, "token"), f.signedIn(admin, "token")
	id := a.call("POST", "/orgs/org_a/webhooks", message{"url": to, "types": []string{"*"}}).is(201, "").str("id")
	a.call("GET", "/orgs/org_a/webhooks/"+id, nil).is(200, "")
	boss.call("GET", "/orgs/org_a/webhooks/"+id, nil).is(200, "")
	boss.call("GET", "/admin/api/webhooks/"+id, nil).is(404, "NOT_FOUND")
	bodies := map[string]any{
		"POST ": message{"url": to, "types": []string{"*"}}, "PATCH /" + id: message{"disabled": true},
		"POST /" + id + "/rotate": message{}, "POST /" + id + "/replay": message{"since": start.Format(time.RFC3339)},
	}
	for _, r := range []string{
		"GET ", "POST ", "GET /" + id, "PATCH /" + id, "DELETE /" + id, "POST /" + id + "/rotate", "POST /" + id + "/test",
		"GET /" + id + "/deliveries", "POST /" + id + "/deliveries/dlv_1/replay", "POST /" + id + "/replay",
	} {
		method, rest, _ := strings.Cut(r, " ")
		b.call(method, "/orgs/org_a/webhooks"+rest, bodies[r]).is(404, "NOT_FOUND")
		if rest != "" {
			b.call(method, "/orgs/org_b/webhooks"+rest, bodies[r]).is(404, "NOT_FOUND")
		}
	}
	if list := b.call("GET", "/orgs/org_b/webhooks", nil).is(200, "").at("items").([]any); len(list) != 0 {
		t.Errorf("%v", list)
	}
	f.belongs(f.person("carol@example.com").ID, "org_a", "member")
	f.signedIn("carol@example.com", "token").call("GET", "/orgs/org_a/webhooks/"+id, nil).is(403, "INSUFFICIENT_PERMISSIONS")
}
