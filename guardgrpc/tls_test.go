package guardgrpc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
)

// certified is a scheme that knows who shows a certificate.
type certified struct{}

func (certified) Authenticate(r *http.Request) (*identity.Principal, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil, nil
	}
	return &identity.Principal{Scheme: identity.SchemeMTLS, ClientID: identity.ClientID(r.TLS.PeerCertificates[0].DNSNames[0])}, nil
}

// certificate makes one that signs itself.
func certificate(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// The certificate of the caller reaches the schemes.
func TestClientCertificate(t *testing.T) {
	f := open(t, func(c *gatehouse.Config) { c.Schemes = []guard.Scheme{certified{}} })
	server, roots := certificate(t, "server.example")
	billing, clients := certificate(t, "billing.example")
	f.secure = []grpc.ServerOption{grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{server}, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: clients, MinVersion: tls.VersionTLS13,
	}))}
	rules := map[string]guard.Rule{check: {Schemes: []identity.SchemeID{identity.SchemeMTLS}}}
	for what, with := range map[string][]tls.Certificate{"billing": {billing}, "nobody": nil} {
		f.caller = nil
		f.dial = credentials.NewTLS(&tls.Config{Certificates: with, RootCAs: roots, MinVersion: tls.VersionTLS13})
		_, err := f.serve(rules).Check(f.by(), &grpc_health_v1.HealthCheckRequest{})
		if with == nil {
			f.is(what, err, codes.Unauthenticated, "NO_CREDENTIALS")
			continue
		}
		f.is(what, err, codes.OK, "")
		if f.caller == nil || f.caller.ClientID != "billing.example" || f.caller.Scheme != identity.SchemeMTLS {
			t.Errorf("%s: the handler was called for %+v", what, f.caller)
		}
	}
}
