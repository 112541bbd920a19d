package gatehouse

import (
	"fmt"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/internal/breach"
	"github.com/gatehouse-id/gatehouse/internal/outbound"
)

// Breaches says where passwords are looked up that attackers may know: when one is set, and after a
// sign-in. The zero value asks Have I Been Pwned, which is told five of the forty digits of a hash;
// where it cannot be reached, passwords are set without.
type Breaches struct {
	Off    bool   // nobody is asked, and no file
	Local  bool   // nobody is asked
	File   string // a filter, made by gatehouse breach build; "": none
	Ranges Ranges // another service of the same kind
}

// Ranges is a service of ranges of digests.
type Ranges struct {
	URL      string // "": the public one of Have I Been Pwned
	Loopback bool   // it is on this machine: for development
}

// breaches opens what passwords are looked up in; nil: nothing.
func (g *Gate) breaches() (*authn.Breaches, error) {
	c := g.config.Breaches
	if c.Off {
		return nil, nil
	}
	checker := &breach.Checker{}
	if c.File != "" {
		filter, err := breach.Open(c.File)
		if err != nil {
			return nil, fmt.Errorf("gatehouse: Config.Breaches.File: %s: %w", c.File, err)
		}
		checker.Filter = filter
	}
	if !c.Local {
		g.ranges = &outbound.Ranges{URL: c.Ranges.URL, Loopback: c.Ranges.Loopback, Failed: func(err error) {
			g.config.Logger.Warn("passwords are not looked up: the service does not answer", "err", err)
		}}
		checker.Fetch = g.ranges.Get
	}
	return authn.NewBreaches(checker.Check), nil
}
