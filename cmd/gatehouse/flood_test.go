package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// slow are the ways to hold a connection: each writes its head at once and then a byte now and
// then, and reads nothing.
var slow = []struct{ name, head, drip string }{
	{"silence", "", ""},
	{"a slow header", "POST /auth/login HTTP/1.1\r\nHost: HOST\r\nX-Slow: ", "x"},
	{"a header that never ends", "GET /healthz HTTP/1.1\r\nHost: HOST\r\n", "A: b\r\n"},
	{"a slow body", "POST /auth/login HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{", " "},
	{"a slow body in chunks", "POST /auth/login HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n"},
	{"a slow body that nobody reads", "POST /nowhere HTTP/1.1\r\nHost: HOST\r\nContent-Length: 60000\r\n\r\n", "x"},
	{"a slow reader", strings.Repeat("GET DOCUMENT HTTP/1.1\r\nHost: HOST\r\n\r\n", 2000), "GET DOCUMENT HTTP/1.1\r\nHost: HOST\r\n\r\n"},
}

// Slowloris, in every way and on every listener: each connection has an end, others are answered
// meanwhile, and afterwards nothing is held.
func TestSlowClients(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS %v", secure), func(t *testing.T) {
			s := besiege(t, secure)
			s.get(s.url, "/healthz")
			before := loadOf(t)
			var all sync.WaitGroup
			for address, long := range map[string]string{s.url: "/openapi.json", s.metrics: "/metrics"} {
				fill := strings.NewReplacer("HOST", s.url, "DOCUMENT", long)
				for _, way := range slow {
					for range 3 {
						c := s.dial(address)
						all.Go(func() { s.drip(way.name, c, fill.Replace(way.head), fill.Replace(way.drip)) })
					}
				}
			}
			s.get(s.url, "/healthz")
			s.get(s.metrics, "/metrics")
			all.Wait()
			s.calm(before)
		})
	}
}

// drip holds a connection until it is ended for it.
func (s *siege) drip(name string, c net.Conn, head, more string) {
	defer func() { _ = c.Close() }()
	end := time.Now().Add(time.Minute)
	_ = c.SetDeadline(end)
	_, err := io.WriteString(c, head)
	for err == nil {
		time.Sleep(20 * time.Millisecond)
		if more != "" {
			_, err = io.WriteString(c, more)
			continue
		}
		if _, err = io.Copy(io.Discard, c); err == nil { // the silent find out by reading
			err = io.EOF
		}
	}
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		s.Errorf("%s was never ended at %s", name, c.RemoteAddr())
	}
}

// Bodies of 100 MB are cut off unread, whether they say so or not, on every kind of route.
func TestHugeBodies(t *testing.T) {
	s := besiege(t, false)
	before := loadOf(t)
	for _, c := range []struct{ address, path, media string }{
		{s.url, "/auth/login", "application/json"},
		{s.url, "/auth/register", "application/json"},
		{s.url, "/login", "application/x-www-form-urlencoded"},
		{s.url, "/oauth/token", "application/x-www-form-urlencoded"},
		{s.url, "/nowhere", "text/plain"},
		{s.url, "/dev/clock", "application/json"},
		{s.metrics, "/metrics", "text/plain"},
	} {
		for _, length := range []string{"Content-Length: 104857600", "Transfer-Encoding: chunked"} {
			status, sent := s.pour(c.address, "POST "+c.path+" HTTP/1.1\r\nHost: "+c.address+"\r\nContent-Type: "+c.media+"\r\n"+length+"\r\n\r\n")
			if status/100 != 4 {
				t.Errorf("%s, %s: answered %d", c.path, length, status)
			}
			// What a refusal leaves in the buffers of two kernels is some megabytes.
			if sent > 20<<20 {
				t.Errorf("%s, %s: %d MB were taken", c.path, length, sent>>20)
			}
		}
	}
	s.calm(before)
}

// pour sends a request whose body has 100 MB, until nobody takes more, and returns the status.
func (s *siege) pour(address, head string) (status int, sent int64) {
	s.Helper()
	c := s.dial(address)
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	answer := make(chan int, 1)
	go func() {
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			answer <- 0
			return
		}
		_ = res.Body.Close()
		answer <- res.StatusCode
	}()
	_, err := io.WriteString(c, head)
	chunk := "10000\r\n" + strings.Repeat(" ", 1<<16) + "\r\n" // a chunk, and as good as any other text
	for err == nil && sent < 100<<20 {
		var n int
		n, err = io.WriteString(c, chunk)
		sent += int64(n)
	}
	return <-answer, sent
}

// Headers that are huge or many are refused, and the connection with them.
func TestHeaderFloods(t *testing.T) {
	s := besiege(t, false)
	before := loadOf(t)
	for name, header := range map[string]string{
		"one of a megabyte":  "X-Huge: " + strings.Repeat("x", 1<<20) + "\r\n",
		"ten thousand":       strings.Repeat("X-Many: x\r\n", 10000),
		"a thousand":         strings.Repeat("A: b\r\n", 1000),
		"a thousand cookies": strings.Repeat("Cookie: a=b\r\n", 1000),
		"a path of 100 kB":   "",
	} {
		path := "/healthz"
		if header == "" {
			path = "/" + strings.Repeat("x", 100<<10)
		}
		c := s.dial(s.url)
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: "+s.url+"\r\n"+header+"\r\n")
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		_ = c.Close()
		if err != nil {
			if name == "a thousand" { // few bytes: they arrive and are counted
				t.Errorf("%s: %v", name, err)
			}
			continue // it was hung up on
		}
		_ = res.Body.Close()
		if res.StatusCode/100 != 4 || !res.Close {
			t.Errorf("%s: %s, to be closed: %v", name, res.Status, res.Close)
		}
	}
	s.get(s.url, "/healthz")
	s.calm(before)
}

// A password of a megabyte is not hashed, nor is one that is as long as a body may be.
func TestHugePasswords(t *testing.T) {
	s := besiege(t, false)
	hashed := after(s.get(s.metrics, "/metrics"), "\ngatehouse_password_hashes_total ")
	for length, want := range map[int]int{1 << 20: http.StatusRequestEntityTooLarge, 60 << 10: http.StatusUnauthorized} {
		body := fmt.Sprintf(`{"email":"a@example.com","password":%q}`, strings.Repeat("x", length))
		res, err := s.http.Post("http://"+s.url+"/auth/login", "application/json", strings.NewReader(body))
		if err != nil && length > 64<<10 {
			continue // it was cut off while it was still being sent
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%d bytes: %s, want %d", length, res.Status, want)
		}
	}
	if now := after(s.get(s.metrics, "/metrics"), "\ngatehouse_password_hashes_total "); now != hashed || now == "" {
		t.Errorf("%q hashes, then %q", hashed, now)
	}
}
