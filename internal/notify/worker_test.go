package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// run starts o and returns a function that ends it and waits for it.
func run(t *testing.T, o *notify.Outbox) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { o.Run(ctx); close(done) }()
	end = func() { cancel(); <-done }
	t.Cleanup(end)
	return end
}

// F12: of many workers on many machines, one delivers each message.
func TestEachMessageLeavesOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		const messages = 40
		var mu sync.Mutex
		got := map[string]int{}
		all := make(chan struct{})
		sender := senderFunc(func(_ context.Context, m notify.Message) error {
			mu.Lock()
			defer mu.Unlock()
			got[m.To]++
			if len(got) == messages {
				close(all)
			}
			return nil
		})
		one, _ := newOutbox(t, db, sender)
		two, _ := newOutbox(t, db, sender)
		for i := range messages {
			queue(t, one, fmt.Sprintf("%d@example.com", i), time.Hour)
		}
		endOne, endTwo := run(t, one), run(t, two)
		<-all
		endOne()
		endTwo()
		for to, n := range got {
			if n != 1 {
				t.Errorf("%s got %d messages", to, n)
			}
		}
		if n := one.Sent() + two.Sent(); n != messages {
			t.Errorf("%d counted as sent", n)
		}
	})
}

// F17: one message that breaks its sender stops nobody else's.
func TestPanicAndHang(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		release := make(chan struct{})
		defer close(release)
		capture := &notify.Capture{}
		o, _ := newOutbox(t, db, senderFunc(func(ctx context.Context, m notify.Message) error {
			switch m.To {
			case "panic@example.com":
				panic("no such thing")
			case "hang@example.com":
				<-release
			case "obey@example.com":
				<-ctx.Done()
				return ctx.Err()
			}
			return capture.Send(ctx, m)
		}))
		o.Timeout = 100 * time.Millisecond
		for _, who := range []string{"panic", "hang", "obey"} {
			queue(t, o, who+"@example.com", time.Hour)
		}
		deliver(t, o, 0, 3)
		o.Timeout = time.Minute
		queue(t, o, "well@example.com", time.Hour)
		deliver(t, o, 1, 3)
		if o.Failed() != 3 {
			t.Errorf("%d failures, want 3", o.Failed())
		}
		var stack string
		if _, err := db.Row(t.Context(), []any{&stack}, `SELECT failed FROM outbox WHERE failed LIKE '%panicked%'`); err != nil || !strings.Contains(stack, "no such thing") {
			t.Errorf("the panic left %q (%v)", stack, err)
		}
	})
}

// Run ends with its context, but first the message on its way is sent and forgotten.
func TestRunFinishesWhatIsUnderWay(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		begun, ended := make(chan struct{}), make(chan struct{})
		o, _ := newOutbox(t, db, senderFunc(func(ctx context.Context, _ notify.Message) error {
			close(begun)
			<-ended
			return ctx.Err()
		}))
		end := run(t, o)
		queue(t, o, "a@example.com", time.Hour)
		<-begun
		go close(ended)
		end()
		if n, err := o.Waiting(t.Context()); n != 0 || err != nil || o.Sent() != 1 {
			t.Errorf("%d waiting (%v), %d sent", n, err, o.Sent())
		}
	})
}

// Run finds what is queued while it runs, although Queue rings before the commit.
func TestRunFindsTheNext(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		left := make(chan string, 1)
		o, _ := newOutbox(t, db, senderFunc(func(_ context.Context, m notify.Message) error {
			left <- m.To
			return nil
		}))
		run(t, o)
		for i := range 3 {
			to := fmt.Sprintf("%d@example.com", i)
			if err := db.Tx(t.Context(), func(ctx context.Context) error {
				return o.Queue(ctx, message(to), start.Add(time.Hour))
			}); err != nil {
				t.Fatal(err)
			}
			if got := <-left; got != to {
				t.Errorf("%s left, want %s", got, to)
			}
		}
	})
}

// A database that is away for a while is no reason to stop.
func TestRunOutlivesTheDatabase(t *testing.T) {
	o, _ := newOutbox(t, sqldbtest.SQLite(t), nil)
	if err := o.DB.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Deliver(t.Context()); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("a pass without a database: %v", err)
	}
	run(t, o)()
}
