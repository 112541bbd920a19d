package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// TLSSettings says how the server ends TLS by itself, and which services it knows by their
// certificates.
type TLSSettings struct {
	Cert         string `help:"The file of the certificate and its chain, to end TLS here; it is read anew when it changes." placeholder:"FILE"`
	Key          string `help:"The file of its private key, which only its owner may read." placeholder:"FILE"`
	Min          string `help:"The oldest version that is spoken: 1.2, with forward secrecy and authenticated encryption only, or 1.3." enum:"1.2,1.3" default:"1.2"`
	ClientHeader string `name:"client-header" help:"The field in which trusted proxies hand on the certificates of services, and replace it in every request; empty for none." placeholder:"Client-Cert"`
	ClientCA     string `name:"client-ca" help:"The file of the authorities whose certificates services show (gatehouse cert makes one); empty for none." placeholder:"FILE"`

	ACMESettings `embed:""`
}

// on reports whether the server ends TLS by itself.
func (s TLSSettings) on() bool { return s.Cert != "" || s.ACMESettings.on() }

func (s TLSSettings) check(public string) error {
	if (s.Cert == "") != (s.Key == "") {
		return errors.New("tls-cert and tls-key belong together: name both files, or neither")
	}
	if s.Cert != "" && s.ACMESettings.on() {
		return errors.New("tls-cert and tls-acme exclude each other: the certificate is in files, or it is ordered")
	}
	return s.ACMESettings.check(public)
}

// roots reads the authorities of services, nil if nobody was named.
func (s TLSSettings) roots() (*x509.CertPool, error) {
	if s.ClientCA == "" {
		return nil, nil
	}
	pool, err := readRoots(s.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("tls-client-ca: %w", err)
	}
	return pool, nil
}

func readRoots(name string) (*x509.CertPool, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate", name)
	}
	return pool, nil
}

// Certificates are those that the server shows.
type certificates interface {
	// get is tls.Config.GetCertificate. A handshake for a name that is not ours gets neither a
	// certificate nor an error, which crypto/tls answers by the alert unrecognized_name: whoever
	// tries names at an address does not learn whose house it is. One that names nobody, as
	// those to a bare address do, gets the certificate: there is no other.
	get(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// expires is when the certificate runs out, the zero time while there is none.
	expires() time.Time
}

// expiry is the metric by which monitoring warns in time.
func expiry(c certificates) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gatehouse_certificate_expiry_timestamp_seconds", Help: "When the certificate of the server runs out; 0 while there is none.",
	}, func() float64 { return float64(max(c.expires().Unix(), 0)) })
}

// secure ends TLS on the front if the settings say so.
func (s *server) secure(roots *x509.CertPool, now func() time.Time) (net.Listener, error) {
	if !s.TLS.on() {
		return s.front, nil
	}
	var err error
	if s.certs, err = s.certificates(now); err != nil {
		return nil, err
	}
	c := s.TLS.config(s.certs, roots, now)
	c.NextProtos = s.acme.protocols()
	return tls.NewListener(s.front, c), nil
}

// certificates are those of the files, or those that are ordered.
func (s *server) certificates(now func() time.Time) (certificates, error) {
	if s.TLS.Cert != "" {
		files := &certFiles{cert: s.TLS.Cert, key: s.TLS.Key, log: s.log, now: now}
		return files, files.open(s.house.Site().Public.Hostname())
	}
	var err error
	s.acme, err = openACME(s.TLS.ACMESettings, s.house, s.log, s.front.Addr().(*net.TCPAddr), s.plainPort())
	if err == nil {
		s.acme.begin()
	}
	return s.acme, err
}

// plainPort is where an authority may ask by plain http; 0: nowhere.
func (s *server) plainPort() int {
	if s.plain == nil {
		return 0
	}
	return s.plain.Addr().(*net.TCPAddr).Port
}

// forward are the cipher suites of TLS 1.2 that keep what was recorded closed when the key is
// stolen later, and that authenticate what they encrypt; in TLS 1.3 there are no others.
// Threat: the padding oracles of CBC, and RSA key exchange (HDR-11).
var forward = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// config is how TLS is spoken. Session tickets are sealed with keys that crypto/tls replaces
// daily and that no other machine has: whoever comes back to another one shakes hands anew.
func (s TLSSettings) config(certs certificates, roots *x509.CertPool, now func() time.Time) *tls.Config {
	c := &tls.Config{
		MinVersion: tls.VersionTLS12, CipherSuites: forward,
		// The hybrid keeps what is recorded today from the quantum computers of tomorrow.
		CurvePreferences: []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256},
		GetCertificate:   certs.get, Time: now,
	}
	if s.Min == "1.3" {
		c.MinVersion = tls.VersionTLS13
	}
	if roots != nil {
		// A certificate is asked for and not demanded: browsers have none (BUG-42). One of another
		// authority, or one that is out of date, ends the handshake (BAS-04).
		c.ClientAuth, c.ClientCAs, c.VerifyConnection = tls.VerifyClientCertIfGiven, roots, servicesSpeak13
	}
	return c
}

// servicesSpeak13 ends older handshakes in which a service shows its certificate. Threat:
// before TLS 1.3 it is sent in the clear, and tells everybody on the way who calls (CON-15).
func servicesSpeak13(c tls.ConnectionState) error {
	if len(c.PeerCertificates) > 0 && c.Version < tls.VersionTLS13 {
		return errors.New("services that show a certificate must speak TLS 1.3")
	}
	return nil
}
