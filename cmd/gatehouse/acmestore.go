package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/keyring"
)

// An acmeStore is the certmagic.Storage of all machines: our database, where everything is
// sealed. Its locks are leases, so that several machines do not order the same certificate, and
// one that dies with a lock is followed half a minute later.
type acmeStore struct {
	certs *keyring.Certificates
	db    *gatehouse.Database
	now   func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	held map[string]*acmeLock
}

// String keeps whoever logs the store from what is in it.
func (*acmeStore) String() string { return "database" }

// Store implements certmagic.Storage.
func (s *acmeStore) Store(ctx context.Context, key string, value []byte) error {
	return s.certs.Put(ctx, key, value)
}

// Load implements certmagic.Storage.
func (s *acmeStore) Load(ctx context.Context, key string) ([]byte, error) {
	value, _, err := s.certs.Get(ctx, key)
	return value, absent(err)
}

// absent says in the words of certmagic that something is not there.
func absent(err error) error {
	if errors.Is(err, identity.ErrNotFound) {
		return fs.ErrNotExist
	}
	return err
}

// Delete implements certmagic.Storage.
func (s *acmeStore) Delete(ctx context.Context, key string) error { return s.certs.Delete(ctx, key) }

// Exists implements certmagic.Storage.
func (s *acmeStore) Exists(ctx context.Context, key string) bool {
	_, err := s.Stat(ctx, key)
	return err == nil
}

// List implements certmagic.Storage.
func (s *acmeStore) List(ctx context.Context, folder string, recursive bool) ([]string, error) {
	names, err := s.certs.Names(ctx, folder)
	if err != nil || recursive {
		return names, err
	}
	var children []string
	seen := map[string]bool{}
	for _, name := range names {
		child, _, _ := strings.Cut(strings.TrimPrefix(name[len(folder):], "/"), "/")
		if child = strings.TrimPrefix(folder+"/"+child, "/"); !seen[child] {
			seen[child] = true
			children = append(children, child)
		}
	}
	return children, nil
}

// Stat implements certmagic.Storage.
func (s *acmeStore) Stat(ctx context.Context, key string) (certmagic.KeyInfo, error) {
	value, changed, err := s.certs.Get(ctx, key)
	if err == nil {
		return certmagic.KeyInfo{Key: key, Modified: changed, Size: int64(len(value)), IsTerminal: true}, nil
	}
	if !errors.Is(err, identity.ErrNotFound) {
		return certmagic.KeyInfo{}, err
	}
	below, err := s.certs.Names(ctx, key)
	if err == nil && len(below) == 0 {
		err = fs.ErrNotExist
	}
	return certmagic.KeyInfo{Key: key}, err
}

// An acmeLock is a lease that is kept until it is given back.
type acmeLock struct {
	holder string
	stop   context.CancelFunc
	done   chan struct{}
}

const (
	lockLife  = 30 * time.Second
	lockAgain = time.Second
)

func leaseOf(name string) string { return "certificates/" + name }

// Lock implements certmagic.Locker. Each lock is another holder: two orders in one process
// wait for each other too.
func (s *acmeStore) Lock(ctx context.Context, name string) error {
	holder := secret.New()[:16]
	for {
		mine, err := s.db.Lease(ctx, leaseOf(name), holder, s.now(), lockLife)
		if err != nil {
			return err
		}
		if mine {
			s.keep(name, holder)
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockAgain):
		}
	}
}

// keep holds the lease while the order takes its time.
func (s *acmeStore) keep(name, holder string) {
	ctx, stop := context.WithCancel(context.Background())
	l := &acmeLock{holder, stop, make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[name] = l
	go func() {
		defer close(l.done)
		tick := time.NewTicker(lockLife / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if mine, err := s.db.Lease(ctx, leaseOf(name), holder, s.now(), lockLife); ctx.Err() == nil && (err != nil || !mine) {
				s.log.Warn("the lock of an order for a certificate could not be kept", "lock", name, "err", err)
			}
		}
	}()
}

// Unlock implements certmagic.Locker.
func (s *acmeStore) Unlock(ctx context.Context, name string) error {
	s.mu.Lock()
	l := s.held[name]
	delete(s.held, name)
	s.mu.Unlock()
	if l == nil {
		return fmt.Errorf("%s is not locked", name)
	}
	l.stop()
	<-l.done // or it might take the lease once more
	return s.db.Release(ctx, leaseOf(name), l.holder)
}

// close gives every lock back, so that nobody waits for those of a server that ended.
func (s *acmeStore) close(ctx context.Context) {
	s.mu.Lock()
	var names []string
	for name := range s.held {
		names = append(names, name)
	}
	s.mu.Unlock()
	for _, name := range names {
		if err := s.Unlock(ctx, name); err != nil {
			s.log.Debug("a lock was not given back", "lock", name, "err", err)
		}
	}
}
