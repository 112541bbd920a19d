package webhook

import (
	"context"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// spreadMost is how many events one transaction spreads.
const spreadMost = 50

// Behind reports whether there are events that Spread has not seen; where there never was an
// endpoint there are none. It only reads.
func (s *Store) Behind(ctx context.Context) (bool, error) {
	seq, begun, err := s.cursor(ctx)
	if err != nil || !begun {
		return false, err
	}
	next, err := s.Log.After(ctx, seq, 1)
	return len(next) > 0, err
}

func (s *Store) cursor(ctx context.Context) (seq int64, begun bool, err error) {
	begun, err = s.DB.Row(ctx, []any{&seq}, `SELECT seq FROM webhook_cursor WHERE id = 1`)
	return seq, begun, err
}

// Spread makes the deliveries of the events that were sealed since it last ran. Of several
// callers at once one gets on with each event: the cursor is moved in the transaction that makes
// the rows, and only by who has seen it where it is.
func (s *Store) Spread(ctx context.Context) error {
	seq, more, err := s.cursor(ctx)
	for more && err == nil {
		seq, more, err = s.spread(ctx, seq)
	}
	s.wake()
	return err
}

// begin puts the cursor at the newest event, before the first endpoint is made: what happened
// before is nobody's, and what happens from then on is not missed.
func (s *Store) begin(ctx context.Context) error {
	_, begun, err := s.cursor(ctx)
	if err != nil || begun {
		return err
	}
	seq, err := s.Log.Sealed(ctx)
	if err != nil {
		return err
	}
	_, err = s.DB.Exec(ctx, `INSERT INTO webhook_cursor (id, seq) VALUES (1, $1) ON CONFLICT (id) DO NOTHING`, seq)
	return err
}

// spread makes the deliveries of the events that follow seq, and returns where it got to. The
// endpoints are read after the events, so that none is missing that an event came after.
func (s *Store) spread(ctx context.Context, seq int64) (last int64, more bool, err error) {
	events, err := s.Log.After(ctx, seq, spreadMost)
	if err != nil || len(events) == 0 {
		return seq, false, err
	}
	endpoints, err := sqldb.All(ctx, s.DB, scan, `SELECT `+columns+` FROM webhooks WHERE state = $1`, active)
	if err != nil {
		return seq, false, err
	}
	last = events[len(events)-1].Seq
	err = s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE webhook_cursor SET seq = $1 WHERE id = 1 AND seq = $2`, last, seq)
		more = n > 0 && len(events) == spreadMost
		if err != nil || n == 0 {
			return err // another machine has got on with these
		}
		for _, e := range events {
			for _, to := range endpoints {
				if !to.gets(e) {
					continue
				}
				if err := s.queue(ctx, to.ID, e.ID, e.Type); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return last, more, err
}

// gets reports whether an event is for the endpoint: one that it asked for, of its organization,
// and not from before it was there.
func (e *Endpoint) gets(v identity.Event) bool {
	return (e.Org == "" || e.Org == v.Org) && !v.At.Before(e.CreatedAt) && wants(e.Types, v.Type)
}

// queue makes a delivery that is due, unless the endpoint is gone or disabled meanwhile.
func (s *Store) queue(ctx context.Context, to identity.WebhookID, event identity.EventID, typ string) error {
	now := s.Now()
	_, err := s.DB.Exec(ctx, `INSERT INTO webhook_deliveries (id, webhook_id, event_id, type, state, due_at, created_at)
		SELECT $1, id, $2, $3, $4, CAST($5 AS BIGINT), CAST($5 AS BIGINT) FROM webhooks WHERE id = $6 AND state = $7
		ON CONFLICT (webhook_id, event_id) DO NOTHING`,
		string(identity.NewID[identity.DeliveryID]("dlv", now)), string(event), typ, string(Waiting), now.UnixMicro(), string(to), active)
	return err
}
