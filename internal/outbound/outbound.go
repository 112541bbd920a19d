// Package outbound calls addresses that users and tenants choose.
//
// It owns the answer to server-side request forgery: whoever may name a URL must not reach with
// our machine's arms what they cannot reach with their own. It does not know what is sent, nor
// why.
//
// An address is judged when the connection is made, after the name was resolved: a name that
// leads to a public address when it is checked and to a private one when it is called (DNS
// rebinding) gains nothing. Redirects are not followed, no proxy of the environment is used, no
// cookie is kept, no connection is shared between two calls, and what comes back is cut short.
package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

const (
	dialPatience   = 5 * time.Second
	patience       = 15 * time.Second
	longestAnswer  = 4 << 10 // bytes of the body that are read
	longestHeader  = 16 << 10
	longestWaiting = 24 * time.Hour
	userAgent      = "Gatehouse-Webhook/1"
)

// A Client calls. The zero Client calls public addresses, by https.
type Client struct {
	// Allow are networks of the operator's own that may be called although they are not public.
	// The metadata services of clouds stay closed.
	Allow []netip.Prefix
	// Loopback opens this machine, by plain http too: for development.
	Loopback bool
	// Roots are the authorities whose certificates are accepted; nil: those of the system.
	Roots *x509.CertPool

	resolver *net.Resolver // nil: the system's
}

// An Answer is what came back.
type Answer struct {
	Status     int
	Body       []byte        // its first 4 KiB; it may be anything, so never log it
	RetryAfter time.Duration // how long the answer asks us to wait, 24 h at most; 0: it does not

	broken error // why the body ends sooner than it should; a status needs none
}

// What went wrong where there is no answer. The text of each is for whoever chose the URL, so
// none tells of our network: no address, and no resolver.
var (
	ErrURL         = errors.New("the URL is not one that may be called")
	ErrRefused     = errors.New("refused: the host leads to an address that is not public")
	ErrName        = errors.New("the name of the host was not found")
	ErrTimeout     = errors.New("no answer in time")
	ErrCertificate = errors.New("the certificate of the host is not accepted")
	ErrConnection  = errors.New("the connection failed")
)

// A failure is one of the errors above. Its cause is for errors.Is and As only.
type failure struct{ what, cause error }

func (f failure) Error() string   { return f.what.Error() }
func (f failure) Unwrap() []error { return []error{f.what, f.cause} }

// Post sends body and returns the answer, whatever its status. The error is ErrURL, ErrRefused,
// ErrName, ErrTimeout, ErrCertificate or ErrConnection. It takes 15 seconds at most.
func (c *Client) Post(ctx context.Context, to string, header map[string]string, body []byte) (Answer, error) {
	return c.call(ctx, http.MethodPost, to, header, body, longestAnswer)
}

func (c *Client) call(ctx context.Context, method, to string, header map[string]string, body []byte, most int64) (Answer, error) {
	u, err := c.parse(to)
	if err != nil {
		return Answer{}, failure{ErrURL, err}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return Answer{}, failure{ErrURL, err}
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", userAgent)
	}
	client := http.Client{
		Transport:     c.transport(u.Scheme == "http"),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(r)
	if err != nil {
		return Answer{}, failure{meaning(err), err}
	}
	defer response.Body.Close()
	a := Answer{Status: response.StatusCode, RetryAfter: retryAfter(response.Header.Get("Retry-After"), time.Now())}
	a.Body, a.broken = io.ReadAll(io.LimitReader(response.Body, most))
	return a, nil
}

// transport makes a connection for one call. In clear it reaches this machine only.
func (c *Client) transport(clear bool) *http.Transport {
	dialer := &net.Dialer{
		Timeout: dialPatience, Resolver: c.resolver,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || !c.permits(to.Addr()) || clear && !to.Addr().Unmap().IsLoopback() {
				return ErrRefused
			}
			return nil
		},
	}
	return &http.Transport{
		Proxy: nil, DialContext: dialer.DialContext, DisableKeepAlives: true, DisableCompression: true,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.Roots},
		TLSHandshakeTimeout: dialPatience, MaxResponseHeaderBytes: longestHeader,
	}
}

// meaning is which of our errors err is.
func meaning(err error) error {
	var name *net.DNSError
	var network net.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, ErrRefused):
		return ErrRefused
	case errors.As(err, &certificate):
		return ErrCertificate
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.As(err, &network) && network.Timeout():
		return ErrTimeout
	case errors.As(err, &name):
		return ErrName
	default:
		return ErrConnection
	}
}

// retryAfter reads the header field (RFC 9110 section 10.2.3); what is none is 0.
func retryAfter(text string, now time.Time) time.Duration {
	d := time.Duration(0)
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		d = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), longestWaiting)
}
