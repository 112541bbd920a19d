package main_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const ledger = "https://localhost:8443"

// A folder is where the example runs, with the two programs beside it.
type folder struct {
	*testing.T
	dir string
}

func (f *folder) build(name, pkg string) string {
	f.Helper()
	out := filepath.Join(f.dir, name)
	if text, err := exec.Command("go", "build", "-o", out, pkg).CombinedOutput(); err != nil {
		f.Fatalf("%v\n%s", err, text)
	}
	return out
}

func (f *folder) run(program string, args ...string) {
	f.Helper()
	c := exec.Command(program, args...)
	c.Dir = f.dir
	if text, err := c.CombinedOutput(); err != nil {
		f.Fatalf("%v: %v\n%s", args, err, text)
	}
}

// ask calls the ledger as a service: with the certificate of a name, or with none. It returns 0
// where the handshake fails.
func (f *folder) ask(path, cert string, header ...string) (status int, text string) {
	f.Helper()
	c := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	c.RootCAs.AppendCertsFromPEM(f.read("ca/ca.pem"))
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(filepath.Join(f.dir, cert+".pem"), filepath.Join(f.dir, cert+".key"))
		if err != nil {
			f.Fatal(err)
		}
		// Sent whatever authorities the server names: that is what a rogue client does.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	r, err := http.NewRequestWithContext(f.Context(), http.MethodGet, ledger+path, nil)
	if err != nil {
		f.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := (&http.Transport{TLSClientConfig: c, DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		f.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func (f *folder) read(name string) []byte {
	f.Helper()
	text, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		f.Fatal(err)
	}
	return text
}

// Whoever is on the network is nobody; a service is its certificate, of our authority, in time, and
// never what a field says of it (BAS-04, BAS-05, BAS-07, BUG-42, ZTR-01, ZTR-07).
func TestZeroTrust(t *testing.T) {
	f := &folder{t, t.TempDir()}
	gatehouse, program := f.build("gatehouse", "../../cmd/gatehouse"), f.build("zerotrust", ".")
	f.run(gatehouse, "cert", "authority", "ca")
	f.run(gatehouse, "cert", "authority", "rogue")
	f.run(gatehouse, "cert", "issue", "ca", "spiffe://example.com/ledger", "--dns", "localhost")
	f.run(gatehouse, "cert", "issue", "ca", "spiffe://example.com/billing")
	f.run(gatehouse, "cert", "issue", "ca", "spiffe://example.com/shop")
	f.run(gatehouse, "cert", "issue", "rogue", "spiffe://example.com/billing", "--out", "forged")
	f.run(gatehouse, "cert", "issue", "ca", "spiffe://example.com/billing", "--out", "expired", "--for", "1s")
	expires := time.Now().Add(time.Second)
	server := exec.Command(program)
	server.Dir = f.dir
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if status, _ := f.ask("/healthz", ""); status == http.StatusOK {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the example does not answer")
		}
	}
	time.Sleep(time.Until(expires.Add(time.Second)))
	block, _ := pem.Decode(f.read("billing.pem"))
	handedOn := ":" + base64.StdEncoding.EncodeToString(block.Bytes) + ":"
	for _, c := range []struct {
		what, cert string
		header     []string
		status     int
		text       string
	}{
		{"billing", "billing", nil, 200, "entries for cli_"},
		{"nobody", "", nil, 401, "NO_CREDENTIALS"},
		{"a service that is no client", "shop", nil, 401, "INVALID_CREDENTIALS"},
		{"another authority", "forged", nil, 0, ""},
		{"expired", "expired", nil, 0, ""},
		{"the field of a proxy, from anybody", "", []string{"Client-Cert", handedOn}, 401, "NO_CREDENTIALS"},
		{"billing's field beside a certificate of its own", "shop", []string{"Client-Cert", handedOn}, 401, "INVALID_CREDENTIALS"},
	} {
		status, text := f.ask("/entries", c.cert, c.header...)
		if status != c.status || !strings.Contains(text, c.text) {
			t.Errorf("%s: %d %s", c.what, status, text)
		}
	}
}
