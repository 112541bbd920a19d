package proxy_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/client"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/test/house"
)

const billing = "spiffe://example.com/billing"

// services are in front of nginx, which is in front of a house that knows them by certificates.
type services struct {
	*testing.T
	folder string // of the certificates
	at     string // where nginx is
}

func (s *services) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *services) file(name string) string { return filepath.Join(s.folder, name) }

func (s *services) read(name string) []byte {
	s.Helper()
	text, err := os.ReadFile(s.file(name))
	s.must(err)
	return text
}

// certify makes two authorities and what they issue, as an operator does.
func (s *services) certify() {
	s.Helper()
	program := s.file("gatehouse")
	build := exec.CommandContext(s.Context(), "go", "build", "-o", program, "../../cmd/gatehouse")
	if text, err := build.CombinedOutput(); err != nil {
		s.Fatalf("%v\n%s", err, text)
	}
	for _, line := range []string{
		"authority ca", "authority rogue", "issue ca spiffe://example.com/nginx --dns id.example.com", "issue ca " + billing,
		"issue rogue " + billing + " --out forged", "issue ca " + billing + " --out expired --for 1s",
	} {
		c := exec.CommandContext(s.Context(), program, append([]string{"cert"}, strings.Fields(line)...)...)
		c.Dir = s.folder
		if text, err := c.CombinedOutput(); err != nil {
			s.Fatalf("%s: %v\n%s", line, err, text)
		}
	}
	time.Sleep(2 * time.Second) // until the last one is over
}

func (s *services) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.read("ca/ca.pem"))
	return pool
}

// serve starts the house, and nginx by the example.
func (s *services) serve() {
	s.Helper()
	h := house.Open(s.T, sqldbtest.SQLite(s.T), func(c *gatehouse.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		c.ServiceRoots, c.ServiceHeader, c.Now = s.roots(), "Client-Cert", time.Now
	})
	_, _, err := h.Gate.Clients.Create(s.Context(), client.New{Name: "Billing", URI: billing, Scopes: []string{"introspect"}})
	s.must(err)
	inner := httptest.NewServer(h.Gate.Handler())
	s.Cleanup(inner.Close)
	server := example(s.T, "services/nginx.conf",
		"127.0.0.1:8080", inner.Listener.Addr().String(), "listen 443 ssl;", "listen "+s.at+" ssl;",
		"/etc/ssl/id.example.com.crt", s.file("nginx.pem"), "/etc/ssl/id.example.com.key", s.file("nginx.key"), "/etc/gatehouse/ca.pem", s.file("ca/ca.pem"))
	config := "daemon off; master_process off; pid nginx.pid; error_log stderr;\nevents {}\nhttp {\naccess_log off;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		config += kind + "_temp_path " + s.file(kind) + ";\n"
	}
	s.must(os.WriteFile(s.file("nginx.conf"), []byte(config+server+"}\n"), 0o600))
	run(s.T, "http://"+s.at, s.folder, program(s.T, "nginx"), "-p", s.folder, "-c", "nginx.conf", "-e", "stderr")
}

// token asks for one, with a certificate or without, and returns the status; 0 where the handshake
// fails.
func (s *services) token(cert, field string) int {
	s.Helper()
	c := &tls.Config{RootCAs: s.roots(), ServerName: "id.example.com", MinVersion: tls.VersionTLS12}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(s.file(cert+".pem"), s.file(cert+".key"))
		s.must(err)
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	r, err := http.NewRequestWithContext(s.Context(), http.MethodPost, "https://"+s.at+"/oauth/token", strings.NewReader("grant_type=client_credentials"))
	s.must(err)
	r.Host = "id.example.com"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if field != "" {
		r.Header.Set("Client-Cert", field)
	}
	res, err := (&http.Transport{TLSClientConfig: c, DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusBadRequest { // nginx's own word for a certificate that it refuses
		text, _ := io.ReadAll(res.Body)
		s.Logf("%s", text)
	}
	return res.StatusCode
}

// Through a proxy a service is the certificate that it showed the proxy: none of another authority,
// none that is over, and none that a request writes of itself (BAS-07, BUG-42, ZTR-07).
func TestServices(t *testing.T) {
	s := &services{t, t.TempDir(), free(t)}
	s.certify()
	s.serve()
	block, _ := pem.Decode(s.read("billing.pem"))
	field := ":" + base64.StdEncoding.EncodeToString(block.Bytes) + ":"
	for _, c := range []struct {
		what, cert, field string
		status            int
	}{
		{"billing", "billing", "", 200},
		{"nobody", "", "", 401},
		{"nobody, with billing's certificate in the field", "", field, 401},
		{"another authority's", "forged", "", 400},
		{"another authority's, with billing's in the field", "forged", field, 400},
		{"one that is over", "expired", "", 400},
		{"the proxy's own", "nginx", "", 401},
		{"the proxy's own, with billing's in the field", "nginx", field, 401},
	} {
		if got := s.token(c.cert, c.field); got != c.status {
			t.Errorf("%s: %d, want %d", c.what, got, c.status)
		}
	}
}
