package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// The fields in which a proxy can say for whom it asks.
const (
	XForwardedFor = "X-Forwarded-For"
	Forwarded     = "Forwarded" // RFC 7239
)

// mostHops bounds what is read of a chain of proxies, from its right end.
const mostHops = 32

// client returns the address of whoever sent the request: the peer, or behind trusted
// proxies the rightmost address that is not theirs. What stands left of it anybody can
// write (RAT-07), and so can anybody write every other field: X-Real-IP and its like are never
// read. Where a proxy says nothing, or nothing that can be read, the request counts as its own.
func (s *Site) client(r *http.Request) string {
	addr, ok := peer(r)
	if !ok {
		return ""
	}
	if !s.trusts(addr) {
		return addr.String()
	}
	hops := s.hops(r.Header)
	for i := len(hops) - 1; i >= max(0, len(hops)-mostHops); i-- {
		hop, ok := node(hops[i])
		if !ok {
			break
		}
		if addr = hop; !s.trusts(addr) {
			break
		}
	}
	return addr.String()
}

// peer is whoever holds the other end of the connection; there is none on a socket of the machine.
func peer(r *http.Request) (netip.Addr, bool) {
	p, err := netip.ParseAddrPort(r.RemoteAddr)
	return p.Addr().Unmap().WithZone(""), err == nil
}

// hops are for whom the request was passed on, the last one first to be believed.
func (s *Site) hops(h http.Header) []string {
	if s.Forwarded != Forwarded {
		return strings.Split(strings.Join(h.Values(XForwardedFor), ","), ",")
	}
	var list []string
	for _, element := range strings.Split(strings.Join(h.Values(Forwarded), ","), ",") {
		list = append(list, forwardedFor(element))
	}
	return list
}

// forwardedFor returns the parameter for of one element of Forwarded (RFC 7239 section 4), ""
// without one. A quoted pair stands in no address, so a quote that holds one is none.
func forwardedFor(element string) string {
	for _, pair := range strings.Split(element, ";") {
		name, value, _ := strings.Cut(pair, "=")
		if strings.EqualFold(strings.TrimSpace(name), "for") {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

// node reads an address as proxies write it: with a port, and IPv6 in brackets (RFC 7239 section
// 6). A zone means something on the proxy's machine only.
func node(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if p, err := netip.ParseAddrPort(text); err == nil {
		return p.Addr().Unmap().WithZone(""), true
	}
	if inner, found := strings.CutPrefix(text, "["); found {
		text = strings.TrimSuffix(inner, "]")
	}
	addr, err := netip.ParseAddr(text)
	return addr.Unmap().WithZone(""), err == nil
}

// Believes reports whether a trusted proxy passed the request on, so that what only a proxy can
// know may be read from its header fields.
func (s *Site) Believes(r *http.Request) bool {
	addr, ok := peer(r)
	return ok && s.trusts(addr)
}

func (s *Site) trusts(addr netip.Addr) bool {
	for _, p := range s.Proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
