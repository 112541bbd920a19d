package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// TLSSettings says how the server ends TLS by itself, and which services it knows by their
// certificates.
type TLSSettings struct {
	Cert         string `help:"The file of the certificate and its chain, to end TLS here; it is read anew when it changes." placeholder:"FILE"`
	Key          string `help:"The file of its private key, which only its owner may read." placeholder:"FILE"`
	ClientHeader string `name:"client-header" help:"The field in which trusted proxies hand on the certificates of services, and replace it in every request; empty for none." placeholder:"Client-Cert"`
	ClientCA     string `name:"client-ca" help:"The file of the authorities whose certificates services show (gatehouse cert makes one); empty for none." placeholder:"FILE"`
}

// on reports whether the server ends TLS by itself.
func (s TLSSettings) on() bool { return s.Cert != "" }

func (s TLSSettings) check() error {
	if (s.Cert == "") != (s.Key == "") {
		return errors.New("tls-cert and tls-key belong together: name both files, or neither")
	}
	return nil
}

// roots reads the authorities of services, nil if nobody was named.
func (s TLSSettings) roots() (*x509.CertPool, error) {
	if s.ClientCA == "" {
		return nil, nil
	}
	text, err := os.ReadFile(s.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("tls-client-ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("tls-client-ca: %s has no certificate", s.ClientCA)
	}
	return pool, nil
}

// wrap ends TLS on l. A certificate is asked for and not demanded: browsers have none (BUG-42). One
// of another authority, or one that is out of date, ends the handshake (BAS-04).
func (s TLSSettings) wrap(l net.Listener, roots *x509.CertPool, now func() time.Time) (net.Listener, error) {
	own := &ownCert{TLSSettings: s}
	if _, err := own.get(nil); err != nil {
		return nil, err
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: own.get, NextProtos: []string{"h2", "http/1.1"}, Time: now}
	if roots != nil {
		c.ClientAuth, c.ClientCAs = tls.VerifyClientCertIfGiven, roots
	}
	return tls.NewListener(l, c), nil
}

// An ownCert is the server's certificate. Whoever renews it replaces the files.
type ownCert struct {
	TLSSettings
	mu      sync.Mutex
	cert    *tls.Certificate
	read    time.Time // when it was looked at
	changed time.Time // of the file
}

// lookAgain is how often the files are looked at.
const lookAgain = 10 * time.Second

// get implements tls.Config.GetCertificate. A new file that cannot be used leaves the old
// certificate in use.
func (o *ownCert) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cert != nil && time.Since(o.read) < lookAgain {
		return o.cert, nil
	}
	o.read = time.Now()
	info, err := os.Stat(o.Cert)
	if err == nil && o.cert != nil && info.ModTime().Equal(o.changed) {
		return o.cert, nil
	}
	fresh, err := tls.LoadX509KeyPair(o.Cert, o.Key)
	if err != nil && o.cert == nil {
		return nil, fmt.Errorf("tls-cert: %w", err)
	}
	if err == nil {
		o.cert, o.changed = &fresh, info.ModTime()
	}
	return o.cert, nil
}
