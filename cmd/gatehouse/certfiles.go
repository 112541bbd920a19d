package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certFiles are the certificate and the key in files. Whoever renews them replaces the files;
// they are looked at when somebody shakes hands, so that an idle server does nothing.
type certFiles struct {
	cert, key string
	log       *slog.Logger
	now       func() time.Time

	mu     sync.Mutex
	pair   *tls.Certificate
	looked time.Time // when the files were looked at
	seen   filesSeen // of the files when pair was read
	refuse string    // why the files of now are not used; "" if they are
	warned time.Time // when the log was told that the end is near
}

const (
	lookAgain  = 10 * time.Second
	endIsNear  = 14 * 24 * time.Hour
	warnsAgain = 24 * time.Hour
)

// open reads the files for the first time. A certificate for another host than the public one
// is told to the log: only whoever makes no mistake in both would notice.
func (f *certFiles) open(host string) error {
	pair, seen, err := f.read()
	if err != nil {
		return fmt.Errorf("tls-cert: %w", err)
	}
	f.pair, f.seen, f.looked = pair, seen, f.now()
	if err := pair.Leaf.VerifyHostname(host); err != nil {
		f.log.Warn("the certificate is not for the host of the public URL: handshakes for it are refused", "file", f.cert, "host", host)
	}
	f.watch()
	return nil
}

// get implements certificates.
func (f *certFiles) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	pair := f.current()
	if hello.ServerName != "" && pair.Leaf.VerifyHostname(hello.ServerName) != nil {
		return nil, nil
	}
	return pair, nil
}

// expires implements certificates.
func (f *certFiles) expires() time.Time { return f.current().Leaf.NotAfter }

// current is the certificate of the files, or the last one that could be used.
func (f *certFiles) current() *tls.Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d := f.now().Sub(f.looked); d >= 0 && d < lookAgain {
		return f.pair
	}
	f.looked = f.now()
	f.renew()
	f.watch()
	return f.pair
}

// renew takes what the files have now. What cannot be used leaves the old certificate in
// place, and is told once: a half written file is whole the next time (F18).
func (f *certFiles) renew() {
	if seen, err := f.look(); err == nil && seen == f.seen {
		f.refuse = ""
		return
	}
	pair, seen, err := f.read()
	if err != nil {
		if f.refuse != err.Error() {
			f.refuse = err.Error()
			f.log.Warn("the new certificate cannot be used, the old one stays", "file", f.cert, "err", err)
		}
		return
	}
	f.pair, f.seen, f.refuse, f.warned = pair, seen, "", time.Time{}
	f.log.Info("the certificate was read anew", "file", f.cert, "expires", pair.Leaf.NotAfter)
}

// watch tells the log, once a day, that the certificate soon runs out. One that lives for days
// only is renewed late by its nature.
func (f *certFiles) watch() {
	now, leaf := f.now(), f.pair.Leaf
	left, near := leaf.NotAfter.Sub(now), min(endIsNear, leaf.NotAfter.Sub(leaf.NotBefore)/3)
	if left > near || now.Sub(f.warned) < warnsAgain {
		return
	}
	f.warned = now
	f.log.Warn("the certificate runs out: put another one in its place", "file", f.cert, "expires", leaf.NotAfter, "left", left.Round(time.Minute))
}

// A filesSeen is what a look at the two files tells of their contents.
type filesSeen struct{ cert, key stamp }

type stamp struct {
	changed int64
	size    int64
}

func (f *certFiles) look() (filesSeen, error) {
	cert, certErr := os.Stat(f.cert)
	key, keyErr := os.Stat(f.key)
	if err := errors.Join(certErr, keyErr); err != nil {
		return filesSeen{}, err
	}
	if err := onlyOwners(f.key, key); err != nil {
		return filesSeen{}, err
	}
	return filesSeen{stampOf(cert), stampOf(key)}, nil
}

func stampOf(i os.FileInfo) stamp { return stamp{i.ModTime().UnixNano(), i.Size()} }

// read looks before it reads: a file that changes meanwhile is read once more.
func (f *certFiles) read() (*tls.Certificate, filesSeen, error) {
	seen, err := f.look()
	if err != nil {
		return nil, seen, remedied(err)
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	return &pair, seen, remedied(err)
}
