package guard

import (
	"fmt"
	"math"
	"net/http"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// limit counts the call against the address and tells the caller what is left
// (draft-ietf-httpapi-ratelimit-headers, section 3).
func (d *door) limit(w http.ResponseWriter, r *http.Request) error {
	rate := d.rule.Limit
	if rate.N == 0 {
		return nil
	}
	state, err := d.Limiter.Allow(r.Context(), "route "+d.route(r)+" "+throttle.Network(identity.OriginOf(r.Context()).IP), rate)
	if state.Rate.N != 0 {
		w.Header().Set("RateLimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, rate.N, int(rate.Per.Seconds())))
		w.Header().Set("RateLimit", fmt.Sprintf(`"default";r=%d;t=%d`, state.Left, int(math.Ceil(state.Reset.Seconds()))))
	}
	return err
}
