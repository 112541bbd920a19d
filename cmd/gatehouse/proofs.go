package main

import (
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
)

// policy is what the settings demand of a sign-in.
func (p Proofs) policy() (authn.Policy, error) {
	if p.Remember < 0 || p.RecoveryDelay < 0 {
		return authn.Policy{}, errors.New("proofs-remember and proofs-recovery-delay must not be negative")
	}
	if p.Preset == "high-security" {
		if p.Require == "aal1" {
			return authn.Policy{}, errors.New("proofs-require is aal1, and the preset high-security demands aal2; remove one of them")
		}
		policy := authn.HighSecurity()
		policy.Roles, policy.Delay = p.Roles, none(p.RecoveryDelay)
		return policy, nil
	}
	return authn.Policy{
		ACR: p.Require, Roles: p.Roles, NoMail: p.Mail == "off", Remember: none(p.Remember), Delay: none(p.RecoveryDelay),
	}, nil
}

// none makes of 0, which means a default to a Policy, what means none there.
func none(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}
