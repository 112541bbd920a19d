package gatehouse

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// Threat: a flood of sign-ins, each of which waits for a hash, fills the memory and makes everybody
// wait who is signed in already. So requests that cost something are few at a time, and are refused
// first; what is cheap is not counted here.

const (
	costlyMost = 128             // under way at once, where Config.Costly says nothing
	shares     = 8               // one address may have an eighth of them
	comeBack   = 2 * time.Second // what whoever is turned away is told to wait
)

// cheap are the routes that strangers may call and that change something, and still cost next to
// nothing: one signature, or a few statements. Whoever is signed in needs them to stay so.
var cheap = []string{"POST /auth/refresh", "POST /auth/logout", "POST /logout"}

// costly reports whether a stranger can make a route hash, mail or write. What only reads does none of
// it, and whoever has proved who they are is known by name if they flood.
func costly(r guard.Route) bool {
	return r.Rule.Public && !strings.HasPrefix(r.Pattern, http.MethodGet+" ") && !slices.Contains(cheap, r.Pattern)
}

// A crowd counts the costly requests that are under way, and those of each address. Its keys are
// of requests under way, so there are no more of them than of those.
type crowd struct {
	most int
	mu   sync.Mutex
	all  int
	by   map[string]int
}

// admit serves next unless too many are under way.
func (c *crowd) admit(route guard.Route, next http.Handler) http.Handler {
	if !costly(route) {
		return next
	}
	return web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		who := throttle.Network(identity.OriginOf(r.Context()).IP)
		if web.Loopback(who) {
			who = "" // a proxy, as a rule, that asks for many
		}
		if !c.enter(who) {
			return identity.ErrUnavailable.In(comeBack)
		}
		defer c.leave(who)
		next.ServeHTTP(w, r)
		return nil
	})
}

func (c *crowd) enter(who string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all >= c.most || who != "" && c.by[who] >= max(1, c.most/shares) {
		return false
	}
	if c.by == nil {
		c.by = map[string]int{}
	}
	c.all++
	c.by[who]++
	return true
}

func (c *crowd) leave(who string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.by[who]--; c.by[who] == 0 {
		delete(c.by, who)
	}
}
