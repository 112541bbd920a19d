package outbound

import (
	"net/netip"
	"strings"
)

// refused are the networks in which nothing that strangers name may be called (RFC 6890 and the
// special-purpose registries of IANA).
var refused = prefixes(`
	0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12
	192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15
	198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
	2001::/23 2001:db8::/32 2002::/16 3fff::/20`)

// unicast is what of IPv6 is public at all: loopback, unique local, link-local, multicast and
// the forms that hide an IPv4 address are outside of it. Teredo and 6to4, which are inside, are
// among the refused.
var unicast = netip.MustParsePrefix("2000::/3")

// nat64 hides an IPv4 address behind it, which is judged (RFC 6052). Networks without IPv4 reach
// all others like that.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// metadata are where clouds tell a machine its own credentials. They stay closed in an allowed
// network too: nobody who allows 169.254.0.0/16 means them.
var metadata = prefixes(`
	169.254.169.254/32 169.254.170.2/32 169.254.170.23/32 100.100.100.200/32 168.63.129.16/32 192.0.0.192/32
	fd00:ec2::254/128 fd00:ec2::23/128 fd20:ce::254/128`)

func prefixes(list string) (all []netip.Prefix) {
	for _, p := range strings.Fields(list) {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}

func within(list []netip.Prefix, addr netip.Addr) bool {
	for _, p := range list {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// bare takes an IPv4 address out of the forms that hide one.
func bare(addr netip.Addr) netip.Addr {
	addr = addr.Unmap()
	if nat64.Contains(addr) {
		b := addr.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return addr
}

// public reports whether an address is one of the internet's.
func public(addr netip.Addr) bool {
	return addr.Zone() == "" && !within(refused, addr) && (addr.Is4() || unicast.Contains(addr))
}

// permits reports whether an address may be called.
func (c *Client) permits(addr netip.Addr) bool {
	if addr.Zone() != "" || within(metadata, bare(addr)) {
		return false
	}
	addr = bare(addr)
	return public(addr) || within(c.Allow, addr) || c.Loopback && addr.IsLoopback()
}
