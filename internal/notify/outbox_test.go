package notify_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

var start = time.Date(2026, 11, 24, 14, 5, 0, 0, time.UTC)

// clock is a time that only the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// senderFunc is a Sender made of a function.
type senderFunc func(context.Context, notify.Message) error

func (f senderFunc) Send(ctx context.Context, m notify.Message) error { return f(ctx, m) }

func newOutbox(t *testing.T, db *sqldb.DB, sender notify.Sender) (*notify.Outbox, *clock) {
	t.Helper()
	box, err := secret.NewBox(make([]byte, secret.Size))
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{now: start}
	seal := func(plain []byte, context string) ([]byte, error) { return box.Seal(plain, context), nil }
	return &notify.Outbox{DB: db, Now: c.Now, Seal: seal, Open: box.Open, Sender: sender}, c
}

func message(to string) notify.Message {
	return notify.Message{To: to, Subject: "Hello", Text: "Go to https://id.example/verify-email?token=hush", Links: []string{"https://id.example/verify-email?token=hush"}}
}

func queue(t *testing.T, o *notify.Outbox, to string, life time.Duration) {
	t.Helper()
	if err := o.Queue(t.Context(), message(to), o.Now().Add(life)); err != nil {
		t.Fatal(err)
	}
}

// deliver makes a pass and checks how many messages it sent and how many it left.
func deliver(t *testing.T, o *notify.Outbox, sent int, left int64) {
	t.Helper()
	n, err := o.Deliver(t.Context())
	if err != nil || n != sent {
		t.Errorf("sent %d (%v), want %d", n, err, sent)
	}
	if waiting, err := o.Waiting(t.Context()); err != nil || waiting != left {
		t.Errorf("%d waiting (%v), want %d", waiting, err, left)
	}
}

func TestQueueJoinsTheTransaction(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		capture := &notify.Capture{}
		o, _ := newOutbox(t, db, capture)
		undone := errors.New("undone")
		if err := db.Tx(t.Context(), func(ctx context.Context) error {
			if err := o.Queue(ctx, message("a@example.com"), start.Add(time.Hour)); err != nil {
				return err
			}
			return undone
		}); !errors.Is(err, undone) {
			t.Fatal(err)
		}
		deliver(t, o, 0, 0)
		if err := db.Tx(t.Context(), func(ctx context.Context) error {
			return o.Queue(ctx, message("a@example.com"), start.Add(time.Hour))
		}); err != nil {
			t.Fatal(err)
		}
		deliver(t, o, 1, 0)
		if got := capture.List(); len(got) != 1 || got[0].To != "a@example.com" || got[0].Channel != notify.Mail || got[0].ID == "" {
			t.Errorf("captured %+v", got)
		}
	})
}

// The payload survives the process, and nobody reads it meanwhile (design: nothing secret
// at rest in clear).
func TestQueueIsDurableAndSealed(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		before, _ := newOutbox(t, db, nil)
		queue(t, before, "a@example.com", time.Hour)
		var row string
		if _, err := db.Row(t.Context(), []any{&row}, `SELECT sealed FROM outbox`); err != nil {
			t.Fatal(err)
		}
		for _, clear := range []string{"hush", "a@example.com", "Hello"} {
			if strings.Contains(row, clear) {
				t.Errorf("%q is readable in the database", clear)
			}
		}
		capture := &notify.Capture{}
		after, _ := newOutbox(t, db, capture)
		deliver(t, after, 1, 0)
		if got := capture.List(); len(got) != 1 || !slices.Equal(got[0].Links, message("").Links) {
			t.Errorf("after the restart: %+v", got)
		}
	})
}

// F14: never send a dead link, and give up what nobody will ever accept.
func TestDrop(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		capture := &notify.Capture{}
		o, c := newOutbox(t, db, capture)
		queue(t, o, "late@example.com", time.Minute)
		c.advance(time.Minute)
		deliver(t, o, 0, 0)
		if got := capture.List(); len(got) > 0 {
			t.Errorf("sent a dead link: %+v", got)
		}
		o.Sender = senderFunc(func(context.Context, notify.Message) error { return errors.Join(notify.ErrPermanent) })
		queue(t, o, "nobody@example.com", time.Minute)
		deliver(t, o, 0, 0)
		if o.Sent() != 0 || o.Failed() != 0 || o.Dropped() != 2 {
			t.Errorf("sent %d, failed %d, dropped %d", o.Sent(), o.Failed(), o.Dropped())
		}
	})
}

// What is to nobody goes the same way and is thrown away in the end, whoever would deliver it.
func TestNobody(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		capture := &notify.Capture{}
		o, _ := newOutbox(t, db, capture)
		m := message("nobody@example.com")
		m.Channel = notify.Nobody
		if err := o.Queue(t.Context(), m, o.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		queue(t, o, "somebody@example.com", time.Hour)
		deliver(t, o, 1, 0)
		if list := capture.List(); len(list) != 1 || list[0].To != "somebody@example.com" || o.Sent() != 1 || o.Failed() != 0 || o.Dropped() != 0 {
			t.Errorf("%+v; %d sent, %d failed, %d dropped", list, o.Sent(), o.Failed(), o.Dropped())
		}
	})
}

func TestBackoff(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var attempts int
		ids := map[string]bool{}
		down := senderFunc(func(_ context.Context, m notify.Message) error {
			attempts++
			ids[string(m.ID)] = true
			return errors.New("mail server is down\x00\xff" + strings.Repeat("!", 1000))
		})
		o, c := newOutbox(t, db, down)
		queue(t, o, "a@example.com", time.Hour)
		for i, wait := range []time.Duration{5, 10, 20, 40, 80, 160, 320, 600, 600} {
			deliver(t, o, 0, 1)
			c.advance(wait*time.Second/2 - time.Millisecond) // the jitter takes off a half at the most
			deliver(t, o, 0, 1)
			if attempts != i+1 {
				t.Fatalf("%d attempts where there should be %d", attempts, i+1)
			}
			c.advance(wait*time.Second/2 + time.Millisecond)
		}
		if len(ids) != 1 {
			t.Errorf("one message has %d ids", len(ids))
		}
		capture := &notify.Capture{}
		o.Sender = capture
		deliver(t, o, 1, 0)
	})
}

// An attempt that fails shortly before the end is not postponed beyond it: the secret
// leaves the database when it dies.
func TestBackoffEndsWithTheMessage(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		o, c := newOutbox(t, db, senderFunc(func(context.Context, notify.Message) error { return errors.New("down") }))
		queue(t, o, "a@example.com", time.Second)
		deliver(t, o, 0, 1)
		c.advance(time.Second)
		deliver(t, o, 0, 0)
	})
}

// A payload that this process cannot open yet is kept: its key may be a new one.
func TestUnknownKey(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		o, c := newOutbox(t, db, &notify.Capture{})
		open := o.Open
		o.Open = func([]byte, string) ([]byte, error) { return nil, secret.ErrSealed }
		queue(t, o, "a@example.com", time.Hour)
		deliver(t, o, 0, 1)
		o.Open = open
		c.advance(5 * time.Second)
		deliver(t, o, 1, 0)
	})
}

// F12: the message of a machine that died is delivered by another within 30 s, and not
// before the machine must have given it up.
func TestTakeover(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		dying, _ := newOutbox(t, db, nil)
		queue(t, dying, "a@example.com", time.Hour)
		dying.Open = func([]byte, string) ([]byte, error) { panic("power cut") }
		func() {
			defer func() { _ = recover() }()
			_, _ = dying.Deliver(t.Context())
		}()
		heir, c := newOutbox(t, db, &notify.Capture{})
		c.advance(20 * time.Second)
		deliver(t, heir, 0, 1)
		c.advance(5 * time.Second)
		deliver(t, heir, 1, 0)
	})
}
