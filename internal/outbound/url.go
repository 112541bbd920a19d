package outbound

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

const longestURL = 2048 // characters

// CheckURL reports what is wrong with a URL that is to be called: what can be seen of it without
// asking anybody. Where its name leads is judged at each call, because that changes. The error
// is a sentence about the URL, for whoever chose it.
func (c *Client) CheckURL(text string) error {
	_, err := c.parse(text)
	return err
}

func (c *Client) parse(text string) (*url.URL, error) {
	if len(text) > longestURL {
		return nil, errors.New("must have 2048 characters at most")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return nil, errors.New("must be https://host, perhaps with a port, a path and a query")
	}
	switch {
	case u.User != nil:
		return nil, errors.New("must have no name and password in it: they would be kept, and shown, in clear")
	case u.Fragment != "" || strings.HasSuffix(text, "#"):
		return nil, errors.New("must have no fragment: it would not be sent")
	case u.Scheme == "https":
	case u.Scheme != "http" || !c.Loopback || !loopback(u.Hostname()):
		return nil, errors.New("must be https")
	}
	if err := c.checkPort(u.Port(), strings.HasSuffix(u.Host, ":")); err != nil {
		return nil, err
	}
	return u, c.checkHost(u.Hostname())
}

// checkPort admits 443 and the ports that no system service has. Threat: the ports below 1024 of
// other machines are knocked at in our name.
func (c *Client) checkPort(port string, empty bool) error {
	n, err := strconv.ParseUint(port, 10, 16)
	if port == "" && !empty || err == nil && (n == 443 || n >= 1024 || n > 0 && c.Loopback) {
		return nil
	}
	return errors.New("must have port 443, or one from 1024 to 65535")
}

func (c *Client) checkHost(host string) error {
	addr, ok := literal(host)
	if ok && !c.permits(addr) {
		return errors.New("must lead to a public address")
	}
	if ok {
		return nil
	}
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.ContainsFunc(l, odd) {
			return errors.New("must have a host of letters, digits and hyphens; write others as xn--…")
		}
	}
	// 0x7f.1, 017700000001 and 2130706433 are 127.0.0.1 to some resolvers (WHATWG URL, "ends in a
	// number"). No domain of the internet ends like that.
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' || len(host) > 253 {
		return errors.New("must have the name of a host, or an address in its usual form")
	}
	return nil
}

// literal is the address of a host that needs no resolver.
func literal(host string) (netip.Addr, bool) {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") { // RFC 6761 section 6.3
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), true
	}
	addr, err := netip.ParseAddr(host)
	return addr, err == nil
}

func loopback(host string) bool {
	addr, ok := literal(host)
	return ok && addr.Unmap().IsLoopback()
}

func odd(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	return !letter && (r < '0' || r > '9') && r != '-' && r != '_'
}
