package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse"
	stored "github.com/gatehouse-id/gatehouse/client"
)

// attackers are how many connections flood the house with sign-ins, each from an address of its own
// at every try. After a refusal they pause, or the machine would measure them and not the house.
const (
	attackers = 200
	breath    = 500 * time.Millisecond
)

// A probe is what somebody else does meanwhile, again and again.
type probe struct {
	name  string
	do    step
	times []time.Duration
}

// flood measures how long others wait while a house is flooded with sign-ins.
func flood(o options) error {
	p, err := start(o, "house")
	if err != nil {
		return err
	}
	defer p.end()
	service, err := os.ReadFile(filepath.Join(o.dir, "client"))
	if err != nil {
		return err
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString(service)
	user := clients(1, p.url)[0]
	for _, mode := range []string{"cookie", "token"} {
		if err := signUpAndIn(mode)(user); err != nil {
			return err
		}
		user.count++
	}
	probes := []*probe{
		{name: "JWKS", do: get("/.well-known/jwks.json", nil)},
		{name: "GET /auth/me by cookie", do: get("/auth/me", user.cookie("session"))},
		{name: "GET /auth/check by bearer token", do: get("/auth/check", map[string]string{"Authorization": "Bearer " + user.token})},
		{name: "POST /oauth/introspect", do: introspect(basic, user.token)},
	}
	fmt.Println("| | p50 | p99 | longest | asked |")
	fmt.Println("|---|--:|--:|--:|--:|")
	if err := observe(p, probes, o.duration, "quiet"); err != nil {
		return err
	}
	stop, tally := beset(p.url)
	time.Sleep(time.Second) // the queue is full
	err = observe(p, probes, o.duration, "flooded")
	close(stop)
	answered, refused := tally()
	full, residentErr := p.resident()
	if err != nil || residentErr != nil {
		return fmt.Errorf("%w %w", err, residentErr)
	}
	fmt.Printf("\n%d sign-ins were answered and %d refused in %v. Resident %.0f MiB.\n", answered, refused, o.duration+time.Second, full)
	return nil
}

// observe lets each probe ask twenty times a second and prints what it waited.
func observe(p *process, probes []*probe, d time.Duration, when string) error {
	var all sync.WaitGroup
	errs := make([]error, len(probes))
	for i, q := range probes {
		q.times = nil
		c := clients(1, p.url)[0]
		all.Go(func() {
			for end := time.Now().Add(d); time.Now().Before(end) && errs[i] == nil; time.Sleep(50 * time.Millisecond) {
				began := time.Now()
				errs[i] = q.do(c)
				q.times = append(q.times, time.Since(began))
			}
		})
	}
	all.Wait()
	for i, q := range probes {
		if errs[i] != nil {
			return fmt.Errorf("%s: %w", q.name, errs[i])
		}
		slices.Sort(q.times)
		n := len(q.times)
		fmt.Printf("| %s, %s | %s | %s | %s | %d |\n", q.name, when, short(q.times[n/2]), short(q.times[n*99/100]), short(q.times[n-1]), n)
	}
	return nil
}

// beset signs in as people that there are not until stop is closed; tally then says how often it
// was answered and refused.
func beset(address string) (stop chan struct{}, tally func() (answered, refused int)) {
	stop = make(chan struct{})
	counts := make([][2]int, attackers)
	var all sync.WaitGroup
	for i, c := range clients(attackers, address) {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				from := c.number<<16 + c.count
				c.count++
				body := fmt.Sprintf(`{"email":"u%d@example.com","password":%q}`, from, phrase)
				header := map[string]string{"X-Forwarded-For": fmt.Sprintf("203.%d.%d.%d", from>>16&255, from>>8&255, from&255)}
				if _, err := c.send(http.MethodPost, "/auth/login", body, header, http.StatusUnauthorized); err != nil {
					counts[i][1]++
					time.Sleep(breath)
					continue
				}
				counts[i][0]++
			}
		})
	}
	return stop, func() (answered, refused int) {
		all.Wait()
		for _, n := range counts {
			answered, refused = answered+n[0], refused+n[1]
		}
		return answered, refused
	}
}

func get(path string, header map[string]string) step {
	return func(c *client) error {
		_, err := c.send(http.MethodGet, path, "", header, http.StatusOK)
		return err
	}
}

func introspect(basic, token string) step {
	form := url.Values{"token": {token}}.Encode()
	return func(c *client) error {
		answer, err := c.send(http.MethodPost, "/oauth/introspect", form,
			map[string]string{"Authorization": basic, "Content-Type": "application/x-www-form-urlencoded"}, http.StatusOK)
		if err == nil && !strings.Contains(string(answer), `"active":true`) {
			err = fmt.Errorf("answered %s", answer)
		}
		return err
	}
}

// service makes the client that introspects, and leaves its credentials beside the database.
func service(ctx context.Context, g *gatehouse.Gate, dir string) error {
	c, secret, err := g.Clients.Create(ctx, stored.New{Name: "probe", Scopes: []string{"introspect"}})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "client"), []byte(string(c.ID)+":"+secret), 0o600)
}
