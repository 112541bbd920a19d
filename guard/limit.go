package guard

import (
	"fmt"
	"math"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// limit counts the call against the address: by the rule's own rate, and what strangers may call
// also with all that they call. Each door of a chain counts for itself, unless its rate has a name.
func (c *call) limit() error {
	if err := c.take(c.rule.Limit); err != nil {
		return err
	}
	if !c.rule.Public {
		return nil // see stranger
	}
	return c.stranger()
}

// stranger counts a call of whoever has proved nothing with all other such calls of their address
// (RAT-02). A call with a good credential is not counted: behind one address there may be a whole
// company, or the server of an application that asks for each of its users.
func (c *call) stranger() error {
	if !c.rule.Call {
		return nil
	}
	return c.take(c.Limiter.Rate(throttle.Calls))
}

// unproved counts a call whose credential was missing or not good.
func (c *call) unproved(err error) error {
	if c.rule.Public || identity.KindOf(err) != identity.Unauthenticated {
		return err
	}
	if limited := c.stranger(); limited != nil {
		return limited
	}
	return err
}

// take takes one call of a rate and tells the caller what is left
// (draft-ietf-httpapi-ratelimit-headers, section 3).
func (c *call) take(rate throttle.Rate) error {
	if rate.N == 0 {
		return nil
	}
	name, key := "default", "route "+c.name+" "+c.r.Pattern
	if rate.Name != "" {
		name, key = string(rate.Name), string(rate.Name)
	}
	state, err := c.Limiter.Allow(c.r.Context(), key+" "+throttle.Network(identity.OriginOf(c.r.Context()).IP), rate)
	if err != nil {
		c.spent = rate
	}
	if state.Rate.N != 0 {
		c.w.Header().Add("RateLimit-Policy", fmt.Sprintf(`"%s";q=%d;w=%d`, name, rate.N, int(rate.Per.Seconds())))
		c.w.Header().Add("RateLimit", fmt.Sprintf(`"%s";r=%d;t=%d`, name, state.Left, int(math.Ceil(state.Reset.Seconds()))))
	}
	return err
}
