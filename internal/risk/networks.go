package risk

import (
	"bufio"
	"bytes"
	"fmt"
	"net/netip"
	"strings"
)

// networks are prefixes, by their length: whether an address is in one of a million is found out by
// as many looks as there are lengths. The zero value has none.
type networks map[int]map[netip.Prefix]struct{}

// readNetworks reads an address or a prefix a line. What comes after # is for people. A line that
// is neither is an error: of a list that was cut short, half would be believed.
func readNetworks(text []byte) (networks, error) {
	all := networks{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		p, err := prefix(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if all[p.Bits()] == nil {
			all[p.Bits()] = map[netip.Prefix]struct{}{}
		}
		all[p.Bits()][p] = struct{}{}
	}
	return all, lines.Err()
}

func prefix(line string) (netip.Prefix, error) {
	if !strings.Contains(line, "/") {
		addr, ok := address(line)
		if !ok {
			return netip.Prefix{}, fmt.Errorf("%.40q is neither an address nor a prefix", line)
		}
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(line)
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%.40q is no prefix", line)
	}
	return p.Masked(), nil
}

func (n networks) has(addr netip.Addr) bool {
	for bits, known := range n {
		if p, err := addr.Prefix(bits); err == nil {
			if _, ok := known[p]; ok {
				return true
			}
		}
	}
	return false
}
