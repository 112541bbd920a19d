// Package web is how the house speaks HTTP.
//
// It owns what all routes share: where a request comes from, the header fields of every
// answer, strict decoding, the one body of errors, cookies, CORS, and the proof that a
// request is not forged. It does not know what any route does, nor who is signed in. HTTP
// is RFC 9110, cookies RFC 6265bis, CORS and Fetch Metadata the WHATWG and W3C texts.
package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A Handler is an http.Handler that may return an error instead of answering.
type Handler func(w http.ResponseWriter, r *http.Request) error

// ServeHTTP implements http.Handler.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		Fail(w, r, err)
	}
}

// A Site is what the house knows of its own place on the web.
type Site struct {
	Public  *url.URL       // the public URL; its path is where the house is mounted
	CORS    []string       // origins that may call with credentials, exactly
	Proxies []netip.Prefix // whose Forwarded field is believed
	// Forwarded is the field in which they say for whom they ask: XForwardedFor, which is "" too, or
	// Forwarded. The other one is not read.
	Forwarded string
	// Preload lets HSTS say that browsers may have the host built in, which is hard to undo.
	Preload bool
	// Applications are the origins of applications on other hosts, for which proxies ask who calls.
	Applications []string
	Now          func() time.Time
	Log          *slog.Logger
}

// Loopback reports whether a host is this machine.
func Loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// Secure reports whether the public URL is https, and so whether cookies are Secure.
func (s *Site) Secure() bool { return s.Public.Scheme == "https" }

// Origin returns scheme and host of the public URL, as browsers write it.
func (s *Site) Origin() string { return s.Public.Scheme + "://" + s.Public.Host }

// Mount returns the path of the public URL without a slash at its end: "" at the root.
func (s *Site) Mount() string { return strings.TrimSuffix(s.Public.Path, "/") }

// URL returns the absolute form of a path of ours. Links are built from the configured URL
// only, never from what a request says of its host (BUG-40).
func (s *Site) URL(path string) string { return s.Origin() + s.Mount() + path }

type siteKey struct{}

// Enter prepares a request: its origin is put into the context, and the header fields of
// every answer are set. A request that was prepared already is returned as it is.
func (s *Site) Enter(w http.ResponseWriter, r *http.Request) *http.Request {
	if r.Context().Value(siteKey{}) != nil {
		return r
	}
	id := identity.NewID[identity.RequestID]("req", s.Now())
	agent := r.UserAgent()
	agent = strings.ToValidUTF8(agent[:min(len(agent), 256)], "") // what PostgreSQL takes for text
	ctx := identity.WithOrigin(r.Context(), &identity.Origin{RequestID: id, IP: s.client(r), UserAgent: agent})
	s.headers(w.Header(), string(id))
	s.clearTwice(w, r)
	return r.WithContext(context.WithValue(ctx, siteKey{}, s))
}

// Application returns the origin of the application on another host for which a trusted proxy
// sends the request, as one of those that are configured; "" where it is for none of them.
func (s *Site) Application(r *http.Request) string {
	host := r.Header["X-Forwarded-Host"]
	if len(host) != 1 || !s.Believes(r) {
		return ""
	}
	for _, origin := range s.Applications {
		if _, name, _ := strings.Cut(origin, "://"); strings.EqualFold(name, host[0]) {
			return origin
		}
	}
	return ""
}

var status = map[identity.Kind]int{
	identity.Internal:        http.StatusInternalServerError,
	identity.Invalid:         http.StatusBadRequest,
	identity.Unauthenticated: http.StatusUnauthorized,
	identity.Forbidden:       http.StatusForbidden,
	identity.NotFound:        http.StatusNotFound,
	identity.Conflict:        http.StatusConflict,
	identity.TooMany:         http.StatusTooManyRequests,
	identity.Unavailable:     http.StatusServiceUnavailable,
	identity.NotAllowed:      http.StatusMethodNotAllowed,
	identity.TooLarge:        http.StatusRequestEntityTooLarge,
	identity.Unsupported:     http.StatusUnsupportedMediaType,
}

// Status returns the HTTP status of an error.
func Status(err error) int { return status[identity.KindOf(err)] }

// Problem is the body of every answer that is an error.
type Problem struct {
	Error      string            `json:"error"`
	Code       string            `json:"code"`
	RequestID  string            `json:"requestId"`
	Fields     map[string]string `json:"fields,omitempty"`
	RetryAfter int               `json:"retryAfter,omitempty"` // seconds

	// Of MFA_ENROLLMENT_REQUIRED: the sign-in that goes on once one of the methods is set up.
	Login     string              `json:"login,omitempty"`
	Enroll    []identity.MethodID `json:"enroll,omitempty"`
	ExpiresIn int                 `json:"expiresIn,omitempty"` // seconds
}

var errInternal = &identity.Error{Code: "INTERNAL", Message: "Internal server error"}

type failureKey struct{}

// WithFailure serves h so that its errors are answered by fail: pages answer in HTML.
func WithFailure(fail func(http.ResponseWriter, *http.Request, *identity.Error), h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), failureKey{}, fail)))
	})
}

// Fail answers with err. What is no *identity.Error is logged and answered as INTERNAL; the
// client never sees a cause (MWS-05).
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	e := face(r, err)
	h := w.Header()
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(seconds(e.RetryAfter)))
	}
	if e.Kind == identity.Unauthenticated {
		h.Set("WWW-Authenticate", Challenge(e))
		if e.Challenges != nil {
			h["Www-Authenticate"] = e.Challenges
		}
	}
	h.Set("Cache-Control", "no-store")
	if fail, ok := r.Context().Value(failureKey{}).(func(http.ResponseWriter, *http.Request, *identity.Error)); ok {
		fail(w, r, e)
		return
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(status[e.Kind])
	p := Problem{
		Error: e.Message, Code: e.Code, RequestID: string(identity.OriginOf(r.Context()).RequestID),
		Fields: e.Fields, RetryAfter: seconds(e.RetryAfter),
	}
	if e.Onward != nil {
		p.Login, p.Enroll, p.ExpiresIn = e.Onward.Login, e.Onward.Enroll, seconds(e.Onward.ExpiresIn)
	}
	_ = json.NewEncoder(w).Encode(p) // the client is gone, or has it
}

// face turns any error into one that may be shown.
func face(r *http.Request, err error) *identity.Error {
	var e *identity.Error
	if errors.As(err, &e) && e.Code != "" && e.Kind != identity.Internal {
		return e
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return identity.ErrUnavailable.In(time.Second)
	}
	if s, ok := r.Context().Value(siteKey{}).(*Site); ok && s.Log != nil {
		s.Log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path,
			"requestId", identity.OriginOf(r.Context()).RequestID, "err", err)
	}
	return errInternal
}

// seconds rounds up: a client that waits so long is not refused again.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// Challenge is the WWW-Authenticate field of a 401 by the house's own scheme (RFC 6750 section 3,
// RFC 9470).
func Challenge(e *identity.Error) string {
	switch e.Code {
	case identity.ErrNoCredentials.Code, identity.ErrRejected.Code:
		return `Bearer realm="gatehouse"`
	case identity.ErrStale.Code:
		text := `Bearer realm="gatehouse", error="insufficient_user_authentication", error_description="` + e.Message + `"`
		if e.ACR != "" {
			text += `, acr_values="` + e.ACR + `"`
		}
		if e.MaxAge != 0 {
			text += `, max_age=` + strconv.Itoa(seconds(e.MaxAge))
		}
		return text
	default:
		return `Bearer realm="gatehouse", error="invalid_token", error_description="` + e.Message + `"`
	}
}

// JSON answers with v. Every answer of ours may carry what belongs to one person, so none
// is stored unless its route says otherwise before.
func JSON(w http.ResponseWriter, code int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n')) // the client is gone, or has it
	return nil
}
