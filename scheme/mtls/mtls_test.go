package mtls_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/scheme/mtls"
	"github.com/gatehouse-id/gatehouse/scheme/schemetest"
)

const billing = "spiffe://example.com/billing"

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// An authority signs certificates.
type authority struct {
	*testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func found(t *testing.T) *authority {
	a := &authority{T: t}
	a.cert, a.key = a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	return a
}

// sign completes and signs a certificate; an authority without one signs itself.
func (a *authority) sign(c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a.must(err)
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	if c.NotAfter.IsZero() {
		c.NotBefore, c.NotAfter = start.Add(-time.Hour), start.Add(time.Hour)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	a.must(err)
	signed, err := x509.ParseCertificate(der)
	a.must(err)
	return signed, key
}

func (a *authority) must(err error) {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
}

func (a *authority) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// leaf is a certificate of a service with the names, changed by the functions.
func (a *authority) leaf(names []string, change ...func(*x509.Certificate)) *x509.Certificate {
	c := &x509.Certificate{
		Subject: pkix.Name{CommonName: "billing"}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, name := range names {
		u, err := url.Parse(name)
		a.must(err)
		c.URIs = append(c.URIs, u)
	}
	for _, fn := range change {
		fn(c)
	}
	signed, _ := a.sign(c)
	return signed
}

// clients are those that there are, by their URI.
type clients map[string]*identity.Client

func (c clients) ByURI(_ context.Context, uri string) (*identity.Client, error) {
	if found := c[uri]; found != nil {
		return found, nil
	}
	return nil, identity.ErrNotFound
}

func scheme(a *authority, c clients) *mtls.Scheme {
	site := &web.Site{Public: &url.URL{Scheme: "https", Host: "id.example.com"}, Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	return &mtls.Scheme{Site: site, Clients: c, Roots: a.roots(), Header: field, Now: func() time.Time { return start }}
}

func direct(chain ...*x509.Certificate) func(*http.Request) {
	return func(r *http.Request) { r.TLS = &tls.ConnectionState{PeerCertificates: chain} }
}

// handedOn is a request that a peer sends with the field.
func handedOn(peer, value string) func(*http.Request) {
	return func(r *http.Request) {
		r.RemoteAddr = peer
		r.Header.Set(field, value)
	}
}

func rfc9440(c *x509.Certificate) string {
	return ":" + base64.StdEncoding.EncodeToString(c.Raw) + ":"
}

func nginx(c *x509.Certificate) string {
	return strings.ReplaceAll(url.QueryEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))), "+", "%20")
}

const (
	field    = "Client-Cert"
	proxy    = "10.0.0.5:4711"
	stranger = "192.0.2.1:4711"
)

// A service is who its certificate names, whether it shows it to us or to our proxy (BAS-04,
// BAS-05, BAS-07, BUG-42, ZTR-07).
func TestScheme(t *testing.T) {
	a, other := found(t), found(t)
	known := clients{billing: {ID: "cli_billing", State: identity.Active, Roles: []string{"user"}, Scopes: []string{"export:csv"}}}
	good := a.leaf([]string{billing})
	expired := func(c *x509.Certificate) { c.NotBefore, c.NotAfter = start.Add(-2*time.Hour), start.Add(-time.Second) }
	early := func(c *x509.Certificate) { c.NotBefore, c.NotAfter = start.Add(time.Second), start.Add(time.Hour) }
	server := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }
	ca := func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	}
	schemetest.Run(t, schemetest.Case{
		Scheme: scheme(a, known), Good: direct(good), Client: "cli_billing",
		Bad: map[string]func(*http.Request){
			"another authority":               direct(other.leaf([]string{billing})),
			"another authority, its chain":    direct(other.leaf([]string{billing}), other.cert),
			"expired":                         direct(a.leaf([]string{billing}, expired)),
			"not yet valid":                   direct(a.leaf([]string{billing}, early)),
			"a server's":                      direct(a.leaf([]string{billing}, server)),
			"an authority's":                  direct(a.leaf([]string{billing}, ca)),
			"a common name alone":             direct(a.leaf(nil)),
			"two names":                       direct(a.leaf([]string{billing, "spiffe://example.com/other"})),
			"a name nobody has":               direct(a.leaf([]string{"spiffe://example.com/unknown"})),
			"no SPIFFE ID":                    direct(a.leaf([]string{"https://example.com/billing"})),
			"through the proxy, another's":    handedOn(proxy, rfc9440(other.leaf([]string{billing}))),
			"through the proxy, expired":      handedOn(proxy, rfc9440(a.leaf([]string{billing}, expired))),
			"through the proxy, unreadable":   handedOn(proxy, "SUCCESS"),
			"through the proxy, two":          handedOn(proxy, nginx(good)+nginx(good)),
			"through the proxy, no end":       handedOn(proxy, strings.TrimSuffix(rfc9440(good), ":")),
			"through the proxy, very long":    handedOn(proxy, strings.Repeat("A", 1<<15)),
			"through the proxy, line breaks":  handedOn(proxy, ":"+strings.Replace(rfc9440(good)[1:], "M", "M\n", 1)),
			"through the proxy, another type": handedOn(proxy, url.QueryEscape(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: good.Raw})))),
		},
		Revoke: func() { known[billing].State = identity.Disabled },
	})
}

// What a proxy hands on is believed of a proxy that is trusted; sent by anybody else the field is
// nothing, and the proxy's own certificate stands for no client of its.
func TestProxy(t *testing.T) {
	a := found(t)
	good := a.leaf([]string{billing})
	s := scheme(a, clients{billing: {ID: "cli_billing", State: identity.Active}})
	for _, c := range []struct {
		what   string
		change func(*http.Request)
		want   identity.ClientID
	}{
		{"as RFC 9440 writes it", handedOn(proxy, rfc9440(good)), "cli_billing"},
		{"as nginx writes it", handedOn(proxy, nginx(good)), "cli_billing"},
		{"forged", handedOn(stranger, rfc9440(good)), ""},
		{"empty: the client showed none", handedOn(proxy, ""), ""},
		{"the proxy's own", func(r *http.Request) { direct(good)(r); r.RemoteAddr = proxy }, ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		c.change(r)
		p, err := s.Authenticate(r)
		if err != nil || (p == nil) != (c.want == "") || p != nil && p.ClientID != c.want {
			t.Errorf("%s: %+v, %v", c.what, p, err)
		}
	}
	s.Header = ""
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	handedOn(proxy, rfc9440(good))(r)
	if p, err := s.Authenticate(r); p != nil || err != nil {
		t.Errorf("where no field is named: %+v, %v", p, err)
	}
	s.Header = field
	r.RemoteAddr = proxy
	r.Header[field] = []string{rfc9440(good), rfc9440(good)}
	if p, err := s.Authenticate(r); p != nil || identity.KindOf(err) != identity.Invalid {
		t.Errorf("twice: %+v, %v", p, err)
	}
}

// A chain through an intermediate is one; an intermediate of another authority is none.
func TestIntermediate(t *testing.T) {
	a, other := found(t), found(t)
	for root, ok := range map[*authority]bool{a: true, other: false} {
		between := &authority{T: t}
		between.cert, between.key = root.sign(&x509.Certificate{
			Subject: pkix.Name{CommonName: "between"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		})
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		direct(between.leaf([]string{billing}), between.cert)(r)
		p, err := scheme(a, clients{billing: {ID: "cli_billing", State: identity.Active}}).Authenticate(r)
		if (p != nil) != ok || (err == nil) != ok {
			t.Errorf("%v: %+v, %v", ok, p, err)
		}
	}
}

func TestNamed(t *testing.T) {
	for text, want := range map[string]bool{
		billing: true, "spiffe://example.com/ns/prod/sa/billing": true,
		"spiffe://example.com": false, "spiffe://example.com/": false, "spiffe:///billing": false, "spiffe://Example.com/billing": false,
		"spiffe://example.com:443/billing": false, "spiffe://me@example.com/billing": false, "spiffe://example.com/billing?x": false,
		"spiffe://example.com/billing#x": false, "spiffe://example.com/a//b": false, "spiffe://example.com/../b": false,
		"spiffe://example.com/a%2fb": false, "https://example.com/billing": false, "spiffe:billing": false, "SPIFFE://example.com/billing": true,
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := mtls.Named(u); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// FuzzHeader shows that no field crashes the reader, and that none is taken for a service but the
// one that was signed.
func FuzzHeader(f *testing.F) {
	f.Add(":TUlJQg==:")
	f.Add("-----BEGIN%20CERTIFICATE-----%0A")
	t := &testing.T{}
	s := scheme(found(t), clients{billing: {ID: "cli_billing", State: identity.Active}})
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		handedOn(proxy, value)(r)
		if p, _ := s.Authenticate(r); p != nil {
			t.Errorf("%q is %+v", value, p)
		}
	})
}
