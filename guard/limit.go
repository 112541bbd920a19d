package guard

import (
	"fmt"
	"math"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// limit counts the call against the address and tells the caller what is left
// (draft-ietf-httpapi-ratelimit-headers, section 3). Each door of a chain counts for itself.
func (c *call) limit() error {
	rate := c.rule.Limit
	if rate.N == 0 {
		return nil
	}
	state, err := c.Limiter.Allow(c.r.Context(), "route "+c.name+" "+c.r.Pattern+" "+throttle.Network(identity.OriginOf(c.r.Context()).IP), rate)
	if state.Rate.N != 0 {
		c.w.Header().Set("RateLimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, rate.N, int(rate.Per.Seconds())))
		c.w.Header().Set("RateLimit", fmt.Sprintf(`"default";r=%d;t=%d`, state.Left, int(math.Ceil(state.Reset.Seconds()))))
	}
	return err
}
