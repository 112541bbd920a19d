// Package mtls authenticates services by a client certificate (RFC 8446 section 4.4.2), shown to
// us or to a proxy in front of us (RFC 9440).
//
// It owns the step from a certificate to a principal. The name of a service is the one URI of its
// certificate, "spiffe://example.com/billing" (RFC 5280 section 4.2.1.6, SPIFFE X.509-SVID), never
// its common name, which any authority may write (BUG-42). It does not know how certificates are
// made, nor who keeps the clients that they name.
package mtls

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// Clients finds the client that a certificate names. Package client implements it.
type Clients interface {
	// ByURI returns the client of a URI, or identity.ErrNotFound.
	ByURI(ctx context.Context, uri string) (*identity.Client, error)
}

// A Scheme reads client certificates. All fields but Header are required.
type Scheme struct {
	Site    *web.Site
	Clients Clients
	Roots   *x509.CertPool // the authorities of services, and no others
	// Header is the field in which trusted proxies hand on the certificate that a client showed
	// them, "Client-Cert": as RFC 9440 section 2.2 writes it, or as nginx does
	// ($ssl_client_escaped_cert). "": in none. Threat: a certificate is no secret, so whoever sends
	// the field through a proxy that does not replace it would be the service.
	Header string
	Now    func() time.Time
}

var _ guard.Scheme = (*Scheme)(nil)

// ID implements guard.Challenger.
func (*Scheme) ID() identity.SchemeID { return identity.SchemeMTLS }

// Challenge implements guard.Challenger. There is no registered challenge for certificates: a
// client that has one shows it before it is asked.
func (*Scheme) Challenge() string { return `Certificate realm="gatehouse"` }

// Authenticate implements guard.Scheme. The chain is verified here, whoever has verified it
// before: what a proxy says of it is a certificate, not a verdict (BAS-07).
func (s *Scheme) Authenticate(r *http.Request) (*identity.Principal, error) {
	if web.HeaderCredential(r) {
		return nil, nil // a token beside the certificate says for whom the service asks
	}
	chain, err := s.shown(r)
	if err != nil || len(chain) == 0 {
		return nil, err
	}
	uri, err := s.verify(chain)
	if err != nil {
		return nil, identity.ErrRejected.Because(err)
	}
	c, err := s.Clients.ByURI(r.Context(), uri)
	if errors.Is(err, identity.ErrNotFound) {
		return nil, identity.ErrRejected.Because(errors.New("no client is called " + uri))
	}
	if err != nil {
		return nil, err
	}
	if c.State != identity.Active {
		return nil, identity.ErrRejected.Because(errors.New("the client " + uri + " is disabled"))
	}
	return &identity.Principal{
		Scheme: identity.SchemeMTLS, ClientID: c.ID, Roles: c.Roles, Scopes: append([]string{}, c.Scopes...),
	}, nil
}

// shown returns the certificates of a request, the client's own first. Behind a trusted proxy
// they are the ones that it hands on, and never its own. Threat: a browser behind the proxy would
// be taken for it.
func (s *Scheme) shown(r *http.Request) ([]*x509.Certificate, error) {
	if !s.Site.Believes(r) {
		if r.TLS == nil {
			return nil, nil
		}
		return r.TLS.PeerCertificates, nil
	}
	if s.Header == "" {
		return nil, nil
	}
	values := r.Header.Values(s.Header)
	if len(values) == 0 || len(values) == 1 && values[0] == "" {
		return nil, nil
	}
	if len(values) > 1 {
		return nil, identity.ErrInvalid.With(s.Header, "stands twice")
	}
	leaf, err := parse(values[0])
	if err != nil {
		return nil, identity.ErrRejected.Because(err)
	}
	return []*x509.Certificate{leaf}, nil
}

// maxHeader is more than any certificate of a service needs.
const maxHeader = 16 << 10

var (
	errUnreadable = errors.New("the field is no certificate")
	errUsage      = errors.New("the certificate is an authority's")
	errName       = errors.New("the certificate does not have exactly one URI that names a service")
)

// parse reads the field of a proxy.
func parse(value string) (*x509.Certificate, error) {
	if len(value) > maxHeader {
		return nil, errUnreadable
	}
	if inner, ok := strings.CutPrefix(value, ":"); ok { // a byte sequence (RFC 8941 section 3.3.5)
		inner, ok = strings.CutSuffix(inner, ":")
		der, err := base64.StdEncoding.Strict().DecodeString(inner)
		if !ok || err != nil || strings.ContainsAny(inner, "\r\n") {
			return nil, errUnreadable
		}
		return x509.ParseCertificate(der)
	}
	text, err := url.PathUnescape(value)
	if err != nil {
		return nil, errUnreadable
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" || strings.TrimSpace(string(rest)) != "" {
		return nil, errUnreadable
	}
	return x509.ParseCertificate(block.Bytes)
}

// verify returns the name of the service that the chain proves.
func (s *Scheme) verify(chain []*x509.Certificate) (string, error) {
	leaf := chain[0]
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{
		Roots: s.Roots, Intermediates: between, CurrentTime: s.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}); err != nil {
		return "", err
	}
	if leaf.IsCA || leaf.KeyUsage&(x509.KeyUsageCertSign|x509.KeyUsageCRLSign) != 0 {
		return "", errUsage
	}
	if len(leaf.URIs) != 1 || !Named(leaf.URIs[0]) {
		return "", errName
	}
	return leaf.URIs[0].String(), nil
}

// Named reports whether u may name a service: a SPIFFE ID with a path, in the one way to write it
// (SPIFFE ID section 2).
func Named(u *url.URL) bool {
	plain := u.Scheme == "spiffe" && u.Host != "" && u.Host == strings.ToLower(u.Host) && u.Port() == "" && u.User == nil &&
		u.RawQuery == "" && u.Fragment == "" && !u.ForceQuery && u.RawPath == "" && len(u.String()) <= 2048
	if !plain || !strings.HasPrefix(u.Path, "/") {
		return false
	}
	for segment := range strings.SplitSeq(u.Path[1:], "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	return u.String() == "spiffe://"+u.Host+u.Path
}
