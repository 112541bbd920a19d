package webhook

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A Change is what is to become different; what is nil stays.
type Change struct {
	URL      *string
	Types    []string
	Disabled *bool
}

// Update changes an endpoint. One that is disabled gets nothing of what happens meanwhile, and
// what was still to be delivered to it is dead; enabled again it begins anew.
func (s *Store) Update(ctx context.Context, org identity.TenantID, id identity.WebhookID, c Change) (e *Endpoint, err error) {
	var to, patterns, state string
	var cause Cause
	if c.URL != nil {
		to = *c.URL
		err = s.checkURL(to)
	}
	if c.Types != nil && err == nil {
		patterns, err = checkTypes(c.Types)
	}
	if err != nil {
		return nil, err
	}
	if c.Disabled != nil {
		state = active
		if *c.Disabled {
			state, cause = disabled, Asked
		}
	}
	return e, s.DB.Tx(ctx, func(ctx context.Context) error {
		// Another URL, or being enabled, forgets how long the endpoint has been failing.
		n, err := s.DB.Exec(ctx, `UPDATE webhooks SET
			url = CASE WHEN $3 = '' THEN url ELSE $3 END, types = CASE WHEN $4 = '' THEN types ELSE $4 END,
			state = CASE WHEN $5 = '' THEN state ELSE $5 END, cause = CASE WHEN $5 = '' THEN cause ELSE $6 END,
			failing_at = CASE WHEN $3 = '' AND $5 <> 'active' THEN failing_at ELSE 0 END
			WHERE id = $1 AND org_id = $2`, string(id), string(org), to, patterns, state, string(cause))
		if err != nil {
			return err
		}
		if n == 0 {
			return identity.ErrNotFound
		}
		if state == disabled {
			if err := s.abandon(ctx, id); err != nil {
				return err
			}
		}
		if e, err = s.ByID(ctx, org, id); err != nil {
			return err
		}
		return s.record(ctx, identity.EventWebhookChanged, e, map[string]string{"state": word(e.Disabled)})
	})
}

func word(isDisabled bool) string {
	if isDisabled {
		return disabled
	}
	return active
}

// abandon makes what an endpoint was still to get dead; it can be replayed.
func (s *Store) abandon(ctx context.Context, id identity.WebhookID) error {
	_, err := s.DB.Exec(ctx, `UPDATE webhook_deliveries SET state = $1, failed = $2, done_at = $3 WHERE webhook_id = $4 AND state = $5`,
		string(Dead), "the endpoint was disabled", s.Now().UnixMicro(), string(id), string(Waiting))
	return err
}

// disable turns an endpoint off by itself if it has failed since cut or longer. The condition
// makes it happen, and the event be recorded, once.
func (s *Store) disable(ctx context.Context, id identity.WebhookID, cause Cause, cut time.Time) error {
	e := &Endpoint{ID: id}
	changed, err := s.DB.Change(ctx, []any{&e.Org, &e.URL}, `UPDATE webhooks SET state = $1, cause = $2
		WHERE id = $3 AND state = $4 AND failing_at > 0 AND failing_at <= $5 RETURNING org_id, url`,
		disabled, string(cause), string(id), active, cut.UnixMicro())
	if err != nil || !changed {
		return err
	}
	if err := s.abandon(ctx, id); err != nil {
		return err
	}
	ctx = identity.NewContext(ctx, &identity.Principal{UserID: "gatehouse"}) // nobody asked for it
	return s.record(ctx, identity.EventWebhookDisabled, e, map[string]string{"cause": string(cause)})
}
