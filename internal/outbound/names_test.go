package outbound_test

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// names returns a resolver that answers each look-up, of whatever name, with the next of some
// addresses, and with the last one from then on; without any there is no such name.
func names(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	z := &zone{answers: answers, asked: map[dnsmessage.Type]int{}}
	go z.serve(server)
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

type zone struct {
	mu      sync.Mutex
	answers []string
	asked   map[dnsmessage.Type]int
}

func (z *zone) serve(server net.PacketConn) {
	b := make([]byte, 1500)
	for {
		n, from, err := server.ReadFrom(b)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(b[:n]) != nil || len(m.Questions) != 1 {
			continue
		}
		z.answer(&m)
		packed, err := m.Pack()
		if err == nil {
			_, _ = server.WriteTo(packed, from)
		}
	}
}

// answer counts the look-ups of each kind of address alone: both are asked for at once.
func (z *zone) answer(m *dnsmessage.Message) {
	q := m.Questions[0]
	m.Response, m.Additionals = true, nil
	if len(z.answers) == 0 {
		m.RCode = dnsmessage.RCodeNameError
		return
	}
	z.mu.Lock()
	addr := netip.MustParseAddr(z.answers[min(z.asked[q.Type], len(z.answers)-1)])
	z.asked[q.Type]++
	z.mu.Unlock()
	head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
	switch {
	case q.Type == dnsmessage.TypeA && addr.Is4():
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: addr.As4()}}}
	case q.Type == dnsmessage.TypeAAAA && addr.Is6():
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}}}
	}
}
