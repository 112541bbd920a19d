package redis

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// A place is where a server is, and who we are to it.
type place struct {
	addr, user, password string
	number               int
	tls                  *tls.Config // nil for clear text
	prefix               string
}

// Check reports what is wrong with the URL of a server, before Open asks it.
func Check(url string) error {
	_, err := parse(url)
	return err
}

// parse reads the URL of a server. Its errors do not tell the password.
func parse(text string) (place, error) {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.Fragment != "" || u.Hostname() == "" || u.Scheme != "redis" && u.Scheme != "rediss" {
		return place{}, errors.New("redis: the URL must be redis://host, or rediss://host for TLS; escape what is special in the password")
	}
	p := place{addr: net.JoinHostPort(u.Hostname(), orDefault(u.Port())), user: u.User.Username(), prefix: "gatehouse:"}
	p.password, _ = u.User.Password()
	if number := strings.Trim(u.Path, "/"); number != "" {
		if p.number, err = strconv.Atoi(number); err != nil || p.number < 0 {
			return place{}, fmt.Errorf("redis: %q in the URL is no number of a database", number)
		}
	}
	if u.Scheme == "rediss" {
		p.tls = &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	}
	return p, p.options(u)
}

func orDefault(port string) string {
	if port == "" {
		return "6379"
	}
	return port
}

// options reads the query, and refuses clear text to elsewhere unless it is asked for.
func (p *place) options(u *url.URL) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errors.New("redis: the query of the URL is malformed")
	}
	clear := false
	for name, values := range query {
		switch value := values[0]; {
		case name == "prefix" && value != "":
			p.prefix = value
		case name == "tls" && value == "off" && p.tls == nil:
			clear = true
		default:
			return fmt.Errorf("redis: %q in the URL is unknown, or not so; there are prefix=… and tls=off", name)
		}
	}
	// Threat: a password that is read on its way, and answers that are not the server's.
	if p.tls == nil && !clear && !loopback(u.Hostname()) {
		return fmt.Errorf("redis: %s would be asked in clear text; use rediss://, or add ?tls=off if nobody else is in that network", u.Host)
	}
	return nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

func dialer() net.Dialer { return net.Dialer{Timeout: dialWithin} }
