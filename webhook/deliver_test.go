package webhook_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/webhook"
)

// What an endpoint asked for arrives once, signed, and says what happened (BAS-03).
func TestDelivery(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.receives(nil)
		f.happens("", "login.succeeded") // before there is an endpoint
		f.wait(time.Second)
		e, key := f.endpoint("", r, "login.*", "post.deleted")
		f.happens("", "login.failed", "session.created", "post.deleted", "logins.failed")
		f.delivers(2)
		f.delivers(0)
		for _, typ := range []string{"login.failed", "post.deleted"} {
			q := r.about(typ)
			if !q.signedBy(key) || q.signedBy("whsec_"+key[7:len(key)-4]+"AAA=") {
				t.Errorf("%s: the signature is not that of the secret", q.body)
			}
			var p struct {
				Type      string
				Timestamp time.Time
				Data      map[string]any
			}
			f.must(json.Unmarshal([]byte(q.body), &p))
			for name, want := range map[string]any{
				"type": typ, "at": "2026-01-02T03:04:06Z", "actor": "usr_1", "subject": "usr_2", "org": nil, "ip": "192.0.2.7",
				"userAgent": "Example/1.0", "requestId": "req_1",
			} {
				if p.Data[name] != want {
					t.Errorf("%s: %s is %v", typ, name, p.Data[name])
				}
			}
			if p.Type != typ || !p.Timestamp.Equal(start.Add(time.Second)) || p.Data["seq"].(float64) < 2 {
				t.Errorf("%s", q.body)
			}
			if q.header.Get("webhook-timestamp") != strconv.FormatInt(start.Add(time.Second).Unix(), 10) || q.header.Get("Content-Type") != "application/json" {
				t.Errorf("%v", q.header)
			}
		}
		for _, d := range f.log(e, webhook.Delivered) {
			if d.Attempts != 1 || d.Status != http.StatusNoContent || d.Failed != "" || !d.DoneAt.Equal(start.Add(time.Second)) {
				t.Errorf("%+v", d)
			}
		}
		if f.Delivered() != 2 || f.Retried() != 0 || f.Dropped() != 0 {
			t.Errorf("counted %d, %d, %d", f.Delivered(), f.Retried(), f.Dropped())
		}
	})
}

// A secret is in no row in clear, and in no event.
func TestSecretIsSealed(t *testing.T) {
	each(t, func(f *fixture) {
		e, key := f.endpoint("", f.receives(nil), "*")
		if len(key) != len("whsec_")+44 {
			t.Errorf("%d characters", len(key))
		}
		var sealed []byte
		_, err := f.DB.Row(t.Context(), []any{&sealed}, `SELECT sealed FROM webhooks WHERE id = $1`, string(e.ID))
		f.must(err)
		if len(sealed) == 0 || bytes.Contains(sealed, []byte(key[6:])) {
			t.Error("the secret is not sealed")
		}
		if _, err := f.Open(sealed, "webhooks/whk_other"); err == nil {
			t.Error("the secret opens in another row")
		}
		if made := f.events(identity.EventWebhookCreated); len(made) != 1 || made[0].Data["webhook"] != string(e.ID) {
			t.Errorf("%+v", made)
		}
	})
}

// What fails is tried again, later and later, under the same webhook-id, until it is dead; then
// it can be replayed.
func TestRetry(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.receives(func(w http.ResponseWriter, n int) {
			if n <= 10 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		})
		e, key := f.endpoint("", r, "login.failed")
		f.happens("", "login.failed")
		for i, pause := range []time.Duration{
			5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
			10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
		} {
			f.delivers(1)
			d := f.only(e, webhook.Waiting)
			if after := d.DueAt.Sub(f.Now()); after < pause || after > pause+pause/10 {
				t.Errorf("attempt %d is followed after %v, want %v", i+1, after, pause)
			}
			if d.Attempts != i+1 || d.Status != 500 || d.Failed != "answered 500" {
				t.Errorf("%+v", d)
			}
			f.wait(pause - time.Second)
			f.delivers(0)
			f.wait(d.DueAt.Sub(f.Now()))
		}
		f.delivers(1)
		d := f.only(e, webhook.Dead)
		f.wait(100 * time.Hour)
		f.delivers(0)
		if f.Retried() != 9 || f.Dropped() != 1 {
			t.Errorf("counted %d failures, %d drops", f.Retried(), f.Dropped())
		}
		_, err := f.Replay(t.Context(), "", e.ID, d.ID)
		f.must(err)
		f.delivers(1)
		if d := f.only(e, webhook.Delivered); d.Attempts != 11 || d.Failed != "" {
			t.Errorf("%+v", d)
		}
		for _, q := range r.requests() {
			if q.header.Get("webhook-id") != string(d.ID) || !q.signedBy(key) || q.body != r.requests()[0].body {
				t.Errorf("%v %s", q.header, q.body)
			}
		}
	})
}

// A replayed delivery has all its attempts again.
func TestReplayBeginsAnew(t *testing.T) {
	each(t, func(f *fixture) {
		e, _ := f.endpoint("", f.receives(status(http.StatusNotFound)), "login.failed")
		f.happens("", "login.failed", "login.failed")
		for list := f.log(e, webhook.Waiting); list != nil; list = f.log(e, webhook.Waiting) {
			f.wait(max(list[0].DueAt.Sub(f.Now()), 0))
			_, err := f.Deliver(t.Context())
			f.must(err)
		}
		f.wait(time.Second)
		if n, err := f.ReplayDead(t.Context(), "", e.ID, f.Now()); n != 0 || err != nil {
			t.Errorf("%d since now, %v", n, err)
		}
		n, err := f.ReplayDead(t.Context(), "", e.ID, start)
		f.must(err)
		f.delivers(2)
		for _, d := range f.log(e, webhook.Waiting) {
			if d.Attempts != 11 || d.DueAt.Sub(f.Now()) > 6*time.Second {
				t.Errorf("%+v", d)
			}
			_, err := f.Replay(t.Context(), "", e.ID, d.ID)
			f.refuses("one that waits", err, identity.ErrConflict)
			n--
		}
		if n != 0 {
			t.Errorf("%d more were replayed", n)
		}
		_, err = f.Replay(t.Context(), "", e.ID, "dlv_none")
		f.refuses("one that is none", err, identity.ErrNotFound)
	})
}

// An endpoint that asks for time gets it.
func TestRetryAfter(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.receives(func(w http.ResponseWriter, n int) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader([]int{429, 503, 500}[n-1])
		})
		e, _ := f.endpoint("", r, "login.failed")
		f.happens("", "login.failed")
		for _, want := range []time.Duration{time.Hour, time.Hour, 33 * time.Minute} {
			f.delivers(1)
			d := f.only(e, webhook.Waiting)
			if after := d.DueAt.Sub(f.Now()); after > want || after < want*9/10 {
				t.Errorf("%d is followed after %v", d.Status, after)
			}
			f.wait(d.DueAt.Sub(f.Now()))
		}
	})
}

// A test is a delivery of its own type, whatever the endpoint gets, and is attempted once.
func TestTest(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.receives(func(w http.ResponseWriter, n int) { w.WriteHeader([]int{204, 500}[n-1]) })
		e, key := f.endpoint(acme, r, "login.failed")
		for range 2 {
			_, err := f.Test(t.Context(), acme, e.ID)
			f.must(err)
			f.delivers(1)
		}
		q := r.requests()[0]
		var p struct {
			Type string
			Data struct{ Type, Org string }
		}
		f.must(json.Unmarshal([]byte(q.body), &p))
		if p.Type != webhook.Test || p.Data.Type != webhook.Test || p.Data.Org != string(acme) || !q.signedBy(key) {
			t.Errorf("%s", q.body)
		}
		if list := f.log(e, ""); len(list) != 2 || f.log(e, webhook.Dead)[0].Failed != "answered 500" {
			t.Errorf("%+v", list)
		}
		if got, err := f.ByID(t.Context(), acme, e.ID); err != nil || !got.Failing.IsZero() {
			t.Errorf("a failed test counts: %+v, %v", got, err)
		}
	})
}

// Where the receiver may not be called, the log says so, and nobody was called.
func TestRefused(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.receives(nil)
		e, _ := f.endpoint("", r, "login.failed")
		f.Caller = stranger{} // another machine, without the network of the operator's
		f.happens("", "login.failed")
		f.delivers(1)
		if d := f.only(e, webhook.Waiting); d.Failed != "refused: the host leads to an address that is not public" || d.Status != 0 {
			t.Errorf("%+v", d)
		}
		if len(r.requests()) != 0 {
			t.Error("the receiver was called")
		}
		for _, to := range []string{"http://example.com/", "https://127.0.0.1:8443/", "https://user@example.com", "https://10.0.0.1/", ""} {
			_, _, err := f.Create(t.Context(), "", to, []string{"*"})
			f.refuses(to, err, identity.ErrInvalid)
			if to != "" {
				_, err = f.Update(t.Context(), "", e.ID, webhook.Change{URL: &to})
				f.refuses(to, err, identity.ErrInvalid)
			}
		}
	})
}
