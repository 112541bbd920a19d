package guard

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// record tells of a request that was served. By then the answer is gone, so a failure to
// record can only be logged; what must not happen unrecorded is recorded by its noun, in
// its transaction.
func (d *door) record(r *http.Request, status int) {
	d.write(r, identity.Event{Type: d.rule.Audit, Data: map[string]string{"route": d.route(r), "status": strconv.Itoa(status)}})
}

// denied tells of an authenticated caller who may not, once a minute for a caller and a
// route: one who tries a thousand times is one line, and cannot flood the log (CON-16).
// Strangers' refusals are no events.
func (d *door) denied(r *http.Request, p *identity.Principal, err error) {
	if p == nil || identity.KindOf(err) == identity.Internal {
		return
	}
	first, claimErr := d.Limiter.Store.Claim(r.Context(), "denied "+string(p.UserID)+" "+d.route(r), time.Minute)
	if claimErr != nil || !first {
		return
	}
	d.write(r, identity.Event{Type: identity.EventAccessDenied, Subject: p.UserID, Data: map[string]string{"route": d.route(r), "reason": err.Error()}})
}

func (d *door) write(r *http.Request, e identity.Event) {
	if err := d.Log.Record(context.WithoutCancel(r.Context()), e); err != nil && d.Site.Log != nil {
		d.Site.Log.ErrorContext(r.Context(), "event not recorded", "type", e.Type, "err", err)
	}
}
