package webhook

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/outbound"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

const (
	// claimed is how long a claim lasts: longer than any attempt. It is what a delivery of a
	// machine that died waits for another.
	claimed = 20 * time.Second
	// grace is how long the attempts under way have left when Run is told to end.
	grace = 5 * time.Second
	// patience is how long an endpoint may accept nothing before it is disabled.
	patience = 5 * 24 * time.Hour
)

// schedule is how long to wait after each failure; after the last one a delivery is dead.
var schedule = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// A claim is a delivery that this machine attempts. The number of attempts tells one claim from
// the next.
type claim struct {
	id       identity.DeliveryID
	webhook  identity.WebhookID
	event    identity.EventID
	typ      string
	attempts int64 // with this one
	spent    int64 // before the last replay
	created  int64
}

// claim takes the delivery of an endpoint that has been due for the longest time, or returns nil.
// The condition decides between two who found the same one; who lost looks again.
func (s *Store) claim(ctx context.Context, to identity.WebhookID) (*claim, error) {
	for range 3 {
		now := s.Now()
		c := &claim{webhook: to}
		won, err := s.DB.Change(ctx, []any{&c.id, &c.event, &c.typ, &c.attempts, &c.spent, &c.created},
			`UPDATE webhook_deliveries SET attempts = attempts + 1, due_at = $3 WHERE id = (
				SELECT id FROM webhook_deliveries WHERE webhook_id = $1 AND state = 'waiting' AND due_at <= $2 ORDER BY due_at, id LIMIT 1
			) AND state = 'waiting' AND due_at <= $2 RETURNING id, event_id, type, attempts, spent, created_at`,
			string(to), now.UnixMicro(), now.Add(claimed).UnixMicro())
		if err != nil {
			return nil, err
		}
		if won {
			return c, nil
		}
	}
	return nil, nil
}

// attempt posts, outside of any transaction, and writes down what came of it even when ctx has
// ended meanwhile: what was accepted must not come again. What fails on our side leaves the claim
// to run out, and is tried again.
func (s *Store) attempt(ctx context.Context, c *claim) {
	defer func() {
		if p := recover(); p != nil {
			s.logger().ErrorContext(ctx, "the delivery of a webhook panicked", "delivery", c.id, "panic", p)
		}
	}()
	post, cancel := outlive(ctx)
	defer cancel()
	ctx = context.WithoutCancel(ctx)
	r, err := s.post(post, c)
	if err == nil {
		err = s.settle(ctx, c, r)
	}
	if err != nil {
		s.logger().ErrorContext(ctx, "a webhook was not delivered", "delivery", c.id, "webhook", c.webhook, "err", err)
	}
}

// outlive returns a context that ends a grace after ctx.
func outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-own.Done():
		case <-time.After(grace):
			cancel()
		}
	})
	return own, func() { stop(); cancel() }
}

// A result is what came of an attempt.
type result struct {
	status int
	failed string        // empty: accepted
	wait   time.Duration // how long the endpoint asks us to wait
	final  bool          // not to be tried again
}

// post makes the attempt. Its error is ours, not the endpoint's.
func (s *Store) post(ctx context.Context, c *claim) (result, error) {
	var e Endpoint
	found, err := s.DB.Row(ctx, []any{&e.Org, &e.URL}, `SELECT org_id, url FROM webhooks WHERE id = $1 AND state = 'active'`, string(c.webhook))
	if err != nil {
		return result{}, err
	}
	if !found {
		return result{failed: "the endpoint was disabled", final: true}, nil
	}
	body, err := s.body(ctx, c, e.Org)
	if errors.Is(err, identity.ErrNotFound) {
		return result{failed: "the event is no longer in the log", final: true}, nil
	}
	if err != nil {
		return result{}, err
	}
	_, keys, err := s.secretsOf(ctx, c.webhook)
	if err != nil {
		return result{}, err
	}
	now := s.Now()
	signature, err := sign(keys.inForce(now), c.id, now, body)
	if err != nil {
		return result{}, err
	}
	answer, err := s.Caller.Post(ctx, e.URL, map[string]string{
		"Content-Type": "application/json", "webhook-id": string(c.id),
		"webhook-timestamp": strconv.FormatInt(now.Unix(), 10), "webhook-signature": signature,
	}, body)
	return judge(c, answer, err), nil
}

// body is made anew for each attempt: what was erased since is not sent.
func (s *Store) body(ctx context.Context, c *claim, to identity.TenantID) ([]byte, error) {
	if c.typ == Test {
		return encode(&identity.Event{
			ID: c.event, Type: Test, At: time.UnixMicro(c.created), Actor: "gatehouse", Org: to,
			Data: map[string]string{"message": "This is a test. Nothing happened."},
		}, to)
	}
	e, err := s.Log.ByID(ctx, c.event)
	if err != nil {
		return nil, err
	}
	return encode(e, to)
}

// judge says what an answer means (Standard Webhooks, "Operational considerations").
func judge(c *claim, a outbound.Answer, err error) result {
	r := result{status: a.Status, final: c.typ == Test}
	switch {
	case err != nil:
		r.failed = err.Error()
	case a.Status/100 == 2:
	case a.Status/100 == 3:
		r.failed = fmt.Sprintf("answered %d; redirects are not followed", a.Status)
	case a.Status == gone:
		r.failed, r.final = "answered 410: the endpoint is gone", true
	default:
		r.failed = fmt.Sprintf("answered %d", a.Status)
		if a.Status == tooMany || a.Status == unavailable {
			r.wait = a.RetryAfter
		}
	}
	return r
}

// Statuses of RFC 9110 and RFC 6585 that say more than no.
const (
	gone        = 410
	tooMany     = 429
	unavailable = 503
)

// settle writes down what came of an attempt, unless the claim ran out and somebody else has made
// it since.
func (s *Store) settle(ctx context.Context, c *claim, r result) error {
	now := s.Now()
	state, due := Waiting, now
	switch tried := c.attempts - c.spent; {
	case r.failed == "":
		state = Delivered
	case r.final || tried > int64(len(schedule)):
		state = Dead
	default:
		due = now.Add(max(backoff(tried), r.wait))
	}
	done := now.UnixMicro()
	if state == Waiting {
		done = 0
	}
	counted := false
	err := s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE webhook_deliveries SET state = $1, status = $2, failed = $3, due_at = $4, done_at = $5
			WHERE id = $6 AND attempts = $7 AND state = 'waiting'`,
			string(state), r.status, r.failed, due.UnixMicro(), done, string(c.id), c.attempts)
		if counted = n > 0; err != nil || !counted {
			return err
		}
		return s.mark(ctx, c, r, state)
	})
	if err == nil && counted {
		s.count(state)
	}
	return err
}

// mark keeps how the endpoint fares. One that is gone, or that accepted nothing for five days and
// let a delivery die, is disabled. A failed test says nothing of it.
func (s *Store) mark(ctx context.Context, c *claim, r result, state State) error {
	if r.failed == "" {
		_, err := s.DB.Exec(ctx, `UPDATE webhooks SET failing_at = 0 WHERE id = $1 AND failing_at <> 0`, string(c.webhook))
		return err
	}
	if c.typ == Test && r.status != gone {
		return nil
	}
	now := s.Now()
	if _, err := s.DB.Exec(ctx, `UPDATE webhooks SET failing_at = $1 WHERE id = $2 AND failing_at = 0`, now.UnixMicro(), string(c.webhook)); err != nil {
		return err
	}
	switch {
	case r.status == gone:
		return s.disable(ctx, c.webhook, Gone, now)
	case state == Dead:
		return s.disable(ctx, c.webhook, Failing, now.Add(-patience))
	}
	return nil
}

func (s *Store) count(state State) {
	switch state {
	case Delivered:
		s.delivered.Add(1)
	case Dead:
		s.dropped.Add(1)
	default:
		s.retried.Add(1)
	}
}

// backoff is how long to wait after so many attempts: as the schedule says, and up to a tenth
// longer, so that what failed together does not come back together.
func backoff(tried int64) time.Duration {
	d := schedule[min(max(tried, 1), int64(len(schedule)))-1]
	return d + d/10*time.Duration(secret.Bytes(1)[0])/255
}
