package main

import (
	"bytes"
	"crypto/tls"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A renewed is a certificate in files that a test replaces, and moves the clock.
type renewed struct {
	*testing.T
	folder string
	files  *certFiles
	at     time.Time
	log    bytes.Buffer
}

func (r *renewed) file(name string) string { return filepath.Join(r.folder, name) }

func openFiles(t *testing.T) *renewed {
	t.Helper()
	folder, _ := certified(t)
	r := &renewed{T: t, folder: folder, at: time.Now()}
	command(t, folder, "cert", "issue", "ca", "spiffe://example.com/next", "--dns", publicHost, "--for", "1000h")
	r.files = &certFiles{cert: r.file("server.pem"), key: r.file("server.key"), log: slog.New(slog.NewTextHandler(&r.log, nil)), now: func() time.Time { return r.at }}
	must(t, r.files.open(publicHost))
	return r
}

// shown is what a browser gets a while later.
func (r *renewed) shown() string {
	r.Helper()
	r.at = r.at.Add(lookAgain)
	pair, err := r.files.get(&tls.ClientHelloInfo{ServerName: publicHost})
	must(r.T, err)
	return pair.Leaf.SerialNumber.String()
}

// logged returns how often the log has said something, and forgets it.
func (r *renewed) logged(what string) int {
	defer r.log.Reset()
	return strings.Count(r.log.String(), what)
}

// New files are used without a restart, and neither half of them alone: until they belong
// together the old certificate stays, which the log is told once (F18).
func TestCertificateIsReadAnew(t *testing.T) {
	r := openFiles(t)
	old := r.shown()
	replace(t, r.file("server.pem"), r.file("next.pem"))
	for range 3 {
		if r.shown() != old {
			t.Fatal("the certificate is shown without its key")
		}
	}
	if n := r.logged("cannot be used"); n != 1 {
		t.Errorf("the log was told %d times", n)
	}
	replace(t, r.file("server.key"), r.file("next.key"))
	if r.shown() == old || r.logged("read anew") != 1 {
		t.Error("the new certificate is not used")
	}
}

// Whatever is wrong with the new files, the old certificate stays (F18).
func TestBadCertificateKeepsTheOld(t *testing.T) {
	for name, spoil := range map[string]func(*renewed) error{
		"no certificate": func(r *renewed) error { return os.Remove(r.file("server.pem")) },
		"no key":         func(r *renewed) error { return os.Remove(r.file("server.key")) },
		"nonsense":       func(r *renewed) error { return os.WriteFile(r.file("server.pem"), []byte("nonsense"), 0o600) },
		"half a key":     func(r *renewed) error { return os.Truncate(r.file("server.key"), 20) },
	} {
		t.Run(name, func(t *testing.T) {
			r := openFiles(t)
			old := r.shown()
			must(t, spoil(r))
			if r.shown() != old || r.logged("cannot be used") != 1 {
				t.Error("the old certificate did not stay, or the log does not say so")
			}
			replace(t, r.file("server.pem"), r.file("next.pem"))
			replace(t, r.file("server.key"), r.file("next.key"))
			if r.shown() == old {
				t.Error("nor is the next good one used")
			}
		})
	}
}

// A key that others can read is not used: at the start it is refused, later the old one stays.
func TestKeyIsItsOwners(t *testing.T) {
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620} {
		r := openFiles(t)
		old := r.shown()
		replace(t, r.file("server.pem"), r.file("next.pem"))
		replace(t, r.file("server.key"), r.file("next.key"))
		must(t, os.Chmod(r.file("server.key"), mode))
		if r.shown() != old {
			t.Errorf("%v: a key of others is used", mode)
		}
		fresh := &certFiles{cert: r.file("server.pem"), key: r.file("server.key"), log: slog.New(slog.DiscardHandler), now: time.Now}
		if err := fresh.open(publicHost); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("%v: at the start %v", mode, err)
		}
	}
}

// The log is told once a day that the end is near, not before, and that the host is another.
func TestCertificateRunsOut(t *testing.T) {
	r := openFiles(t)
	left := r.files.expires().Sub(r.at)
	r.at = r.at.Add(left - endIsNear - time.Minute)
	r.shown()
	if r.logged("runs out") != 0 {
		t.Error("told too early")
	}
	for range 48 {
		r.at = r.at.Add(time.Hour)
		r.shown()
	}
	if n := r.logged("runs out"); n != 2 {
		t.Errorf("told %d times in two days", n)
	}
	must(t, r.files.open("other.example.com"))
	if r.logged("not for the host") != 1 {
		t.Error("a certificate for another host is not told")
	}
}

// The program itself takes new files, and says in its metrics until when they are good.
func TestServerTakesNewFiles(t *testing.T) {
	s, roots := endingTLS(t)
	const metric = "\ngatehouse_certificate_expiry_timestamp_seconds "
	first, until := s.serial(roots), after(s.scrape(), metric)
	if until == "" || until == "0" {
		t.Errorf("good until %q", until)
	}
	command(t, s.cmd.Dir, "cert", "issue", "ca", "spiffe://example.com/server", "--dns", publicHost, "--for", "20h")
	s.eventually("another certificate", func() bool { return s.serial(roots) != first })
	if now := after(s.scrape(), metric); now == until {
		t.Errorf("still good until %s", now)
	}
}
