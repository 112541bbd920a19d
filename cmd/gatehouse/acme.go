package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"

	"github.com/gatehouse-id/gatehouse/keyring"
)

// ACMESettings lets the server order its certificate by itself (RFC 8555).
type ACMESettings struct {
	Contact   string `name:"acme" help:"Order the certificate of the public URL's host, and renew it: the address that the authority may write to, or on for none. It agrees to the authority's terms. Empty orders nothing." placeholder:"EMAIL"`
	Directory string `name:"acme-directory" help:"The directory of the authority." default:"https://acme-v02.api.letsencrypt.org/directory" placeholder:"URL"`
	CA        string `name:"acme-ca" help:"The file of the certificates by which an authority of your own is known; empty for those that the system knows." placeholder:"FILE"`
}

func (s ACMESettings) on() bool { return s.Contact != "" }

// email is where the authority may write to, "" for nowhere.
func (s ACMESettings) email() string {
	if s.Contact == "on" {
		return ""
	}
	return s.Contact
}

// check refuses what no authority would certify.
func (s ACMESettings) check(public string) error {
	if !s.on() {
		return nil
	}
	if s.Contact != "on" && !strings.Contains(s.Contact, "@") {
		return fmt.Errorf("tls-acme is %q: say an address for the authority to write to, or on", s.Contact)
	}
	if d, err := url.Parse(s.Directory); err != nil || d.Scheme != "https" || d.Host == "" {
		return fmt.Errorf("tls-acme-directory is %q, which is no https://…", s.Directory)
	}
	u, err := url.Parse(public)
	if err != nil || u.Scheme != "https" || net.ParseIP(u.Hostname()) != nil || !strings.Contains(u.Hostname(), ".") {
		return fmt.Errorf("tls-acme orders a certificate for the host of public-url, which must be https://DOMAIN, not %q", public)
	}
	return nil
}

// An acme orders the certificate of one host and renews it; nobody can make it order others by
// asking for them. The zero of *acme is none.
type acme struct {
	host   string
	log    *slog.Logger
	magic  *certmagic.Config
	cache  *certmagic.Cache
	issuer *certmagic.ACMEIssuer
	store  *acmeStore
	end    context.CancelFunc
}

// openACME prepares the orders of a server that ends TLS at front. Port is that of plain http,
// where the authority may ask too; 0 for none.
func openACME(s ACMESettings, h *house, log *slog.Logger, front *net.TCPAddr, port int) (*acme, error) {
	var roots *x509.CertPool
	if s.CA != "" {
		var err error
		if roots, err = readRoots(s.CA); err != nil {
			return nil, fmt.Errorf("tls-acme-ca: %w", err)
		}
	}
	site := h.Site()
	a := &acme{host: strings.ToLower(site.Public.Hostname()), log: log}
	a.store = &acmeStore{certs: &keyring.Certificates{Ring: h.Keys}, db: h.db, now: site.Now, log: log, held: map[string]*acmeLock{}}
	zap := zapped(log)
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.magic, nil }, Logger: zap,
	})
	a.magic = certmagic.New(a.cache, certmagic.Config{
		Storage: a.store, Logger: zap, DefaultServerName: a.host, OnEvent: a.tell,
		OCSP: certmagic.OCSPConfig{DisableStapling: true}, // authorities gave it up for short lives
	})
	a.issuer = certmagic.NewACMEIssuer(a.magic, certmagic.ACMEIssuer{
		CA: s.Directory, Email: s.email(), Agreed: true, TrustedRoots: roots, Logger: zap,
		// Our own listeners answer the challenges: certmagic finds them taken and opens none.
		ListenHost: front.IP.String(), AltTLSALPNPort: front.Port, AltHTTPPort: port, DisableHTTPChallenge: port == 0,
	})
	a.magic.Issuers = []certmagic.Issuer{a.issuer}
	return a, nil
}

// begin shows the stored certificate, or orders one. It does not wait for the authority, and a
// server without a certificate goes on: one that ended would be started again and again, and
// authorities answer few orders an hour.
func (a *acme) begin() {
	ctx, end := context.WithCancel(context.Background())
	a.end = end
	_, err := a.magic.CacheManagedCertificate(ctx, a.host)
	if err == nil {
		go func() { _ = a.cache.RenewManagedCertificates(ctx) }() // what fails is in the log
		return
	}
	if !errors.Is(err, fs.ErrNotExist) {
		a.log.Error("the stored certificate cannot be used", "host", a.host, "err", err)
	}
	a.log.Warn("there is no certificate yet: until the authority has issued one, no browser gets in", "host", a.host, "authority", a.issuer.CA)
	_ = a.magic.ManageAsync(ctx, []string{a.host}) // what fails is in the log
}

// close ends the orders under way and gives their locks back.
func (a *acme) close(ctx context.Context) {
	if a == nil || a.end == nil {
		return
	}
	a.end()
	go a.cache.Stop() // which may wait for an answer of the authority
	a.store.close(ctx)
}

// tell is told by certmagic what happens.
func (a *acme) tell(_ context.Context, event string, data map[string]any) error {
	if event == "cert_obtained" {
		a.log.Info("a certificate was issued", "host", a.host, "renewal", data["renewal"] == true)
	}
	return nil
}

// get implements certificates. The challenge of TLS-ALPN-01 (RFC 8737) is answered here too.
func (a *acme) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if hello.ServerName != "" && !strings.EqualFold(hello.ServerName, a.host) {
		return nil, nil
	}
	pair, err := a.magic.GetCertificate(hello)
	if err != nil {
		return nil, nil //nolint:nilerr // there is none yet, or no challenge: nothing of ours is shown
	}
	return pair, nil
}

// expires implements certificates.
func (a *acme) expires() (at time.Time) {
	for _, c := range a.cache.AllMatchingCertificates(a.host) {
		if c.Leaf.NotAfter.After(at) {
			at = c.Leaf.NotAfter
		}
	}
	return at
}

// protocols are what is spoken behind TLS, for the authority too.
func (a *acme) protocols() []string {
	if a == nil {
		return []string{"h2", "http/1.1"}
	}
	return []string{"h2", "http/1.1", acmez.ACMETLS1Protocol}
}

// challenges answers what the authority asks by plain http (HTTP-01), and leaves the rest to
// next.
func (a *acme) challenges(next http.Handler) http.Handler {
	if a == nil {
		return next
	}
	return a.issuer.HTTPChallengeHandler(next)
}
