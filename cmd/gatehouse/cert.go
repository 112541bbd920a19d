package main

import (
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/jose"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/scheme/mtls"
)

// The files of an authority in its folder.
const (
	authorityCert = "ca.pem"
	authorityKey  = "ca.key"
)

// backdate is how far the clock of another machine may be behind.
const backdate = 5 * time.Minute

type certAuthority struct {
	Dir  string        `arg:"" help:"The folder to make it in. Keep it away from the servers: whoever has its key can be any service."`
	Name string        `help:"What the authority is called." default:"Gatehouse services"`
	For  time.Duration `help:"How long it is good for." default:"43800h"`
}

// Run makes an authority for the certificates of services. It never replaces one.
func (c *certAuthority) Run(p *Program) error {
	if _, err := os.Stat(filepath.Join(c.Dir, authorityKey)); err == nil {
		return fmt.Errorf("%s has an authority already; every certificate that it signed would die with it", c.Dir)
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	now := time.Now()
	cert := &x509.Certificate{
		Subject: pkix.Name{CommonName: c.Name}, NotBefore: now.Add(-backdate), NotAfter: now.Add(c.For),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	if err := signed(cert, cert, key, key, filepath.Join(c.Dir, authorityCert), filepath.Join(c.Dir, authorityKey)); err != nil {
		return err
	}
	fmt.Fprintf(p.Out, "the authority is %s; servers know it by --tls-client-ca %s\n", c.Dir, filepath.Join(c.Dir, authorityCert))
	return nil
}

type certIssue struct {
	Dir string        `arg:"" help:"The folder of the authority."`
	URI string        `arg:"" name:"uri" help:"The service, as its client is called: spiffe://example.com/billing."`
	Out string        `help:"What the two files are called, without .pem and .key; empty for the last word of the service." placeholder:"FILE"`
	DNS []string      `name:"dns" help:"The hosts that the service serves by the same certificate." placeholder:"billing.internal,…"`
	IP  []net.IP      `name:"ip" help:"Its addresses." placeholder:"10.0.0.7,…"`
	For time.Duration `help:"How long it is good for. It cannot be taken back: keep it short and issue the next one in time." default:"24h"`
}

// longest is how long a certificate may be good: there is no list of those that were taken back,
// so what ends one is its time, or that its client is disabled.
const longest = 90 * 24 * time.Hour

// Run issues a certificate to a service.
func (c *certIssue) Run(p *Program) error {
	u, err := url.Parse(c.URI)
	if err != nil || !mtls.Named(u) {
		return fmt.Errorf("%q is not the name of a service: it is written spiffe://example.com/billing", c.URI)
	}
	if c.For <= 0 || c.For > longest {
		return fmt.Errorf("for is %v; it must be positive, and %v at most", c.For, longest)
	}
	authority, signer, err := readAuthority(c.Dir)
	if err != nil {
		return err
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	now := time.Now()
	cert := &x509.Certificate{
		NotBefore: now.Add(-backdate), NotAfter: now.Add(c.For), URIs: []*url.URL{u}, DNSNames: c.DNS, IPAddresses: c.IP,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	if len(c.DNS)+len(c.IP) > 0 {
		cert.ExtKeyUsage = append(cert.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	out := c.Out
	if out == "" {
		out = filepath.Base(u.Path)
	}
	if err := signed(cert, authority, key, signer, out+".pem", out+".key"); err != nil {
		return err
	}
	fmt.Fprintf(p.Out, "%s.pem and %s.key are %s until %s\n", out, out, u, cert.NotAfter.UTC().Format(time.RFC3339))
	return nil
}

// newKey makes a key for a certificate.
func newKey() (*ecdsa.PrivateKey, error) {
	made, err := jose.Generate(jose.ES256, "")
	if err != nil {
		return nil, err
	}
	der, err := made.MarshalPrivate()
	if err != nil {
		return nil, err
	}
	return ecdsaKey(der)
}

// ecdsaKey reads a private key that newKey made.
func ecdsaKey(der []byte) (*ecdsa.PrivateKey, error) {
	signer, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	key, ok := signer.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("it is no key that gatehouse cert made")
	}
	return key, nil
}

// readAuthority reads what certAuthority made.
func readAuthority(dir string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	cert, err := block(filepath.Join(dir, authorityCert))
	if err != nil {
		return nil, nil, err
	}
	parsed, err := x509.ParseCertificate(cert)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", authorityCert, err)
	}
	key, err := block(filepath.Join(dir, authorityKey))
	if err != nil {
		return nil, nil, err
	}
	signer, err := ecdsaKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", authorityKey, err)
	}
	return parsed, signer, nil
}

func block(name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	b, _ := pem.Decode(text)
	if b == nil {
		return nil, fmt.Errorf("%s is not PEM", name)
	}
	return b.Bytes, nil
}

// signed signs a certificate and writes it and its key. The key is written first, so that nothing
// is left of a certificate without one.
func signed(cert, parent *x509.Certificate, key, signer *ecdsa.PrivateKey, certFile, keyFile string) (err error) {
	cert.SerialNumber = new(big.Int).SetBytes(secret.Bytes(15))
	der, err := x509.CreateCertificate(nil, cert, parent, &key.PublicKey, signer)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600),
		os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644), //nolint:gosec // a certificate is no secret
	)
}
