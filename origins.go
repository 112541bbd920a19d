package gatehouse

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/gatehouse-id/gatehouse/internal/web"
)

// publicURL reads a public URL: scheme, host and perhaps a path, nothing else. Over plain
// http cookies travel in clear, so only a loopback host may have it.
func publicURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Opaque != "" {
		return nil, fmt.Errorf("gatehouse: public URL %q must be https://host, perhaps with a path", text)
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && web.Loopback(u.Hostname()):
	default:
		return nil, fmt.Errorf("gatehouse: public URL %q must be https; plain http is for loopback hosts only", text)
	}
	u.Host = strings.TrimSuffix(strings.ToLower(u.Host), defaultPort[u.Scheme])
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	return u, nil
}

// defaultPort is what browsers leave out of an origin.
var defaultPort = map[string]string{"http": ":80", "https": ":443"}

// sameSite reports whether browsers send a SameSite cookie of one to the other: the same
// scheme, and the same host below the public suffix.
func sameSite(a, b *url.URL) bool {
	if a.Scheme != b.Scheme {
		return false
	}
	if a.Hostname() == b.Hostname() {
		return true
	}
	of, err := publicsuffix.EffectiveTLDPlusOne(a.Hostname())
	if err != nil {
		return false
	}
	to, err := publicsuffix.EffectiveTLDPlusOne(b.Hostname())
	return err == nil && of == to
}

// checkOrigins refuses what browsers would not match exactly. Cookies do not reach an
// origin of another site, so such a configuration could only fail later.
func (c *Config) checkOrigins(public *url.URL) error {
	for _, origin := range c.Origins {
		u, err := exactOrigin(origin)
		if err != nil {
			return err
		}
		if !sameSite(u, public) {
			return fmt.Errorf("gatehouse: origin %q is not of the same site as %s: browsers would send it no cookies", origin, public)
		}
	}
	return nil
}

func exactOrigin(origin string) (*url.URL, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin ||
		strings.Contains(origin, "*") || strings.ToLower(origin) != origin || strings.HasSuffix(origin, defaultPort[u.Scheme]) {
		return nil, fmt.Errorf("gatehouse: origin %q must be scheme and host, exactly as browsers send it", origin)
	}
	return u, nil
}

// checkApplications refuses what could not work: the host of the house needs no code, and cookies
// have the attributes that the scheme of the house demands.
func (c *Config) checkApplications(public *url.URL) error {
	for _, origin := range c.Applications {
		u, err := exactOrigin(origin)
		if err != nil {
			return err
		}
		if u.Host == public.Host || u.Scheme != public.Scheme {
			return fmt.Errorf("gatehouse: application %q must be on another host than %s, and %s like it", origin, public, public.Scheme)
		}
	}
	return nil
}

func (c *Config) checkForwarded() error {
	for _, p := range c.TrustedProxies {
		if p.Bits() == 0 { // threat: whoever writes the field would be whoever they like, for every limit
			return fmt.Errorf("gatehouse: Config.TrustedProxies has %s, which is everybody; name the networks of your proxies", p)
		}
	}
	if !slices.Contains([]string{"", web.XForwardedFor, web.Forwarded}, c.ForwardedHeader) {
		return fmt.Errorf("gatehouse: Config.ForwardedHeader is %q; it must be %s or %s", c.ForwardedHeader, web.XForwardedFor, web.Forwarded)
	}
	return nil
}

func (c *Config) checkContact() error {
	u, err := url.Parse(c.SecurityContact)
	if c.SecurityContact != "" && (err != nil || !slices.Contains([]string{"mailto", "https", "tel"}, u.Scheme) || strings.ContainsAny(c.SecurityContact, "\r\n")) {
		return fmt.Errorf("gatehouse: Config.SecurityContact %q must be mailto:…, https://… or tel:… (RFC 9116 section 2.5.3)", c.SecurityContact)
	}
	return nil
}
