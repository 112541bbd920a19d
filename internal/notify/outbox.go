package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// An Outbox keeps messages until they have left. Any number of them, in any number of
// processes, may work on one database. DB, Now, Seal, Open and Sender are required.
type Outbox struct {
	DB  *sqldb.DB
	Now func() time.Time
	// Seal and Open keep the payload unreadable in the database: it carries links and codes.
	Seal   func(plain []byte, context string) ([]byte, error)
	Open   func(sealed []byte, context string) ([]byte, error)
	Sender Sender
	Log    *slog.Logger // nil is silent
	// Workers is how many messages may be on their way at once. 0 means 4.
	Workers int
	// Timeout is how long one attempt may take. 0 means 20 seconds.
	Timeout time.Duration

	sent, failed, dropped atomic.Int64
	once                  sync.Once
	rung                  chan struct{}
}

const (
	// margin is how much longer than an attempt a claim lasts. With Timeout and the longest
	// pause it bounds how long the mail of a machine that died waits for another: 30 s.
	margin        = 5 * time.Second
	firstBackoff  = 5 * time.Second
	longestBack   = 10 * time.Minute
	longestReason = 200 // characters
)

// An entry is a message in the outbox, claimed by this worker.
type entry struct {
	id       identity.MailID
	attempts int64 // counts the claims, and so tells one claim from the next
	sealed   []byte
	expires  time.Time
}

// sealContext binds a payload to its row.
func sealContext(id identity.MailID) string { return "outbox/" + string(id) }

// Queue puts m into the outbox, in the transaction of ctx where there is one. It is dropped
// unsent at expires, which is no later than the end of what its links are good for.
func (o *Outbox) Queue(ctx context.Context, m Message, expires time.Time) error {
	now := o.Now()
	m.ID = identity.NewID[identity.MailID]("mai", now)
	if m.Channel == "" {
		m.Channel = Mail
	}
	plain, err := json.Marshal(m)
	if err != nil {
		return err
	}
	sealed, err := o.Seal(plain, sealContext(m.ID))
	if err != nil {
		return fmt.Errorf("seal a message: %w", err)
	}
	_, err = o.DB.Exec(ctx, `INSERT INTO outbox (id, channel, sealed, due_at, created_at, expires_at) VALUES ($1, $2, $3, $4, $4, $5)`,
		m.ID, m.Channel, sealed, now.UnixMicro(), expires.UnixMicro())
	if err != nil {
		return fmt.Errorf("queue a message: %w", err)
	}
	o.Wake()
	return nil
}

// Deliver makes one pass: it attempts whatever is due, one after the other, and returns how
// many messages were sent. A failed attempt is no error: it is logged and made again later.
func (o *Outbox) Deliver(ctx context.Context) (n int, err error) {
	for {
		e, err := o.claim(ctx)
		if e == nil || err != nil {
			return n, err
		}
		o.Wake() // the next worker may look for the next message meanwhile
		sent, err := o.attempt(ctx, e)
		if sent {
			n++
		}
		if err != nil {
			return n, err
		}
	}
}

// claim takes the message that has been due for the longest time, or returns nil. The
// number of attempts is its version: of two who read the same one, one changes it.
func (o *Outbox) claim(ctx context.Context) (*entry, error) {
	for {
		now := o.Now()
		due, err := sqldb.All(ctx, o.DB, scan, `SELECT id, attempts, expires_at FROM outbox WHERE due_at <= $1 ORDER BY due_at, id LIMIT 8`, now.UnixMicro())
		if err != nil || len(due) == 0 {
			return nil, err
		}
		until := now.Add(o.timeout() + margin)
		for _, e := range due {
			ok, err := o.DB.Change(ctx, []any{&e.attempts, &e.sealed}, `UPDATE outbox SET attempts = attempts + 1, due_at = $1
				WHERE id = $2 AND attempts = $3 RETURNING attempts, sealed`, until.UnixMicro(), e.id, e.attempts)
			if ok || err != nil {
				return e, err
			}
		}
	}
}

func scan(row func(...any) error) (*entry, error) {
	var e entry
	var expires int64
	err := row(&e.id, &e.attempts, &expires)
	e.expires = time.UnixMicro(expires)
	return &e, err
}

// attempt sends e, outside of any transaction, and writes down what came of it even when
// ctx has ended meanwhile: a mail that has left must not leave again.
func (o *Outbox) attempt(ctx context.Context, e *entry) (sent bool, err error) {
	failure := o.send(ctx, e)
	ctx = context.WithoutCancel(ctx)
	switch {
	case failure == nil:
		o.sent.Add(1)
		return true, o.remove(ctx, e)
	case errors.Is(failure, errNobody):
		return false, o.remove(ctx, e)
	case errors.Is(failure, ErrPermanent) || errors.Is(failure, errExpired):
		o.dropped.Add(1)
		o.log().Error("a message was dropped unsent", "id", e.id, "attempts", e.attempts, "error", failure)
		return false, o.remove(ctx, e)
	default:
		o.failed.Add(1)
		o.log().Warn("a message was not sent and will be tried again", "id", e.id, "attempts", e.attempts, "error", failure)
		return false, o.postpone(ctx, e, failure)
	}
}

func (o *Outbox) remove(ctx context.Context, e *entry) error {
	_, err := o.DB.Exec(ctx, `DELETE FROM outbox WHERE id = $1`, e.id)
	return err
}

// postpone gives the claim up, unless it ran out and somebody else has made it since.
func (o *Outbox) postpone(ctx context.Context, e *entry, failure error) error {
	due := o.Now().Add(backoff(e.attempts))
	if due.After(e.expires) {
		due = e.expires // to be dropped in time
	}
	_, err := o.DB.Exec(ctx, `UPDATE outbox SET due_at = $1, failed = $2 WHERE id = $3 AND attempts = $4`,
		due.UnixMicro(), reason(failure), e.id, e.attempts)
	return err
}

// backoff is how long to wait after so many attempts: 5 s, 10 s, … 10 min, less up to a
// half, so that what failed together does not come back together.
func backoff(attempts int64) time.Duration {
	d := min(firstBackoff<<min(attempts-1, 10), longestBack)
	return d/2 + d/2*time.Duration(secret.Bytes(1)[0])/255
}

// reason is the text of err, fit for a column.
func reason(err error) string {
	text := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, err.Error())
	if runes := []rune(text); len(runes) > longestReason {
		return string(runes[:longestReason])
	}
	return text
}

// Waiting returns how many messages are in the outbox. A number that grows is an alarm.
func (o *Outbox) Waiting(ctx context.Context) (n int64, err error) {
	_, err = o.DB.Row(ctx, []any{&n}, `SELECT COUNT(*) FROM outbox`)
	return n, err
}

// Sent returns how many messages this process has sent.
func (o *Outbox) Sent() int64 { return o.sent.Load() }

// Failed returns how many attempts of this process failed and are made again.
func (o *Outbox) Failed() int64 { return o.failed.Load() }

// Dropped returns how many messages this process gave up: expired, or refused for good.
func (o *Outbox) Dropped() int64 { return o.dropped.Load() }

func (o *Outbox) log() *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}
