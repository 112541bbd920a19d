package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const publicHost = "id.example.com"

// A served is a server that a test started as a process, as a person does.
type served struct {
	*testing.T
	cmd              *exec.Cmd
	address, metrics string

	mu  sync.Mutex
	log strings.Builder
}

// serveIn runs "gatehouse serve" in a folder until it greets. Later arguments win.
func serveIn(t *testing.T, folder string, args ...string) *served {
	t.Helper()
	s := &served{T: t}
	s.cmd = exec.CommandContext(t.Context(), "gatehouse", append([]string{
		"serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0",
		"--public-url", "https://" + publicHost, "--data", "data", "--verification", "off", "--password-hash", "m=64,t=1,p=1",
	}, args...)...)
	s.cmd.Dir = folder
	out, err := s.cmd.StdoutPipe()
	must(t, err)
	log, err := s.cmd.StderrPipe()
	must(t, err)
	must(t, s.cmd.Start())
	t.Cleanup(s.kill)
	go s.read(log)
	greeting := make([]byte, 4096) // it is one write
	n, err := out.Read(greeting)
	if err != nil {
		t.Fatalf("it did not start: %v\n%s", err, s.logged())
	}
	s.metrics = after(string(greeting[:n]), "Metrics are at ")
	s.eventually("listening", func() bool {
		s.address, _, _ = strings.Cut(after(s.logged(), "msg=listening address="), " ")
		return s.address != ""
	})
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *served) read(log io.Reader) {
	for lines := bufio.NewScanner(log); lines.Scan(); {
		s.mu.Lock()
		s.log.WriteString(lines.Text() + "\n")
		s.mu.Unlock()
	}
}

func (s *served) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// kill ends the server as a machine does that loses its power.
func (s *served) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	if s.Failed() {
		s.Logf("log of the server:\n%s", s.logged())
	}
}

// eventually fails unless something is so within a while.
func (s *served) eventually(what string, so func() bool) {
	s.Helper()
	for began := time.Now(); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			s.Fatalf("never: %s\n%s", what, s.logged())
		}
	}
}

// shake shakes hands as c says and returns what was agreed on.
func (s *served) shake(c *tls.Config) (tls.ConnectionState, error) {
	s.Helper()
	conn, err := tls.DialWithDialer(dialer(), "tcp", s.address, c)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer func() { _ = conn.Close() }()
	// In TLS 1.3 a server refuses a certificate only after the client thinks it is done.
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if c.Certificates != nil {
		if _, err = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: "+publicHost+"\r\n\r\n"); err == nil {
			_, err = conn.Read(make([]byte, 1))
		}
	}
	return conn.ConnectionState(), err
}

// serial shows which certificate the server shows now.
func (s *served) serial(roots *x509.CertPool) string {
	s.Helper()
	state, err := s.shake(&tls.Config{RootCAs: roots, ServerName: publicHost, MinVersion: tls.VersionTLS12})
	if err != nil {
		return err.Error()
	}
	return state.PeerCertificates[0].SerialNumber.String()
}

// scrape returns the metrics.
func (s *served) scrape() string {
	s.Helper()
	res, err := http.Get(s.metrics)
	must(s.T, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	must(s.T, err)
	return string(text)
}

// certified makes an authority and, in its name, server.pem and server.key for the public host.
func certified(t *testing.T) (folder string, roots *x509.CertPool) {
	t.Helper()
	folder = t.TempDir()
	command(t, folder, "cert", "authority", "ca")
	command(t, folder, "cert", "issue", "ca", "spiffe://example.com/server", "--dns", publicHost, "--for", "2160h")
	roots, err := readRoots(filepath.Join(folder, "ca", "ca.pem"))
	must(t, err)
	return folder, roots
}

// command runs gatehouse in a folder.
func command(t *testing.T, folder string, args ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "gatehouse", args...)
	c.Dir = folder
	if text, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", args, err, text)
	}
}

// replace puts a file in the place of another, at once.
func replace(t *testing.T, file, by string) {
	t.Helper()
	text, err := os.ReadFile(by)
	must(t, err)
	must(t, os.WriteFile(file+".new", text, 0o600))
	must(t, os.Rename(file+".new", file))
}
