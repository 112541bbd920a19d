package main

import (
	"container/list"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// CrowdSettings bound what all clients together may hold, however many there are. What one may try
// is limited elsewhere.
type CrowdSettings struct {
	Connections int `help:"How many connections a listener holds at once; who has been silent for the longest time makes room." default:"4096"`
	PerAddress  int `name:"connections-per-address" help:"How many of them one address may hold (IPv6: one /64); trusted proxies and this machine may hold all." default:"256"`
	Requests    int `help:"How many requests are answered at once; the others are told to come back." default:"1024"`
	Costly      int `help:"How many of these may be such as hash, mail or write for strangers, so that the others always have room." default:"128"`
}

func (s CrowdSettings) check() error {
	if s.Connections < 1 || s.PerAddress < 1 || s.Costly < 1 || s.Requests <= s.Costly {
		return errors.New("limit-connections, limit-connections-per-address and limit-costly must be at least 1, and limit-requests more than limit-costly")
	}
	return nil
}

// A bounded listener holds so many connections, and so many of one address. Threat: whoever opens
// connections and says nothing, or says it slowly, holds one of each until a deadline (slowloris).
type bounded struct {
	net.Listener
	most, each int
	exempt     func(netip.Addr) bool // from the bound for one address

	mu     sync.Mutex
	room   *sync.Cond
	closed bool
	open   int
	by     map[string]int
	quiet  *list.List // of *seat that wait for a request, the longest first
}

// A seat is a connection that is given back once, when it is closed.
type seat struct {
	net.Conn
	of   *bounded
	who  string // "" is not counted
	once sync.Once
	at   *list.Element // nil: not quiet
}

func newBounded(l net.Listener, s CrowdSettings, trusted []netip.Prefix) *bounded {
	b := &bounded{Listener: l, most: s.Connections, each: s.PerAddress, by: map[string]int{}, quiet: list.New()}
	b.room = sync.NewCond(&b.mu)
	b.exempt = func(a netip.Addr) bool {
		for _, p := range trusted {
			if p.Contains(a) {
				return true
			}
		}
		return a.IsLoopback() // a proxy, as a rule, or somebody who could do worse
	}
	return b
}

// Accept implements net.Listener. Where there is no room it waits, and the system lets others wait
// behind it. An address that holds too many is hung up on.
func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		s := &seat{Conn: c, of: b, who: b.name(c)}
		switch admitted, err := b.admit(s); {
		case err != nil:
			return nil, errors.Join(err, c.Close())
		case admitted:
			return s, nil
		}
		_ = c.Close()
	}
}

// name is what a connection is counted by.
func (b *bounded) name(c net.Conn) string {
	peer, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil || b.exempt(peer.Addr().Unmap()) {
		return ""
	}
	return throttle.Network(peer.Addr().Unmap().String())
}

func (b *bounded) admit(s *seat) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.who != "" && b.by[s.who] >= b.each {
		return false, nil
	}
	for b.open >= b.most && !b.closed {
		if !b.evict() {
			b.room.Wait()
		}
	}
	if b.closed {
		return false, net.ErrClosed
	}
	b.open++
	if s.who != "" {
		b.by[s.who]++
	}
	return true, nil
}

// evict hangs up on whoever has been silent for the longest time. To its client that is a
// connection that was idle for too long.
func (b *bounded) evict() bool {
	first := b.quiet.Front()
	if first == nil {
		return false
	}
	s := first.Value.(*seat)
	b.hush(s, false)
	b.mu.Unlock() // Close takes it
	defer b.mu.Lock()
	_ = s.Close()
	return true
}

// Close implements net.Listener.
func (b *bounded) Close() error {
	b.mu.Lock()
	b.closed = true
	b.room.Broadcast()
	b.mu.Unlock()
	return b.Listener.Close()
}

// Close implements net.Conn.
func (s *seat) Close() error {
	s.once.Do(func() {
		b := s.of
		b.mu.Lock()
		defer b.mu.Unlock()
		b.hush(s, false)
		b.open--
		if s.who != "" {
			if b.by[s.who]--; b.by[s.who] == 0 {
				delete(b.by, s.who)
			}
		}
		b.room.Signal()
	})
	return s.Conn.Close()
}

// hush notes whether a connection waits for a request.
func (b *bounded) hush(s *seat, quiet bool) {
	if s.at != nil {
		b.quiet.Remove(s.at)
		s.at = nil
	}
	if quiet {
		s.at = b.quiet.PushBack(s)
		b.room.Signal()
	}
}

// observe is an http.Server's ConnState: it tells which connections wait for a request.
func observe(c net.Conn, state http.ConnState) {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok { // of TLS
		c = t.NetConn()
	}
	if s, ok := c.(*seat); ok {
		s.of.mu.Lock()
		defer s.of.mu.Unlock()
		switch state {
		case http.StateNew, http.StateIdle:
			s.of.hush(s, true)
		default:
			s.of.hush(s, false)
		}
	}
}

// deadlines are how long a client may take. Threat: connections that are held open by sending
// slowly, or by reading slowly.
var deadlines = struct{ header, request, answer, idle, proxied time.Duration }{
	header: 5 * time.Second, request: 15 * time.Second, answer: 30 * time.Second,
	idle: 45 * time.Second, proxied: 2 * time.Minute,
}

// idle is how long a connection is kept without a request. Proxies keep theirs for a minute, and
// what a server closes a moment earlier costs their client an error; strangers need less.
func (s *server) idle() time.Duration {
	if len(s.TrustedProxies) > 0 {
		return deadlines.proxied
	}
	return deadlines.idle
}

// bounded listens on an address.
func (s *server) bounded(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return newBounded(l, s.Limit, s.TrustedProxies), nil
}

// streams bound what one connection of HTTP/2 holds. Threat: it could make a thousand requests at
// once, or let the server keep a megabyte of each that nobody reads; and without pings a client that
// vanished is not missed.
var streams = &http.HTTP2Config{
	MaxConcurrentStreams:          64,
	MaxReceiveBufferPerConnection: web.BodyMost,
	MaxReceiveBufferPerStream:     web.BodyMost,
	SendPingTimeout:               15 * time.Second,
	PingTimeout:                   15 * time.Second,
	WriteByteTimeout:              15 * time.Second,
}
