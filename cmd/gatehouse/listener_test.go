package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// A pretender is a connection that comes from wherever the test says.
type pretender struct {
	net.Conn
	from   string
	hungUp chan struct{}
}

func (p *pretender) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(p.from), 1234))
}

func (p *pretender) Close() error {
	close(p.hungUp) // twice would be a defect
	return nil
}

// Arrivals are a listener of pretenders.
type arrivals chan *pretender

func (a arrivals) Accept() (net.Conn, error) {
	p, ok := <-a
	if !ok {
		return nil, net.ErrClosed
	}
	return p, nil
}

func (a arrivals) Close() error   { close(a); return nil }
func (a arrivals) Addr() net.Addr { return &net.TCPAddr{} }

func (a arrivals) from(ip string) *pretender {
	p := &pretender{from: ip, hungUp: make(chan struct{})}
	a <- p
	return p
}

func newArrivals(s CrowdSettings) (arrivals, *bounded) {
	a := make(arrivals, 100)
	return a, newBounded(a, s, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
}

func accept(t *testing.T, b *bounded) net.Conn {
	t.Helper()
	c, err := b.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func gone(p *pretender) bool {
	select {
	case <-p.hungUp:
		return true
	default:
		return false
	}
}

// One address cannot hold everything; an IPv6 network is one, and a proxy stands for many.
func TestConnectionsOfOneAddress(t *testing.T) {
	a, b := newArrivals(CrowdSettings{Connections: 100, PerAddress: 2})
	for _, c := range []struct {
		ip   string
		held bool
	}{
		{"192.0.2.1", true},
		{"192.0.2.1", true},
		{"192.0.2.1", false},
		{"192.0.2.2", true},
		{"::ffff:192.0.2.1", false},
		{"2001:db8::1", true},
		{"2001:db8::2", true},
		{"2001:db8::3", false},
		{"10.0.0.5", true},
		{"10.0.0.5", true},
		{"10.0.0.5", true},
		{"127.0.0.1", true},
		{"127.0.0.1", true},
		{"127.0.0.1", true},
	} {
		p := a.from(c.ip)
		marker := a.from("10.9.9.9")
		first := accept(t, b)
		if c.held {
			accept(t, b)
		}
		if got := first.RemoteAddr().String() == p.RemoteAddr().String(); got != c.held || gone(p) == c.held || gone(marker) {
			t.Errorf("%s is held: %v, want %v", c.ip, got, c.held)
		}
	}
}

// A place is free again when its connection is closed, once, however often that is said.
func TestPlacesComeBack(t *testing.T) {
	a, b := newArrivals(CrowdSettings{Connections: 1, PerAddress: 1})
	for range 3 {
		p := a.from("192.0.2.1")
		c := accept(t, b)
		observe(c, http.StateNew)
		observe(c, http.StateActive)
		if err := c.Close(); err != nil || !gone(p) {
			t.Fatal(err)
		}
		observe(c, http.StateClosed)
	}
	if b.open != 0 || len(b.by) != 0 || b.quiet.Len() != 0 {
		t.Errorf("%d are open, %v, %d quiet", b.open, b.by, b.quiet.Len())
	}
}

// Where all places are taken, whoever has been silent for the longest time makes room; nobody who
// is being answered does.
func TestSilentMakeRoom(t *testing.T) {
	a, b := newArrivals(CrowdSettings{Connections: 3, PerAddress: 3})
	busy, silent, idle := a.from("192.0.2.1"), a.from("192.0.2.2"), a.from("192.0.2.3")
	var held []net.Conn
	for range 3 {
		held = append(held, accept(t, b))
		observe(held[len(held)-1], http.StateNew)
	}
	observe(held[0], http.StateActive)
	observe(held[2], http.StateActive)
	observe(held[2], http.StateIdle)
	a.from("192.0.2.4")
	observe(accept(t, b), http.StateActive)
	if gone(busy) || !gone(silent) || gone(idle) {
		t.Errorf("hung up on busy %v, silent %v, idle %v", gone(busy), gone(silent), gone(idle))
	}
	a.from("192.0.2.5")
	observe(accept(t, b), http.StateActive)
	if gone(busy) || !gone(idle) {
		t.Errorf("hung up on busy %v, idle %v", gone(busy), gone(idle))
	}
	// Now all are busy: the next one waits until somebody is done.
	a.from("192.0.2.6")
	next := make(chan net.Conn)
	go func() {
		c, _ := b.Accept()
		next <- c
	}()
	select {
	case <-next:
		t.Error("there is no room and somebody came in")
	case <-time.After(50 * time.Millisecond):
	}
	observe(held[0], http.StateIdle)
	if c := <-next; c == nil || !gone(busy) {
		t.Errorf("%v, after it was done it is gone: %v", c, gone(busy))
	}
}

// A listener that is closed lets nobody wait.
func TestClosedListener(t *testing.T) {
	a, b := newArrivals(CrowdSettings{Connections: 1, PerAddress: 1})
	a.from("192.0.2.1")
	accept(t, b)
	late := a.from("192.0.2.2")
	done := make(chan error)
	go func() {
		_, err := b.Accept()
		done <- err
	}()
	time.Sleep(20 * time.Millisecond)
	_ = b.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) || !gone(late) {
		t.Errorf("%v, hung up: %v", err, gone(late))
	}
}

// Beyond the bound requests are refused at once, and told when to come back.
func TestRequestsAreBounded(t *testing.T) {
	inside, leave := make(chan struct{}), make(chan struct{})
	server := opened(io.Discard, admit(&throttle.Crowd{Most: 1}, web.Handler(func(http.ResponseWriter, *http.Request) error {
		inside <- struct{}{}
		<-leave
		return nil
	})))
	defer server.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if res, err := http.Get(server.URL); err == nil {
			_ = res.Body.Close()
		}
	}()
	<-inside
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != web.Status(identity.ErrUnavailable) || res.Header.Get("Retry-After") != "2" {
		t.Errorf("%s, Retry-After %q", res.Status, res.Header.Get("Retry-After"))
	}
	close(leave)
	<-done
}

// What nobody could mean is refused before the server listens.
func TestCrowdSettings(t *testing.T) {
	good := CrowdSettings{Connections: 1, PerAddress: 1, Requests: 2, Costly: 1}
	if err := good.check(); err != nil {
		t.Error(err)
	}
	for _, s := range []CrowdSettings{{}, {1, 1, 1, 1}, {0, 1, 2, 1}, {1, 0, 2, 1}, {1, 1, 2, 0}} {
		if s.check() == nil {
			t.Errorf("%+v is taken", s)
		}
	}
}

// The deadlines of the program end every connection of a stranger within a minute (GEN-13).
func TestDeadlines(t *testing.T) {
	d := deadlines
	for _, each := range []time.Duration{d.header, d.request, d.answer, d.idle} {
		if each <= 0 || each > 50*time.Second {
			t.Errorf("%v", each)
		}
	}
	if s := (&server{Settings: &Settings{}}); s.idle() != d.idle {
		t.Errorf("strangers are kept for %v", s.idle())
	}
	if s := (&server{Settings: &Settings{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}); s.idle() <= time.Minute {
		t.Errorf("proxies are kept for %v, less than they keep theirs", s.idle())
	}
}
