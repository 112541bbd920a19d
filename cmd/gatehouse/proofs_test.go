package main

import (
	"reflect"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
)

// Every setting of proofs is in force, and the preset is not weakened by the defaults beside
// it (ASVS 6.3.6, MFA-14).
func TestProofs(t *testing.T) {
	roles := map[string]string{"admin": "aal2"}
	usual := Proofs{Mail: "on", Remember: 720 * time.Hour, RecoveryDelay: 24 * time.Hour}
	with := func(change func(*Proofs)) Proofs {
		p := usual
		change(&p)
		return p
	}
	for name, c := range map[string]struct {
		settings Proofs
		want     authn.Policy
	}{
		"defaults": {usual, authn.Policy{Remember: 720 * time.Hour, Delay: 24 * time.Hour}},
		"nothing":  {with(func(p *Proofs) { p.Remember, p.RecoveryDelay = 0, 0 }), authn.Policy{Remember: -1, Delay: -1}},
		"all": {
			with(func(p *Proofs) { p.Require, p.Roles, p.Mail = "aal1", roles, "off" }),
			authn.Policy{ACR: "aal1", Roles: roles, NoMail: true, Remember: 720 * time.Hour, Delay: 24 * time.Hour},
		},
		"preset": {
			with(func(p *Proofs) { p.Preset, p.Roles = "high-security", roles }),
			authn.Policy{ACR: "aal2", Roles: roles, NoMail: true, Remember: -1, Delay: 24 * time.Hour},
		},
	} {
		if got, err := c.settings.policy(); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}
