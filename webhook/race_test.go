package webhook_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/outbound"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/webhook"
)

// Of many machines that spread and deliver at once, one delivers each event, and none is missed
// (F12).
func TestMachines(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.receives(nil)
		e, key := f.endpoint("", r, "login.failed")
		stores := []*webhook.Store{f.next(), f.next(), f.next()}
		rounds := max(2, sqldbtest.Rounds(t)/4)
		for range rounds {
			f.records(20)
			_, err := f.Log.Seal(t.Context())
			f.must(err)
			sqldbtest.Race(len(stores), func(i int) {
				if err := stores[i].Spread(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := stores[i].Deliver(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		f.must(f.Spread(t.Context()))
		_, err := f.Deliver(t.Context())
		f.must(err)
		seen := map[string]int{}
		for _, q := range r.requests() {
			seen[q.header.Get("webhook-id")]++
			if !q.signedBy(key) {
				t.Error("a request is not signed")
			}
		}
		for id, n := range seen {
			if n != 1 {
				t.Errorf("%s came %d times", id, n)
			}
		}
		if len(seen) != 20*rounds || len(f.log(e, webhook.Waiting)) != 0 {
			t.Errorf("%d deliveries came, %d wait", len(seen), len(f.log(e, webhook.Waiting)))
		}
	})
}

// dying is a machine that dies between the answer and writing it down.
type dying struct{ webhook.Caller }

func (d dying) Post(ctx context.Context, to string, header map[string]string, body []byte) (outbound.Answer, error) {
	_, _ = d.Caller.Post(ctx, to, header, body)
	panic("the machine died")
}

// What a machine that died had delivered comes again from another, under the same webhook-id, and
// not before the claim ran out.
func TestCrash(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.receives(nil)
		e, _ := f.endpoint("", r, "login.failed")
		dead := f.next()
		dead.Caller = dying{f.Caller}
		f.happens("", "login.failed")
		if n, err := dead.Deliver(t.Context()); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		f.wait(19 * time.Second)
		f.delivers(0)
		f.wait(time.Second)
		f.delivers(1)
		d := f.only(e, webhook.Delivered)
		got := r.requests()
		if len(got) != 2 || got[0].header.Get("webhook-id") != string(d.ID) || got[1].header.Get("webhook-id") != string(d.ID) || d.Attempts != 2 {
			t.Errorf("%+v, %d requests", d, len(got))
		}
	})
}

// A slow endpoint has its own room and no more: others get theirs meanwhile (F15).
func TestSlow(t *testing.T) {
	each(t, func(f *fixture) {
		release := make(chan struct{})
		var now, most atomic.Int64
		slow := f.receives(func(http.ResponseWriter, int) {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			<-release
		})
		quick := f.receives(nil)
		s, _ := f.endpoint("", slow, "login.failed")
		q, _ := f.endpoint("", quick, "login.failed")
		f.records(30)
		f.spreads()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { f.Run(ctx); close(done) }()
		eventually(t, func() bool { return len(f.log(q, webhook.Delivered)) == 30 })
		if most.Load() != 4 || len(f.log(s, webhook.Delivered)) != 0 {
			t.Errorf("%d at once at the slow one", most.Load())
		}
		close(release)
		eventually(t, func() bool { return len(f.log(s, webhook.Delivered)) == 30 })
		cancel()
		<-done
	})
}

// Run ends when it is told to, and what is under way then is settled first.
func TestEnd(t *testing.T) {
	each(t, func(f *fixture) {
		begun, release := make(chan struct{}), make(chan struct{})
		e, _ := f.endpoint("", f.receives(func(http.ResponseWriter, int) { close(begun); <-release }), "login.failed")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { f.Run(ctx); close(done) }()
		f.happens("", "login.failed")
		<-begun
		cancel()
		close(release)
		<-done
		f.only(e, webhook.Delivered)
	})
}

// records records failed sign-ins.
func (f *fixture) records(n int) {
	f.t.Helper()
	f.must(f.DB.Tx(f.t.Context(), func(ctx context.Context) error {
		for range n {
			if err := f.Log.Record(ctx, failedSignIn); err != nil {
				return err
			}
		}
		return nil
	}))
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
	}
}
