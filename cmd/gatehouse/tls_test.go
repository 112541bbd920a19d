package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

func dialer() *net.Dialer { return &net.Dialer{Timeout: 10 * time.Second} }

// endingTLS starts a server that ends TLS with the certificate of certified.
func endingTLS(t *testing.T, args ...string) (*served, *x509.CertPool) {
	t.Helper()
	folder, roots := certified(t)
	return serveIn(t, folder, append([]string{"--tls-cert", "server.pem", "--tls-key", "server.key"}, args...)...), roots
}

// Versions that are broken are refused, and 1.2 too where the operator wants it (HDR-11,
// CON-15).
func TestTLSVersions(t *testing.T) {
	for _, c := range []struct {
		min, want string
	}{{"1.2", "1.2 1.3"}, {"1.3", "1.3"}} {
		t.Run(c.min, func(t *testing.T) {
			s, roots := endingTLS(t, "--tls-min", c.min)
			var spoken []string
			for name, version := range map[string]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
				_, err := s.shake(&tls.Config{RootCAs: roots, ServerName: publicHost, MinVersion: version, MaxVersion: version})
				if err == nil {
					spoken = append(spoken, name)
				} else if !strings.Contains(err.Error(), "protocol version") {
					t.Errorf("%s: %v", name, err) // refused for another reason
				}
			}
			slices.Sort(spoken)
			if got := strings.Join(spoken, " "); got != c.want {
				t.Errorf("speaks %s, want %s", got, c.want)
			}
		})
	}
}

// Of every suite that crypto/tls knows for TLS 1.2, those without forward secrecy or with CBC
// or RC4 are refused, whatever kind of key the certificate has; the others work (HDR-11).
func TestTLSSuites(t *testing.T) {
	folder, roots := certified(t)
	withRSA(t, folder, roots)
	for _, kind := range []string{"ECDSA", "RSA"} {
		t.Run(kind, func(t *testing.T) {
			name := map[string]string{"ECDSA": "server", "RSA": "rsa"}[kind]
			s := serveIn(t, folder, "--data", "data-"+name, "--tls-cert", name+".pem", "--tls-key", name+".key")
			for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
				if !slices.Contains(suite.SupportedVersions, tls.VersionTLS12) {
					continue
				}
				want := strings.HasPrefix(suite.Name, "TLS_ECDHE_"+kind+"_") && (strings.Contains(suite.Name, "_GCM_") || strings.Contains(suite.Name, "_CHACHA20_POLY1305_"))
				_, err := s.shake(&tls.Config{RootCAs: roots, ServerName: publicHost, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite.ID}})
				if (err == nil) != want {
					t.Errorf("%s: %v, want accepted=%v", suite.Name, err, want)
				}
			}
		})
	}
}

// withRSA makes rsa.pem and rsa.key in the folder, which vouches for itself.
func withRSA(t *testing.T, folder string, roots *x509.CertPool) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{publicHost}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	must(t, err)
	roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	for name, block := range map[string]*pem.Block{"rsa.pem": {Type: "CERTIFICATE", Bytes: der}, "rsa.key": {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}} {
		must(t, os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600))
	}
}

// Keys are agreed on by curves of our choice, against quantum computers too where the client
// can (HDR-11).
func TestTLSCurves(t *testing.T) {
	s, roots := endingTLS(t)
	for curve, want := range map[tls.CurveID]bool{tls.X25519MLKEM768: true, tls.X25519: true, tls.CurveP256: true, tls.CurveP384: false, tls.CurveP521: false} {
		state, err := s.shake(&tls.Config{RootCAs: roots, ServerName: publicHost, CurvePreferences: []tls.CurveID{curve}, MinVersion: tls.VersionTLS13})
		if (err == nil) != want || want && state.CurveID != curve {
			t.Errorf("%v: agreed on %v, %v", curve, state.CurveID, err)
		}
	}
	if state, err := s.shake(&tls.Config{RootCAs: roots, ServerName: publicHost}); err != nil || state.CurveID != tls.X25519MLKEM768 {
		t.Errorf("by default %v, %v", state.CurveID, err)
	}
}

// A service that shows a certificate must speak 1.3, where nobody on the way reads it; browsers,
// which show none, need not (CON-15).
func TestServicesSpeak13(t *testing.T) {
	s, roots := endingTLS(t, "--tls-client-ca", "ca/ca.pem")
	pair, err := tls.LoadX509KeyPair(filepath.Join(s.cmd.Dir, "server.pem"), filepath.Join(s.cmd.Dir, "server.key"))
	must(t, err)
	for _, c := range []struct {
		version uint16
		shown   []tls.Certificate
		want    bool
	}{
		{tls.VersionTLS12, nil, true},
		{tls.VersionTLS12, []tls.Certificate{pair}, false},
		{tls.VersionTLS13, []tls.Certificate{pair}, true},
	} {
		_, err := s.shake(&tls.Config{RootCAs: roots, ServerName: publicHost, MinVersion: tls.VersionTLS12, MaxVersion: c.version, Certificates: c.shown})
		if (err == nil) != c.want {
			t.Errorf("%s with %d certificates: %v", tls.VersionName(c.version), len(c.shown), err)
		}
	}
}

// A handshake for a name that is not ours ends before the certificate is shown; one without a
// name gets it.
func TestTLSNames(t *testing.T) {
	s, roots := endingTLS(t)
	for name, want := range map[string]string{"": "", publicHost: "", "ID.Example.com": "", "example.com": "unrecognized name", "x." + publicHost: "unrecognized name"} {
		_, err := s.shake(&tls.Config{RootCAs: roots, ServerName: name, InsecureSkipVerify: true})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", name, err, want)
		}
	}
}

// Requests come by HTTP/2 where the client can, and by HTTP/1.1 where not (HDR-15); one
// connection has at most a hundred under way.
func TestHTTP2(t *testing.T) {
	s, roots := endingTLS(t)
	for protocol, want := range map[string]int{"h2": 2, "http/1.1": 1} {
		c := &tls.Config{RootCAs: roots, ServerName: publicHost, NextProtos: []string{protocol}, MinVersion: tls.VersionTLS12}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: protocol == "h2"}}
		res, err := client.Get("https://" + s.address + "/healthz")
		must(t, err)
		_ = res.Body.Close()
		if res.ProtoMajor != want || res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %s", protocol, res.Proto, res.Status)
		}
	}
	conn, err := tls.DialWithDialer(dialer(), "tcp", s.address, &tls.Config{RootCAs: roots, ServerName: publicHost, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
	must(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, http2.ClientPreface)
	must(t, err)
	framer := http2.NewFramer(conn, conn)
	must(t, framer.WriteSettings())
	frame, err := framer.ReadFrame()
	must(t, err)
	settings, ok := frame.(*http2.SettingsFrame)
	if !ok {
		t.Fatalf("the first frame is %v", frame)
	}
	if n, ok := settings.Value(http2.SettingMaxConcurrentStreams); !ok || n == 0 || n > 100 {
		t.Errorf("%d requests at once", n)
	}
	if n, ok := settings.Value(http2.SettingMaxHeaderListSize); !ok || n > 33<<10 {
		t.Errorf("headers of %d bytes", n)
	}
}

// Whoever speaks plain http to the port is told so and gets nothing else; whatever else is
// spoken gets nothing at all.
func TestPlainOnTLSPort(t *testing.T) {
	s, _ := endingTLS(t)
	for spoken, want := range map[string]string{
		"GET /healthz HTTP/1.1\r\nHost: " + publicHost + "\r\n\r\n": "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
		"EHLO example.com\r\n": "",
	} {
		if got := s.exchange([]byte(spoken)); got != want && (want != "" || !strings.HasPrefix(got, "\x15\x03")) { // an alert at most
			t.Errorf("%q is answered %q, want %q", spoken, got, want)
		}
	}
}

// exchange sends bytes and returns all that comes back until the server closes.
func (s *served) exchange(spoken []byte) string {
	s.Helper()
	conn, err := net.DialTimeout("tcp", s.address, 10*time.Second)
	must(s.T, err)
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	_, err = conn.Write(spoken)
	must(s.T, err)
	got, _ := io.ReadAll(conn) // which may end by a reset
	return string(got)
}

// TLS never compresses (CRIME): a client that insists on it is refused, and one that offers it
// is not followed. Nor does crypto/tls renegotiate as a server.
func TestTLSCompression(t *testing.T) {
	s, _ := endingTLS(t)
	if got := s.exchange(hello(t, 1)); !strings.HasPrefix(got, "\x15\x03") {
		t.Errorf("a client that insists on compression is answered %.20q", got)
	}
	conn, err := net.DialTimeout("tcp", s.address, 10*time.Second)
	must(t, err)
	defer func() { _ = conn.Close() }()
	_, err = conn.Write(hello(t, 0))
	must(t, err)
	first := make([]byte, 1)
	if _, err := io.ReadFull(conn, first); err != nil || first[0] != 0x16 {
		t.Fatalf("a client that does not is answered %x, %v: this test shows nothing", first, err)
	}
}

// hello is the first record of a client that knows one method of compression only.
func hello(t *testing.T, method byte) []byte {
	t.Helper()
	near, far := net.Pipe()
	defer func() { _ = far.Close() }()
	go func() {
		_ = tls.Client(near, &tls.Config{ServerName: publicHost, MaxVersion: tls.VersionTLS12}).Handshake()
	}()
	record := make([]byte, 4096)
	n, err := far.Read(record)
	must(t, err)
	at := 5 + 4 + 2 + 32                             // past the headers, the version and the random number
	at += 1 + int(record[at])                        // the session
	at += 2 + int(record[at])<<8 + int(record[at+1]) // the suites
	if !bytes.Equal(record[at:at+2], []byte{1, 0}) {
		t.Fatalf("%x is no list of methods", record[at:at+2])
	}
	record[at+1] = method
	return record[:n]
}
