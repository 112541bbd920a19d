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

// refused keeps what explain tells an operator, and records the denial of an authenticated
// caller, once a minute for a caller and a route: one who tries a thousand times is one line,
// and cannot flood the log (CON-16). Strangers' refusals are no events. Threat: whoever hangs up
// at once, or tries while the counters are away, would be denied without a trace.
func (c *call) refused(step string, err error) {
	v := c.told(step, err)
	c.refusals.add(v)
	if c.p == nil || identity.KindOf(err) == identity.Internal {
		return
	}
	ctx := context.WithoutCancel(c.r.Context())
	if first, err := c.Limiter.Store.Claim(ctx, "denied "+v.Caller+" "+v.Route, time.Minute); err == nil && !first {
		return
	}
	c.write(c.r, v.event(c.p))
}

func (d *door) write(r *http.Request, e identity.Event) {
	if err := d.Log.Record(context.WithoutCancel(r.Context()), e); err != nil && d.Site.Log != nil {
		d.Site.Log.ErrorContext(r.Context(), "event not recorded", "type", e.Type, "err", err)
	}
}
