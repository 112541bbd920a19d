package apikey

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/gatehouse-id/gatehouse/identity"
)

const maxNetworks = 50

// Networks reads an allow-list: addresses and networks in CIDR notation (RFC 4632, RFC 4291
// section 2.3). An address is a network of one; 10.1.2.3/8 means 10.0.0.0/8; an IPv4 address in
// IPv6 clothes is the IPv4 address. What is neither, and more than fifty of them, are
// identity.ErrInvalid, naming the member "ipAllowlist".
func Networks(list []string) ([]netip.Prefix, error) {
	if len(list) > maxNetworks {
		return nil, identity.ErrInvalid.With("ipAllowlist", "has more than 50 networks")
	}
	networks := make([]netip.Prefix, 0, len(list))
	for _, text := range list {
		p, ok := network(text)
		if !ok {
			return nil, identity.ErrInvalid.With("ipAllowlist", "has something that is no address and no network")
		}
		networks = append(networks, p)
	}
	slices.SortFunc(networks, netip.Prefix.Compare)
	return slices.Compact(networks), nil
}

// network reads one. A zone names a link of the machine that wrote it, and nothing of ours.
func network(text string) (netip.Prefix, bool) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, false
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	if p.Addr().Is4In6() {
		// Threat: kept as IPv6 it would match nobody, for our own addresses are unmapped.
		if p.Bits() < 96 {
			return netip.Prefix{}, false
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

// within reports whether a key may be used from an address. An empty list allows every one; an
// address that we do not know is on no list.
func within(list []netip.Prefix, ip string) bool {
	if len(list) == 0 {
		return true
	}
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(addr) })
}

func joined(list []netip.Prefix) string {
	texts := make([]string, 0, len(list))
	for _, p := range list {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, " ")
}

// parted reads what joined wrote. What it cannot read allows nobody: a damaged list must not
// become an empty one, which allows everybody.
func parted(text string) []netip.Prefix {
	list := []netip.Prefix{}
	for word := range strings.FieldsSeq(text) {
		p, _ := netip.ParsePrefix(word) // the zero Prefix contains no address
		list = append(list, p)
	}
	return list
}
