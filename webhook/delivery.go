package webhook

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// A State says where a delivery stands.
type State string

// The states.
const (
	Waiting   State = "waiting"   // to be attempted, or attempted again
	Delivered State = "delivered" // accepted by a status of 200 to 299
	Dead      State = "dead"      // given up; it can be replayed
)

// A Delivery is one event on its way to one endpoint. What the endpoint answered is not kept but
// for its status: it would show whoever chose the URL what stands there.
type Delivery struct {
	ID        identity.DeliveryID // the webhook-id, the same at every attempt
	Webhook   identity.WebhookID
	Event     identity.EventID
	Type      string
	State     State
	Attempts  int
	Status    int       // of the last answer; 0: there was none
	Failed    string    // what was wrong with the last attempt; empty: nothing
	DueAt     time.Time // of the next attempt, while it waits
	CreatedAt time.Time
	DoneAt    time.Time // zero while it waits
}

// kept is how long the log of deliveries goes back.
const kept = 30 * 24 * time.Hour

const deliveryColumns = `id, webhook_id, event_id, type, state, attempts, status, failed, due_at, created_at, done_at`

func scanDelivery(row func(...any) error) (d Delivery, err error) {
	var due, created, done int64
	err = row(&d.ID, &d.Webhook, &d.Event, &d.Type, &d.State, &d.Attempts, &d.Status, &d.Failed, &due, &created, &done)
	d.DueAt, d.CreatedAt = time.UnixMicro(due).UTC(), time.UnixMicro(created).UTC()
	if done > 0 {
		d.DoneAt = time.UnixMicro(done).UTC()
	}
	return d, err
}

// A Query selects deliveries of an endpoint, newest first. The zero Query selects the newest 50.
type Query struct {
	State  State  // in this state; empty: in any
	Limit  int    // at most 200; 0 means 50
	Cursor string // where the page before ended; empty: from the newest
}

// Deliveries returns the deliveries of a query and the cursor of the next page, "" at the end. An
// endpoint of another organization is identity.ErrNotFound, a malformed cursor or an unknown
// state identity.ErrInvalid.
func (s *Store) Deliveries(ctx context.Context, org identity.TenantID, id identity.WebhookID, q Query) (list []Delivery, next string, err error) {
	at, last, limit, err := sqldb.Page(q.Cursor, q.Limit)
	if err != nil {
		return nil, "", err
	}
	switch q.State {
	case "", Waiting, Delivered, Dead:
	default:
		return nil, "", identity.ErrInvalid.With("state", "must be waiting, delivered or dead")
	}
	if _, err := s.ByID(ctx, org, id); err != nil {
		return nil, "", err
	}
	list, err = sqldb.All(ctx, s.DB, scanDelivery, `SELECT `+deliveryColumns+` FROM webhook_deliveries
		WHERE webhook_id = $1 AND (created_at, id) < ($2, $3) AND ($4 = '' OR state = $4)
		ORDER BY created_at DESC, id DESC LIMIT $5`, string(id), at, last, string(q.State), limit)
	if err == nil && len(list) == limit {
		end := list[limit-1]
		next = sqldb.Cursor(end.CreatedAt.UnixMicro(), string(end.ID))
	}
	return list, next, err
}

// Test queues a delivery of type Test for an endpoint, whatever types it gets. It is attempted
// once. A disabled endpoint is identity.ErrConflict.
func (s *Store) Test(ctx context.Context, org identity.TenantID, id identity.WebhookID) (Delivery, error) {
	e, err := s.ByID(ctx, org, id)
	if err != nil {
		return Delivery{}, err
	}
	event := identity.NewID[identity.EventID]("evt", s.Now())
	if err := s.queue(ctx, e.ID, event, Test); err != nil {
		return Delivery{}, err
	}
	list, err := sqldb.All(ctx, s.DB, scanDelivery, `SELECT `+deliveryColumns+` FROM webhook_deliveries
		WHERE webhook_id = $1 AND event_id = $2`, string(id), string(event))
	if err != nil {
		return Delivery{}, err
	}
	if len(list) == 0 {
		return Delivery{}, identity.ErrConflict
	}
	s.wake()
	return list[0], nil
}

// again makes deliveries due anew, with all attempts before them. An endpoint of another
// organization has none, nor has one that is disabled.
const again = `UPDATE webhook_deliveries SET state = 'waiting', spent = attempts, due_at = $1, done_at = 0
	WHERE webhook_id = $2 AND EXISTS (SELECT 1 FROM webhooks w WHERE w.id = $2 AND w.org_id = $3 AND w.state = 'active') `

// Replay delivers once more what was delivered or is dead, under the same webhook-id. What still
// waits, and what an endpoint that is disabled should get, is identity.ErrConflict.
func (s *Store) Replay(ctx context.Context, org identity.TenantID, id identity.WebhookID, which identity.DeliveryID) (Delivery, error) {
	n, err := s.DB.Exec(ctx, again+`AND id = $4 AND state <> 'waiting'`, s.Now().UnixMicro(), string(id), string(org), string(which))
	if err != nil {
		return Delivery{}, err
	}
	if _, err := s.ByID(ctx, org, id); err != nil {
		return Delivery{}, err
	}
	list, err := sqldb.All(ctx, s.DB, scanDelivery, `SELECT `+deliveryColumns+` FROM webhook_deliveries
		WHERE id = $1 AND webhook_id = $2`, string(which), string(id))
	switch {
	case err != nil:
		return Delivery{}, err
	case len(list) == 0:
		return Delivery{}, identity.ErrNotFound
	case n == 0:
		return Delivery{}, identity.ErrConflict
	}
	s.wake()
	return list[0], nil
}

// ReplayDead delivers once more what is dead and was made since a time, and returns how many.
func (s *Store) ReplayDead(ctx context.Context, org identity.TenantID, id identity.WebhookID, since time.Time) (int64, error) {
	e, err := s.ByID(ctx, org, id)
	if err != nil {
		return 0, err
	}
	if e.Disabled {
		return 0, identity.ErrConflict
	}
	n, err := s.DB.Exec(ctx, again+`AND state = 'dead' AND created_at >= $4`, s.Now().UnixMicro(), string(id), string(org), since.UnixMicro())
	s.wake()
	return n, err
}

// Sweep removes deliveries that were done with and are older than 30 days.
func (s *Store) Sweep(ctx context.Context) error {
	return s.DB.Sweep(ctx, `DELETE FROM webhook_deliveries WHERE id IN
		(SELECT id FROM webhook_deliveries WHERE created_at < $1 AND state <> 'waiting' LIMIT $2)`, s.Now().Add(-kept).UnixMicro())
}
