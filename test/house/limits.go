package house

import "github.com/gatehouse-id/gatehouse/throttle"

// Wide returns limits on calls that no test reaches: the clock of a test stands still, and what is
// used up would never come back. Failures, and what one account or number gets, are limited as ever.
func Wide() throttle.Limits {
	wide := throttle.Limits{}
	for _, n := range []throttle.Name{
		throttle.Calls, throttle.SignIns, throttle.MailAddress, throttle.Registrations, throttle.Links, throttle.Changes,
		throttle.Tokens, throttle.Organizations,
	} {
		wide[n] = throttle.Rate{N: 100_000, Per: throttle.Limits(nil).Rate(n).Per}
	}
	return wide
}
