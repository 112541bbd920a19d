package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// A siege is the program as people run it, in this process, so that what it holds can be counted.
type siege struct {
	testing.TB
	url, metrics string // without the scheme
	secure       bool
	http         *http.Client
}

// besiege starts "gatehouse serve" with deadlines that are over soon.
func besiege(t *testing.T, secure bool, args ...string) *siege {
	t.Helper()
	was := deadlines
	deadlines.header, deadlines.request, deadlines.answer = time.Second, 2*time.Second, 2*time.Second
	dir, listen := t.TempDir(), "127.0.0.1:0"
	if secure {
		listen = free(t)
	}
	args = append([]string{"serve", "--listen=" + listen, "--metrics-listen=127.0.0.1:0", "--data=" + dir, "--password-hash=m=64,t=1,p=1", "--log-level=error", "--drain=0s"}, args...)
	if secure {
		cert, key := certificate(t, dir)
		args = append(args, "--tls-cert="+cert, "--tls-key="+key, "--public-url=https://localhost", "--verification=off")
	} else {
		args = append(args, "--dev")
	}
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	var log strings.Builder
	done := make(chan int, 1)
	go func() {
		done <- (&Program{In: strings.NewReader(""), Out: writer, Err: &log}).Run(ctx, args)
		_ = writer.Close()
	}()
	t.Cleanup(func() {
		cancel()
		if status := <-done; status != 0 {
			t.Errorf("the server ended with %d: %s", status, &log)
		}
		deadlines = was
	})
	greeting := make([]byte, 4096) // it is one write
	n, err := reader.Read(greeting)
	if err != nil {
		t.Fatalf("the server did not start: %s", &log)
	}
	s := &siege{TB: t, secure: secure, metrics: after(string(greeting[:n]), "Metrics are at http://")}
	s.metrics = strings.TrimSuffix(s.metrics, "/metrics")
	s.url = strings.TrimPrefix(after(string(greeting[:n]), "Gatehouse is at "), "http://")
	if secure {
		s.url = listen
	}
	s.http = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	return s
}

// free returns an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func certificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &signer.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// dial connects, and shakes hands where the listener has TLS.
func (s *siege) dial(address string) net.Conn {
	s.Helper()
	c, err := net.Dial("tcp", address)
	if err == nil {
		err = c.(*net.TCPConn).SetReadBuffer(4 << 10) // so that answers that are not read do not vanish in it
	}
	if err == nil && s.secure && address == s.url {
		secured := tls.Client(c, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
		c, err = secured, secured.Handshake()
	}
	if err != nil {
		s.Fatal(err)
	}
	return c
}

// get fails unless somebody else is answered meanwhile, and returns the answer.
func (s *siege) get(address, path string) string {
	s.Helper()
	scheme := "http://"
	if s.secure && address == s.url {
		scheme = "https://"
	}
	began := time.Now()
	res, err := s.http.Get(scheme + address + path)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.Errorf("GET %s: %s, %v", path, res.Status, err)
	}
	if took := time.Since(began); took > 5*time.Second {
		s.Errorf("GET %s took %v", path, took)
	}
	return string(body)
}

// A load is what a process has in its hands.
type load struct {
	goroutines, files int
	heap              uint64
}

func loadOf(t testing.TB) load {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return load{runtime.NumGoroutine(), len(files), m.HeapAlloc}
}

// calm waits until the process holds what it held before, give or take what a cache keeps.
func (s *siege) calm(before load) {
	s.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		now := loadOf(s)
		if now.goroutines <= before.goroutines+8 && now.files <= before.files+8 && now.heap <= before.heap+16<<20 {
			return
		}
		if time.Now().After(end) {
			s.Fatalf("held %+v, then %+v", before, now)
		}
	}
}
