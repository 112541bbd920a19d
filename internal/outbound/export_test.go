package outbound

import (
	"net"
	"net/netip"
)

// Permits is for tests of the table of addresses.
func (c *Client) Permits(addr netip.Addr) bool { return c.permits(addr) }

// Ask makes c ask a resolver of the test's.
func (c *Client) Ask(r *net.Resolver) *Client {
	c.resolver = r
	return c
}

// RetryAfter is for tests of its forms.
var RetryAfter = retryAfter
