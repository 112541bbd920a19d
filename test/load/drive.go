package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A step is one operation of one client; state is the client's own.
type step func(c *client) error

// A client keeps its connection and what it was handed.
type client struct {
	number  int
	count   int
	http    *http.Client
	url     string
	token   string
	cookies map[string]string
}

// send makes a request and returns its body; anything but want is an error.
func (c *client) send(method, path, body string, header map[string]string, want int) ([]byte, error) {
	r, err := http.NewRequest(method, c.url+path, bytes.NewReader([]byte(body))) //nolint:noctx // bounded by the client's timeout
	if err != nil {
		return nil, err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != want {
		return nil, fmt.Errorf("%s %s: %s %s", method, path, res.Status, answer)
	}
	for _, k := range res.Cookies() {
		c.cookies[k.Name] = k.Value
	}
	return answer, nil
}

func clients(n int, url string) []*client {
	transport := &http.Transport{MaxIdleConnsPerHost: n, MaxConnsPerHost: n}
	all := make([]*client, n)
	for i := range all {
		all[i] = &client{number: i, url: url, cookies: map[string]string{}, http: &http.Client{Transport: transport, Timeout: time.Minute}}
	}
	return all
}

// A cost is what an operation took.
type cost struct {
	rate     float64       // a second
	cpu      time.Duration // of the server, each
	p50, p99 time.Duration
}

// drive lets every client do the step once, and then again until the time is over.
func drive(p *process, all []*client, d time.Duration, do step) (cost, error) {
	before, err := p.cpu()
	if err != nil {
		return cost{}, err
	}
	begin := time.Now()
	times := make([][]time.Duration, len(all))
	var failed atomic.Pointer[error]
	var wait sync.WaitGroup
	for i, c := range all {
		wait.Go(func() {
			for at := time.Now(); failed.Load() == nil; at = time.Now() {
				if err := do(c); err != nil {
					failed.Store(&err)
					return
				}
				times[i] = append(times[i], time.Since(at))
				c.count++
				if time.Since(begin) >= d {
					return
				}
			}
		})
	}
	wait.Wait()
	if err := failed.Load(); err != nil {
		return cost{}, *err
	}
	took := time.Since(begin)
	after, err := p.cpu()
	if err != nil {
		return cost{}, err
	}
	sorted := slices.Concat(times...)
	slices.Sort(sorted)
	n := len(sorted)
	return cost{
		rate: float64(n) / took.Seconds(), cpu: (after - before) / time.Duration(n),
		p50: sorted[n/2], p99: sorted[n*99/100],
	}, nil
}

func (c cost) print(name string, floor time.Duration) {
	fmt.Printf("| %s | %.0f | %s | %.1f | %s | %s |\n", name, c.rate, short(c.cpu), float64(c.cpu)/float64(floor), short(c.p50), short(c.p99))
}

func short(d time.Duration) string {
	return fmt.Sprintf("%.3g ms", float64(d)/float64(time.Millisecond))
}
