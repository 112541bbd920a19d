package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/postgres"
	"github.com/gatehouse-id/gatehouse/sqlite"
)

// A server orders its certificate, and after a restart shows the same one without asking
// anybody: the authority may be gone. Nothing of the key is readable beside it.
func TestACME(t *testing.T) {
	a, folder := foundAuthority(t), t.TempDir()
	s := a.serve(folder, a.tls)
	serial := a.certified(s)
	if n := a.orders.Load(); n != 1 {
		t.Errorf("%d orders", n)
	}
	if until := after(s.scrape(), "\ngatehouse_certificate_expiry_timestamp_seconds "); until == "" || until == "0" {
		t.Errorf("good until %q", until)
	}
	if _, err := s.shake(&tls.Config{RootCAs: a.roots, ServerName: "other.example.com", InsecureSkipVerify: true}); err == nil {
		t.Error("another name is served")
	}
	s.kill()
	files, err := filepath.Glob(filepath.Join(folder, "data", "gatehouse.db*"))
	must(t, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		must(t, err)
		if bytes.Contains(text, []byte("PRIVATE KEY")) || bytes.Contains(text, []byte("BEGIN CERT")) {
			t.Errorf("%s has a key in clear", name)
		}
	}
	if log := s.logged(); strings.Contains(log, "PRIVATE KEY") || strings.Contains(log, "level=ERROR") || !strings.Contains(log, "a certificate was issued") {
		t.Error("the log says too much or too little")
	}
	a.server.Close()
	again := a.serve(folder, a.tls)
	if got := again.serial(a.roots); got != serial {
		t.Errorf("after the restart %s, want %s", got, serial)
	}
}

// Two servers on one database order once. The authority reaches neither, but a third machine,
// which orders nothing: it answers for the others.
func TestACMEOnManyMachines(t *testing.T) {
	a, folder, url := foundAuthority(t), t.TempDir(), sqldbtest.PostgresURL(t)
	must(t, os.WriteFile(filepath.Join(folder, "key"), masterKey, 0o600))
	db, err := postgres.Open(url)
	must(t, err)
	h := inProcess(t, db)
	l, err := net.Listen("tcp", a.tls)
	must(t, err)
	defer func() { _ = l.Close() }()
	third, err := openACME(a.settings(), h, slog.New(slog.DiscardHandler), l.Addr().(*net.TCPAddr), 0)
	must(t, err)
	c := TLSSettings{}.config(third, nil, nil)
	c.NextProtos = third.protocols()
	server := &http.Server{ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go func() { _ = server.Serve(tls.NewListener(l, c)) }()
	first := a.serve(folder, "127.0.0.1:0", "--database", url, "--master-key-file", "key")
	second := a.serve(folder, "127.0.0.1:0", "--database", url, "--master-key-file", "key")
	if one, two := a.certified(first), a.certified(second); one != two {
		t.Errorf("the certificates are %s and %s", one, two)
	}
	if n := a.orders.Load(); n != 1 {
		t.Errorf("%d orders", n)
	}
}

// Without the authority and without a certificate a server starts, says what is the matter,
// and shows nothing.
func TestACMEWithoutAuthority(t *testing.T) {
	a := foundAuthority(t)
	a.server.Close()
	s := a.serve(t.TempDir(), a.tls)
	s.eventually("the log says so", func() bool {
		return strings.Contains(s.logged(), "there is no certificate yet") && strings.Contains(s.logged(), "connection refused")
	})
	if got := s.serial(a.roots); !strings.Contains(got, "unrecognized name") {
		t.Errorf("it shows %s", got)
	}
	if until := after(s.scrape(), "\ngatehouse_certificate_expiry_timestamp_seconds "); until != "0" {
		t.Errorf("good until %q", until)
	}
}

// The authority may ask by plain http too; what else is asked there is next's.
func TestACMEByHTTP(t *testing.T) {
	a := foundAuthority(t)
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "test.db"))
	must(t, err)
	h := inProcess(t, db)
	front, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = front.Close() }()
	o, err := openACME(a.settings(), h, slog.New(slog.DiscardHandler), front.Addr().(*net.TCPAddr), portOf(t, a.http))
	must(t, err)
	o.issuer.DisableTLSALPNChallenge = true
	plain, err := net.Listen("tcp", a.http)
	must(t, err)
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	server := &http.Server{Handler: o.challenges(next)}
	go func() { _ = server.Serve(plain) }()
	defer func() { _ = server.Close() }()
	must(t, o.magic.ManageSync(t.Context(), []string{publicHost}))
	pair, err := o.get(&tls.ClientHelloInfo{ServerName: publicHost})
	if err != nil || pair == nil || pair.Leaf.VerifyHostname(publicHost) != nil || o.expires() != pair.Leaf.NotAfter {
		t.Errorf("%v, %v", pair, err)
	}
	for _, path := range []string{"/", "/.well-known/acme-challenge/invented", "/.well-known/acme-challenge/"} {
		res, err := http.Get("http://" + a.http + path)
		must(t, err)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusTeapot {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	o.begin()
	o.close(t.Context())
}

var masterKey = bytes.Repeat([]byte{7}, 32)

// inProcess opens a house on a database.
func inProcess(t *testing.T, db *gatehouse.Database) *house {
	t.Helper()
	gate, err := gatehouse.New(t.Context(), gatehouse.Config{DB: db, PublicURL: "https://" + publicHost, MasterKey: masterKey, Unverified: true, Idle: true})
	must(t, err)
	h := &house{Gate: gate, db: db}
	t.Cleanup(func() { _ = h.Close(context.Background()) })
	return h
}

// What no authority would certify is refused at once.
func TestACMESettings(t *testing.T) {
	good := ACMESettings{Contact: "on", Directory: "https://acme.example/dir"}
	for _, c := range []struct {
		spoil  func(*TLSSettings)
		public string
		want   string
	}{
		{func(*TLSSettings) {}, "https://id.example.com:8443/id", ""},
		{func(*TLSSettings) {}, "http://id.example.com", "public-url"},
		{func(*TLSSettings) {}, "https://10.0.0.7", "public-url"},
		{func(*TLSSettings) {}, "https://[2001:db8::1]", "public-url"},
		{func(*TLSSettings) {}, "https://localhost", "public-url"},
		{func(*TLSSettings) {}, "", "public-url"},
		{func(s *TLSSettings) { s.Contact = "yes" }, "https://id.example.com", "tls-acme"},
		{func(s *TLSSettings) { s.Directory = "http://acme.example/dir" }, "https://id.example.com", "tls-acme-directory"},
		{func(s *TLSSettings) { s.Cert, s.Key = "a", "b" }, "https://id.example.com", "exclude each other"},
	} {
		s := TLSSettings{ACMESettings: good}
		c.spoil(&s)
		if err := s.check(c.public); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v for %s: %v, want %q", s, c.public, err, c.want)
		}
	}
}
