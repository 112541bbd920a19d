package throttle

import (
	"net/netip"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

const (
	shares   = 8               // of a crowd, of which one address may have one
	comeBack = 2 * time.Second // what whoever is turned away is told to wait
)

// A Crowd bounds how many are under way at once, and how many of one address: an eighth. Threat: a
// client may take long over each, and would have all places else. Most is required. Its keys are of
// who is inside, so there are no more of them than of those.
type Crowd struct {
	Most int

	mu  sync.Mutex
	all int
	by  map[string]int
}

// Enter takes a place for an address, which leave gives back. Where there is none it returns
// identity.ErrUnavailable. This machine may have all that there are: it is a proxy, as a rule, that
// asks for many.
func (c *Crowd) Enter(ip string) (leave func(), err error) {
	who := Network(ip)
	if addr, err := netip.ParseAddr(ip); err == nil && addr.Unmap().IsLoopback() {
		who = ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all >= c.Most || who != "" && c.by[who] >= max(1, c.Most/shares) {
		return nil, identity.ErrUnavailable.In(comeBack)
	}
	if c.by == nil {
		c.by = map[string]int{}
	}
	c.all++
	c.by[who]++
	return func() { c.leave(who) }, nil
}

func (c *Crowd) leave(who string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.by[who]--; c.by[who] == 0 {
		delete(c.by, who)
	}
}
