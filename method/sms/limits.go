package sms

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/throttle"
)

const day = 24 * time.Hour

// networkLimit is how many texts one network can cause. Threat: somebody who earns by each
// text has it sent to a thousand numbers of theirs (toll fraud, SMS pumping).
func networkLimit(ctx context.Context) throttle.Budget {
	ip := throttle.Network(identity.OriginOf(ctx).IP)
	return throttle.Budget{Key: "sms network " + ip, Rate: throttle.Rate{N: 20, Per: day}}
}

// numberLimits are how many texts one number gets, whoever asks.
func numberLimits(number string) []throttle.Budget {
	return []throttle.Budget{
		{Key: "sms hour " + number, Rate: throttle.Rate{N: 5, Per: time.Hour}},
		{Key: "sms day " + number, Rate: throttle.Rate{N: 10, Per: day}},
	}
}

// mayPay counts a text that is about to leave against what the house sends a day: the last
// thing between an attack with many networks and numbers and its bill. Beyond that it is
// identity.ErrRateLimited.
func (m *Method) mayPay(ctx context.Context) error {
	daily := m.Daily
	if daily == 0 {
		daily = 1000
	}
	return m.allow(ctx, throttle.Budget{Key: "sms", Rate: throttle.Rate{N: daily, Per: day}})
}

func (m *Method) allow(ctx context.Context, budgets ...throttle.Budget) error {
	for _, b := range budgets {
		if _, err := m.flow.Limiter.Allow(ctx, b.Key, b.Rate); err != nil {
			return err
		}
	}
	return nil
}
