package outbound_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/outbound"
)

// closed are addresses of every network in which nothing may be called, in every form.
const closed = `
	0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.0.1
	169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1
	192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
	255.255.255.255 168.63.129.16 100.100.100.200
	:: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 ::10.0.0.1
	64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::a00:1 100::1
	2001::1 2001:0:7f00:1:: 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 3fff::1 5f00::1
	2002:7f00:1:: 2002:a00:1:: 2002:808:808::1
	fc00::1 fd00::1 fd00:ec2::254 fd20:ce::254 fe80::1 fe80::1%eth0 2606:4700::1111%eth0 fec0::1 ff02::1 4000::1`

const open = `1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1
	172.15.255.255 172.32.0.0 192.0.1.1 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
	::ffff:8.8.8.8 64:ff9b::808:808 2606:4700:4700::1111 2a00:1450:4001::1 2001:4860:4860::8888 2001:200::1`

func addresses(list string) (all []netip.Addr) {
	for _, text := range strings.Fields(list) {
		all = append(all, netip.MustParseAddr(text))
	}
	return all
}

// What is not of the internet is closed, in whatever form it is written.
func TestAddresses(t *testing.T) {
	c := &outbound.Client{}
	for _, a := range addresses(closed) {
		if c.Permits(a) {
			t.Errorf("%v may be called", a)
		}
	}
	for _, a := range addresses(open) {
		if !c.Permits(a) {
			t.Errorf("%v may not be called", a)
		}
	}
}

// An operator opens networks of their own, and never by that what tells a machine its credentials.
func TestAllow(t *testing.T) {
	all := &outbound.Client{Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}}
	own := &outbound.Client{Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd12::/16")}}
	dev := &outbound.Client{Loopback: true}
	for _, test := range []struct {
		c    *outbound.Client
		addr string
		want bool
	}{
		{all, "10.0.0.1", true},
		{all, "::ffff:10.0.0.1", true},
		{all, "fe80::1", true},
		{all, "fe80::1%eth0", false},
		{all, "169.254.169.254", false},
		{all, "::ffff:169.254.169.254", false},
		{all, "64:ff9b::a9fe:a9fe", false},
		{all, "168.63.129.16", false},
		{all, "fd00:ec2::254", false},
		{own, "10.1.2.3", true},
		{own, "::ffff:10.1.2.3", true},
		{own, "10.2.0.1", false},
		{own, "fd12::1", true},
		{own, "fd13::1", false},
		{own, "127.0.0.1", false},
		{dev, "127.0.0.1", true},
		{dev, "::1", true},
		{dev, "::ffff:127.0.0.1", true},
		{dev, "10.0.0.1", false},
		{dev, "0.0.0.0", false},
	} {
		if got := test.c.Permits(netip.MustParseAddr(test.addr)); got != test.want {
			t.Errorf("%+v permits %s: %v", test.c, test.addr, got)
		}
	}
}
