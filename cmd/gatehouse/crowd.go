package main

import (
	"net/http"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// fieldsMost is how many fields the header of a request may have. Threat: thousands of short ones
// stay below the bound for bytes and cost time and memory each; browsers and proxies send some
// forty.
const fieldsMost = 128

// A crowd bounds how many requests are answered at once, and how many of one address.
type crowd struct {
	most int
	mu   sync.Mutex
	all  int
	by   map[string]int // no more than there are requests under way
}

// shares is into how many parts a crowd is divided, of which one address may have one. Threat: a
// body may take 15 seconds to arrive, on 64 streams of each connection; one client that sends all of
// them slowly would else have all of the places.
const shares = 8

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

// comeBack is what whoever is turned away is told to wait.
const comeBack = 2 * time.Second

// admit serves next for so many at once. Whoever is turned away costs nothing but this answer.
func (c *crowd) admit(next http.Handler) http.Handler {
	return web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		who := throttle.Network(identity.OriginOf(r.Context()).IP)
		if web.Loopback(who) {
			who = "" // a proxy, as a rule, that asks for many
		}
		if !c.enter(who) {
			return identity.ErrUnavailable.In(comeBack)
		}
		defer c.leave(who)
		n := 0
		for _, values := range r.Header {
			n += len(values)
		}
		if n > fieldsMost {
			w.Header().Set("Connection", "close")
			return identity.ErrInvalid.With("header", "has too many fields")
		}
		next.ServeHTTP(w, r)
		return nil
	})
}
