package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/redis"
)

// open lets a house count in Redis, if one was named. A command, which counts nothing, needs none.
func (r RedisServer) open(ctx context.Context, c *gatehouse.Config) (io.Closer, error) {
	if r.URL == "" || c.Idle {
		return nil, nil
	}
	at, err := r.withPassword()
	if err != nil {
		return nil, err
	}
	s, err := redis.Open(ctx, at, c.Now)
	if err != nil {
		return nil, err
	}
	c.Ephemeral = s
	return s, nil
}

// check refuses a URL that could not be asked, or only in clear text from afar.
func (r RedisServer) check() error {
	if r.URL == "" {
		return nil
	}
	at, err := r.withPassword()
	if err != nil {
		return err
	}
	return redis.Check(at)
}

// withPassword is the URL with the password of the file in it.
func (r RedisServer) withPassword() (string, error) {
	if r.PasswordFile == "" {
		return r.URL, nil
	}
	password, err := secretFile(r.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("redis-password-file: %w", err)
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		return "", errors.New("redis is no URL")
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String(), nil
}
