package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const phrase = "a long enough phrase for everybody"

// few is how many clients have passwords hashed: hashing is bounded by the processors.
const few = 4

func measureBare(o options) (time.Duration, error) {
	bare, err := measureOne(o, "bare", "a bare net/http handler", o.clients, 0)
	if err != nil {
		return 0, err
	}
	_, err = measureOne(o, "hash", "a raw argon2id hash, 64 MiB/3/1", min(few, o.clients), bare.cpu)
	return bare.cpu, err
}

// measureOne asks a server that does one thing; floor 0 makes it the floor itself.
func measureOne(o options, kind, name string, n int, floor time.Duration) (cost, error) {
	p, err := start(o, kind)
	if err != nil {
		return cost{}, err
	}
	defer p.end()
	c, err := drive(p, clients(n, p.url), o.duration, func(c *client) error {
		_, err := c.send(http.MethodGet, "/", "", nil, http.StatusOK)
		return err
	})
	if err == nil {
		c.print(name, cmp.Or(floor, c.cpu))
	}
	return c, err
}

// measureHouse asks for everything in turn. The same clients sign in once and go on.
func measureHouse(o options, floor time.Duration) error {
	began := time.Now()
	p, err := start(o, "house")
	if err != nil {
		return err
	}
	defer p.end()
	started := time.Since(began)
	idle, err := p.resident()
	if err != nil {
		return err
	}
	all := clients(o.clients, p.url)
	for _, s := range []struct {
		name    string
		clients []*client
		do      step
	}{
		{"registration", all[:min(few, len(all))], register},
		{"sign-in", all[:min(few, len(all))], signIn("token")},
		{"", all, signUpAndIn("cookie")},
		{"session check by cookie", all, checkByCookie},
		{"GET /auth/me by cookie", all, meByCookie},
		{"", all, signUpAndIn("token")},
		{"session check by bearer token", all, checkByBearer},
		{"refresh, each its own family", all, refresh},
	} {
		d := o.duration
		if s.name == "" {
			d = time.Nanosecond // once each, to prepare
		}
		c, err := drive(p, s.clients, d, s.do)
		if err != nil {
			return err
		}
		if s.name != "" {
			c.print(s.name, floor)
		}
	}
	full, err := p.resident()
	if err != nil {
		return err
	}
	fmt.Printf("\nFirst answer after %s. Resident %.0f MiB idle, %.0f MiB after this.\n", short(started), idle, full)
	return nil
}

func (c *client) email(n int) string { return fmt.Sprintf("c%d-%d@example.com", c.number, n) }

func register(c *client) error {
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, c.email(c.count), phrase)
	_, err := c.send(http.MethodPost, "/auth/register", body, nil, http.StatusCreated)
	return err
}

func signIn(mode string) step {
	return func(c *client) error {
		body := fmt.Sprintf(`{"email":%q,"password":%q,"mode":%q}`, c.email(0), phrase, mode)
		answer, err := c.send(http.MethodPost, "/auth/login", body, nil, http.StatusOK)
		if err != nil {
			return err
		}
		var in struct {
			AccessToken string `json:"accessToken"`
		}
		err = json.Unmarshal(answer, &in)
		c.token = in.AccessToken
		return err
	}
}

func signUpAndIn(mode string) step {
	return func(c *client) error {
		if c.count == 0 {
			if err := register(c); err != nil {
				return err
			}
		}
		return signIn(mode)(c)
	}
}

func (c *client) cookie(name string) map[string]string {
	return map[string]string{"Cookie": name + "=" + c.cookies[name]}
}

func checkByCookie(c *client) error {
	_, err := c.send(http.MethodGet, "/check", "", c.cookie("session"), http.StatusOK)
	return err
}

func meByCookie(c *client) error {
	_, err := c.send(http.MethodGet, "/auth/me", "", c.cookie("session"), http.StatusOK)
	return err
}

func checkByBearer(c *client) error {
	_, err := c.send(http.MethodGet, "/check", "", map[string]string{"Authorization": "Bearer " + c.token}, http.StatusOK)
	return err
}

func refresh(c *client) error {
	_, err := c.send(http.MethodPost, "/auth/refresh", "", c.cookie("refresh"), http.StatusOK)
	return err
}
