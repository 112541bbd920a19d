package sms

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/throttle"
)

const (
	day = 24 * time.Hour
	// boundless is a limit that nobody meets: what counts by it only costs what counting costs.
	boundless = 1 << 20
)

// networkLimit is how many texts one network can cause. Threat: somebody who earns by each
// text has it sent to a thousand numbers of theirs (toll fraud, SMS pumping).
func (m *Method) networkLimit(ctx context.Context) throttle.Budget {
	ip := throttle.Network(identity.OriginOf(ctx).IP)
	return throttle.Budget{Key: "sms network " + ip, Rate: m.flow.Limiter.Rate(throttle.TextsAddress)}
}

// numberLimits are how many texts one number gets, whoever asks.
func (m *Method) numberLimits(number string) []throttle.Budget {
	return []throttle.Budget{
		{Key: "sms hour " + number, Rate: m.flow.Limiter.Rate(throttle.TextsNumber)},
		{Key: "sms day " + number, Rate: m.flow.Limiter.Rate(throttle.TextsNumberDay)},
	}
}

// noLimits cost what numberLimits cost, for whoever has no number.
func (m *Method) noLimits(address string) []throttle.Budget {
	list := m.numberLimits("nobody " + address)
	for i := range list {
		list[i].Rate.N = boundless
	}
	return list
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

// payNothing costs what mayPay costs, for a text that does not leave.
func (m *Method) payNothing(ctx context.Context) error {
	return m.allow(ctx, throttle.Budget{Key: "sms nothing", Rate: throttle.Rate{N: boundless, Per: day}})
}

func (m *Method) allow(ctx context.Context, budgets ...throttle.Budget) error {
	for _, b := range budgets {
		if _, err := m.flow.Limiter.Allow(ctx, b.Key, b.Rate); err != nil {
			return err
		}
	}
	return nil
}
