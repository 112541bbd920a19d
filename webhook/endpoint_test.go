package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/outbound"
	"github.com/gatehouse-id/gatehouse/webhook"
)

// A stranger is a Caller that finds a private address behind every name.
type stranger struct{ outbound.Client }

func (s stranger) CheckURL(text string) error { return s.Client.CheckURL(text) }

func (stranger) Post(context.Context, string, map[string]string, []byte) (outbound.Answer, error) {
	return outbound.Answer{}, outbound.ErrRefused
}

func (f *fixture) refuses(what string, err, want error) {
	f.t.Helper()
	if !errors.Is(err, want) {
		f.t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// Two organizations know nothing of each other's endpoints, nor get each other's events; the
// deployment gets all (AUZ-17).
func TestOrganizations(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.receives(nil)
		all, _ := f.endpoint("", r, "login.failed")
		own, _ := f.endpoint(acme, r, "*")
		other, _ := f.endpoint(globex, r, "login.failed")
		f.happens(acme, "login.failed")
		f.happens("", "login.failed")
		_, err := f.Deliver(t.Context())
		f.must(err)
		count := func(e *webhook.Endpoint) (n int) {
			for _, d := range f.log(e, webhook.Delivered) {
				if d.Type == "login.failed" {
					n++
				}
			}
			return n
		}
		if count(all) != 2 || count(own) != 1 || count(other) != 0 {
			t.Errorf("got %d, %d, %d", count(all), count(own), count(other))
		}
		d := f.log(own, "")[0]
		for _, org := range []identity.TenantID{"", globex} {
			_, err := f.ByID(t.Context(), org, own.ID)
			f.refuses("show", err, identity.ErrNotFound)
			_, err = f.Update(t.Context(), org, own.ID, webhook.Change{Types: []string{"*"}})
			f.refuses("change", err, identity.ErrNotFound)
			_, _, err = f.Rotate(t.Context(), org, own.ID, 0)
			f.refuses("rotate", err, identity.ErrNotFound)
			_, err = f.Test(t.Context(), org, own.ID)
			f.refuses("test", err, identity.ErrNotFound)
			_, _, err = f.Deliveries(t.Context(), org, own.ID, webhook.Query{})
			f.refuses("list", err, identity.ErrNotFound)
			_, err = f.Replay(t.Context(), org, own.ID, d.ID)
			f.refuses("replay", err, identity.ErrNotFound)
			_, err = f.ReplayDead(t.Context(), org, own.ID, start)
			f.refuses("replay all", err, identity.ErrNotFound)
			f.refuses("delete", f.Delete(t.Context(), org, own.ID), identity.ErrNotFound)
		}
		_, err = f.Replay(t.Context(), globex, other.ID, d.ID)
		f.refuses("another's delivery", err, identity.ErrNotFound)
		if list, err := f.List(t.Context(), acme); err != nil || len(list) != 1 || list[0].ID != own.ID {
			t.Errorf("%v, %v", list, err)
		}
		f.must(f.Forget(t.Context(), acme))
		f.must(f.Forget(t.Context(), ""))
		if _, err := f.ByID(t.Context(), "", all.ID); err != nil {
			t.Error(err)
		}
	})
}

// An organization is not told where people were, nor with which browser.
func TestPersonalData(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.receives(nil)
		f.endpoint(acme, r, "login.failed")
		f.happens(acme, "login.failed")
		f.delivers(1)
		want := `"actor":"usr_1","subject":"usr_2","org":"org_acme","requestId":"req_1","data":{"method":"password"}}}`
		if body := r.requests()[0].body; len(body) < len(want) || body[len(body)-len(want):] != want {
			t.Errorf("%s", body)
		}
	})
}

// Nor is it told why somebody was denied: its owner could ask for what is others' and read there
// whether there is such a thing (AUZ-17). The deployment is told.
func TestDenied(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.receives(nil)
		f.endpoint(acme, r, "access.denied")
		f.endpoint("", r, "access.denied")
		f.must(f.Log.Record(t.Context(), identity.Event{
			Type: identity.EventAccessDenied, Actor: "usr_1", Org: acme, Data: map[string]string{"route": "GET /posts/{id}", "code": "NOT_FOUND", "reason": "somebody else's"},
		}))
		f.spreads()
		f.delivers(2)
		told := 0
		for _, q := range r.requests() {
			if strings.Contains(q.body, "somebody else's") {
				told++
			}
			if !strings.Contains(q.body, "GET /posts/{id}") {
				t.Error(q.body)
			}
		}
		if told != 1 {
			t.Errorf("%d endpoints were told the reason", told)
		}
	})
}

// During the overlap both secrets sign, so that receivers change in their own time; then the old
// one is worth nothing.
func TestRotate(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.receives(nil)
		e, first := f.endpoint("", r, "login.failed")
		second, until, err := f.Rotate(t.Context(), "", e.ID, time.Hour)
		f.must(err)
		if !until.Equal(start.Add(time.Hour)) || first == second {
			t.Errorf("until %v", until)
		}
		third := ""
		for i, want := range [][3]bool{{true, true}, {false, true}, {false, false, true}} {
			f.happens("", "login.failed")
			f.delivers(1)
			q := r.requests()[i]
			if got := [3]bool{q.signedBy(first), q.signedBy(second), third != "" && q.signedBy(third)}; got != want {
				t.Errorf("request %d is signed by %v, want %v", i, got, want)
			}
			f.wait(time.Hour)
			if i == 1 {
				third, _, err = f.Rotate(t.Context(), "", e.ID, 0)
				f.must(err)
			}
		}
		for _, overlap := range []time.Duration{-1, webhook.LongestOverlap + 1} {
			_, _, err = f.Rotate(t.Context(), "", e.ID, overlap)
			f.refuses(overlap.String(), err, identity.ErrInvalid)
		}
		if n := len(f.events(identity.EventWebhookRotated)); n != 2 {
			t.Errorf("%d events", n)
		}
	})
}

// A disabled endpoint gets nothing, and nothing comes late when it is enabled.
func TestDisabled(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.receives(nil)
		e, _ := f.endpoint("", r, "login.failed")
		f.happens("", "login.failed")
		off, on := true, false
		got, err := f.Update(t.Context(), "", e.ID, webhook.Change{Disabled: &off})
		f.must(err)
		if !got.Disabled || got.Cause != webhook.Asked {
			t.Errorf("%+v", got)
		}
		f.happens("", "login.failed")
		f.delivers(0)
		d := f.only(e, webhook.Dead)
		_, err = f.Replay(t.Context(), "", e.ID, d.ID)
		f.refuses("replay", err, identity.ErrConflict)
		_, err = f.ReplayDead(t.Context(), "", e.ID, start)
		f.refuses("replay all", err, identity.ErrConflict)
		_, err = f.Test(t.Context(), "", e.ID)
		f.refuses("test", err, identity.ErrConflict)
		to := r.URL + "/other"
		got, err = f.Update(t.Context(), "", e.ID, webhook.Change{Disabled: &on, URL: &to, Types: []string{"login.*"}})
		f.must(err)
		if got.Disabled || got.Cause != "" || got.URL != to || fmt.Sprint(got.Types) != "[login.*]" {
			t.Errorf("%+v", got)
		}
		f.happens("", "login.locked")
		f.delivers(1)
		if n := len(f.events(identity.EventWebhookChanged)); n != 2 {
			t.Errorf("%d events", n)
		}
	})
}

// 410 says that nobody is there any more (Standard Webhooks).
func TestGone(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.receives(status(http.StatusGone))
		e, _ := f.endpoint(acme, r, "login.failed")
		f.happens(acme, "login.failed")
		f.delivers(1)
		f.wait(time.Hour)
		f.happens(acme, "login.failed")
		f.delivers(0)
		if d := f.only(e, webhook.Dead); d.Failed != "answered 410: the endpoint is gone" || d.Status != 410 {
			t.Errorf("%+v", d)
		}
		if got, err := f.ByID(t.Context(), acme, e.ID); err != nil || !got.Disabled || got.Cause != webhook.Gone {
			t.Errorf("%+v, %v", got, err)
		}
		list := f.events(identity.EventWebhookDisabled)
		if len(list) != 1 || list[0].Data["cause"] != "gone" || list[0].Org != acme || list[0].Actor != "gatehouse" {
			t.Errorf("%+v", list)
		}
	})
}

// An endpoint that accepts nothing for five days is disabled; one that accepts something is not.
func TestFailing(t *testing.T) {
	each(t, func(f *fixture) {
		dead := f.receives(status(http.StatusBadGateway))
		works := f.receives(func(w http.ResponseWriter, n int) {
			if n%2 == 1 {
				w.WriteHeader(http.StatusBadGateway)
			}
		})
		e, _ := f.endpoint("", dead, "login.failed")
		other, _ := f.endpoint("", works, "login.failed")
		for day := range 7 {
			for range 4 {
				f.happens("", "login.failed")
				_, err := f.Deliver(t.Context())
				f.must(err)
				f.wait(6 * time.Hour)
			}
			got, err := f.ByID(t.Context(), "", e.ID)
			f.must(err)
			if got.Disabled && day < 4 || !got.Disabled && day == 6 || got.Failing.IsZero() {
				t.Errorf("day %d: %+v", day, got)
			}
		}
		if got, err := f.ByID(t.Context(), "", other.ID); err != nil || got.Disabled {
			t.Errorf("%+v, %v", got, err)
		}
		if list := f.events(identity.EventWebhookDisabled); len(list) != 1 || list[0].Data["cause"] != "failing" {
			t.Errorf("%+v", list)
		}
		if f.log(e, webhook.Waiting) != nil {
			t.Error("something waits for a disabled endpoint")
		}
	})
}

// A tenant has so many endpoints and no more.
func TestTooMany(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.receives(nil)
		for range 10 {
			f.endpoint(acme, r, "*")
		}
		_, _, err := f.Create(t.Context(), acme, r.URL, []string{"*"})
		f.refuses("the eleventh", err, identity.ErrConflict)
		f.endpoint(globex, r, "*")
		list, err := f.List(t.Context(), acme)
		f.must(err)
		f.must(f.Delete(t.Context(), acme, list[0].ID))
		f.refuses("twice", f.Delete(t.Context(), acme, list[0].ID), identity.ErrNotFound)
		f.endpoint(acme, r, "*")
	})
}

// The log of deliveries goes back 30 days. An event that is gone is not invented.
func TestSweep(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.receives(nil)
		e, _ := f.endpoint("", r, "login.failed")
		f.happens("", "login.failed")
		f.delivers(1)
		f.wait(29 * 24 * time.Hour)
		f.happens("", "login.failed")
		_, err := f.DB.Exec(t.Context(), `DELETE FROM events`)
		f.must(err)
		f.wait(48 * time.Hour)
		f.must(f.Sweep(t.Context()))
		f.delivers(1)
		if d := f.only(e, webhook.Dead); d.Failed != "the event is no longer in the log" {
			t.Errorf("%+v", d)
		}
		if len(r.requests()) != 1 {
			t.Errorf("%d requests", len(r.requests()))
		}
	})
}
