package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/password"
)

const phrase = "a long enough phrase for everybody"

func measureBare(o options) (time.Duration, error) {
	p, err := start(o, "bare")
	if err != nil {
		return 0, err
	}
	defer p.end()
	c, err := drive(p, clients(o.clients, p.url), o.duration, func(c *client) error {
		_, err := c.send(http.MethodGet, "/", "", nil, http.StatusOK)
		return err
	})
	if err == nil {
		c.print("a bare net/http handler", c.cpu)
	}
	return c.cpu, err
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
	few := all[:min(4, len(all))] // hashing is bounded by the processors
	for _, s := range []struct {
		name    string
		clients []*client
		do      step
	}{
		{"registration", few, register},
		{"sign-in", few, signIn("token")},
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
	hash, err := rawHash()
	fmt.Printf("\nOne hash alone takes %s of CPU. First answer after %s. Resident %.0f MiB idle, %.0f MiB after this.\n", short(hash), short(started), idle, full)
	return err
}

// rawHash is what the password hash of a sign-in costs by itself.
func rawHash() (time.Duration, error) {
	h := &password.Hasher{}
	const n = 8
	begin := time.Now()
	for range n {
		if _, err := h.Hash(context.Background(), phrase); err != nil {
			return 0, err
		}
	}
	return time.Since(begin) / n, nil
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
