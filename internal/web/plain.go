package web

import (
	"net/http"
	"strings"

	"github.com/gatehouse-id/gatehouse/identity"
)

// errPlain is a request that carried something in clear which must not travel so.
var errPlain = identity.ErrInvalid.With("scheme", "only https is served; whatever this request carried has been read on its way: change it if it was a secret")

// Plain answers a request that came by plain http to a house of https, and reports whether it did: a
// trusted proxy says so, and nobody else is believed. What only reads is sent to the public URL,
// never to the host that the request names (HDR-10, BUG-40). What carries a body is refused: a
// browser would send it again in silence, and nobody would learn that it is sent in clear (GEN-13).
func (s *Site) Plain(w http.ResponseWriter, r *http.Request) (answered bool) {
	if !s.Secure() || r.TLS != nil || !s.Believes(r) {
		return false
	}
	proto := r.Header["X-Forwarded-Proto"]
	if len(proto) != 1 || !strings.EqualFold(strings.TrimSpace(proto[0]), "http") {
		return false
	}
	s.redirect(w, r)
	return true
}

// Redirect is what a listener for plain http serves before a house that ends TLS itself.
func (s *Site) Redirect() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.redirect(w, s.Enter(w, r)) })
}

// Beside serves what operators read on a listener of its own, in clear: with the header fields of
// every answer but HSTS.
func (s *Site) Beside(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = s.Enter(w, r)
		w.Header().Del("Strict-Transport-Security")
		next.ServeHTTP(w, r)
	})
}

func (s *Site) redirect(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Del("Strict-Transport-Security") // RFC 6797 section 7.2: never in clear
	h.Set("Connection", "close")
	target := r.URL.RequestURI()
	switch {
	case Unsafe(r):
		Fail(w, r, errPlain)
		return
	case !strings.HasPrefix(target, "/"): // OPTIONS *, and what is no path would become part of the host
		Fail(w, r, identity.ErrNotFound)
		return
	}
	h.Set("Location", s.Origin()+target)
	w.WriteHeader(http.StatusMovedPermanently)
}
