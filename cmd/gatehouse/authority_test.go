package main

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// An authority is Pebble, the authority by which Let's Encrypt tests clients, on this machine.
// It asks the server for proof as Let's Encrypt does, at ports of ours.
type authority struct {
	*testing.T
	server *httptest.Server
	roots  *x509.CertPool // of what it issues
	file   string         // by which its own address is known
	tls    string         // where it asks by TLS
	http   string         // where it asks by plain http
	orders atomic.Int64
}

func foundAuthority(t *testing.T) *authority {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "0") // a request that is made again would count as two orders
	a := &authority{T: t, roots: x509.NewCertPool(), tls: freeAddress(t), http: freeAddress(t), file: filepath.Join(t.TempDir(), "authority.pem")}
	quiet, store := log.New(io.Discard, "", 0), db.NewMemoryStore()
	issuer := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "The usual"}})
	a.roots.AppendCertsFromPEM(issuer.GetRootCert(0).PEM())
	asker := va.New(quiet, portOf(t, a.http), portOf(t, a.tls), false, everywhereHere(t), store)
	front := wfe.New(quiet, store, asker, issuer, []string{"authority.example"}, false, false, 1, 1)
	handler := front.Handler()
	a.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/order-plz" {
			a.orders.Add(1)
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(a.server.Close)
	must(t, os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.server.Certificate().Raw}), 0o600))
	return a
}

func (a *authority) settings() ACMESettings {
	return ACMESettings{Contact: "ops@example.com", Directory: a.server.URL + wfe.DirectoryPath, CA: a.file}
}

// serve starts a server in the folder that orders its certificate here.
func (a *authority) serve(folder, listen string, args ...string) *served {
	a.Helper()
	s := a.settings()
	return serveIn(a.T, folder, append([]string{
		"--listen", listen, "--tls-acme", s.Contact, "--tls-acme-directory", s.Directory, "--tls-acme-ca", s.CA, "--log-level", "debug",
	}, args...)...)
}

// certified waits until the server shows a certificate of the authority.
func (a *authority) certified(s *served) (serial string) {
	a.Helper()
	s.eventually("a certificate of the authority", func() bool {
		serial = s.serial(a.roots)
		_, err := strconv.ParseUint(serial[:min(15, len(serial))], 10, 64) // a number, not an error
		return err == nil
	})
	return serial
}

// freeAddress is one that nobody listens at now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func portOf(t *testing.T, address string) int {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", address)
	must(t, err)
	return a.Port
}

// everywhereHere starts a name server for which every host is this machine.
func everywhereHere(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		answer := new(dns.Msg).SetReply(question)
		if question.Question[0].Qtype == dns.TypeA {
			answer.Answer = []dns.RR{&dns.A{
				Hdr: dns.RR_Header{Name: question.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, A: net.IPv4(127, 0, 0, 1),
			}}
		}
		_ = w.WriteMsg(answer)
	})}
	go func() { _ = s.ActivateAndServe() }()
	t.Cleanup(func() { _ = s.Shutdown() })
	return l.Addr().String()
}
