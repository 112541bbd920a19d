package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// What a call to the issuer may cost us.
const (
	callLife   = 5 * time.Second
	answerMost = 64 << 10 // bytes
)

// metadata is what we read of the issuer's document (RFC 8414 section 2).
type metadata struct {
	Issuer        string `json:"issuer"`
	Keys          string `json:"jwks_uri"`
	Introspection string `json:"introspection_endpoint"` // "" where there is none
}

// parseIssuer reads the URL of an issuer (RFC 8414 section 2): https, without query or fragment.
func parseIssuer(issuer string) (*url.URL, error) {
	u, err := url.Parse(issuer)
	switch {
	case err != nil:
		return nil, err
	case u.Host == "" || u.User != nil || u.Fragment != "" || strings.ContainsAny(issuer, "?#"):
		return nil, errors.New("must be a URL of scheme, host and path")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return nil, errors.New("must be https, unless it is on this machine")
	}
	return u, nil
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// client returns c as we use it. Threat: whoever finds an open redirect on the issuer's host
// would choose our keys, so none is followed.
func client(c *http.Client) *http.Client {
	own := http.Client{}
	if c != nil {
		own = *c
	} else if t, ok := http.DefaultTransport.(*http.Transport); ok {
		t = t.Clone()
		t.MaxResponseHeaderBytes, t.MaxIdleConnsPerHost = answerMost, 32
		own.Transport = t
	}
	own.Jar = nil
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// places returns where the document of an issuer may stand, the right place first: RFC 8414
// section 3.1 puts its path behind the well-known one, OpenID Connect Discovery in front.
func places(issuer *url.URL) []string {
	origin, path := issuer.Scheme+"://"+issuer.Host, strings.TrimSuffix(issuer.EscapedPath(), "/")
	const oauth, openID = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
	if path == "" {
		return []string{origin + oauth, origin + openID}
	}
	return []string{origin + oauth + path, origin + path + oauth, origin + path + openID}
}

// discover finds the issuer's document. One that is not the issuer's is passed over: at the root
// of the host may live somebody who answers to everything.
func (s *source) discover(ctx context.Context) (m metadata, err error) {
	var all []error
	for _, place := range places(s.at) {
		text, err := s.get(ctx, place)
		if err == nil {
			m, err = s.parseMetadata(text)
		}
		if err == nil {
			return m, nil
		}
		all = append(all, fmt.Errorf("%s: %w", place, err))
		if ctx.Err() != nil || isDown(err) {
			break
		}
	}
	return metadata{}, errors.Join(all...)
}

// parseMetadata reads the issuer's document and holds it to what we know of the issuer.
func (s *source) parseMetadata(text []byte) (m metadata, err error) {
	if err := json.Unmarshal(text, &m); err != nil {
		return metadata{}, errors.New("is no JSON document of an issuer")
	}
	switch {
	case m.Issuer != s.issuer: // RFC 8414 section 3.3: exactly, or its keys are somebody else's
		return metadata{}, fmt.Errorf("is of the issuer %.200q", m.Issuer)
	case !s.owns(m.Keys):
		return metadata{}, fmt.Errorf("has jwks_uri %.200q, which is not the issuer's", m.Keys)
	case m.Introspection != "" && !s.owns(m.Introspection):
		return metadata{}, fmt.Errorf("has introspection_endpoint %.200q, which is not the issuer's", m.Introspection)
	}
	return m, nil
}

// owns reports whether a URL is of the issuer's own origin, and so https where the issuer is.
// RFC 8414 would let it be anywhere. Threat: whoever can change one document on the issuer's host
// would have us fetch from inside our network, or send our secret to theirs.
func (s *source) owns(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == s.at.Scheme && u.Host == s.at.Host && u.User == nil && u.Fragment == ""
}

// get fetches a document.
func (s *source) get(ctx context.Context, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json, application/jwk-set+json")
	return s.call(r)
}

// errDown is an issuer that cannot be reached: to try its other addresses would only take time.
type errDown struct{ error }

func isDown(err error) bool {
	var down errDown
	return errors.As(err, &down)
}

// call sends a request and returns the body of an answer 200. A longer body, a redirect or
// another status is an error.
func (s *source) call(r *http.Request) ([]byte, error) {
	res, err := s.http.Do(r)
	if err != nil {
		return nil, errDown{err}
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, answerMost+1))
	switch {
	case err != nil:
		return nil, errDown{err}
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("answered %d", res.StatusCode)
	case len(body) > answerMost:
		return nil, fmt.Errorf("answered more than %d bytes", answerMost)
	}
	return body, nil
}
