package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// always are the header fields of every answer (HDR-01, HDR-04..09).
var always = http.Header{
	"X-Content-Type-Options":            {"nosniff"},
	"Referrer-Policy":                   {"no-referrer"},
	"X-Frame-Options":                   {"DENY"},
	"X-Xss-Protection":                  {"0"},
	"Cross-Origin-Opener-Policy":        {"same-origin"},
	"Cross-Origin-Resource-Policy":      {"same-origin"},
	"Origin-Agent-Cluster":              {"?1"},
	"X-Dns-Prefetch-Control":            {"off"},
	"X-Permitted-Cross-Domain-Policies": {"none"},
	"X-Download-Options":                {"noopen"},
	"Permissions-Policy": {"publickey-credentials-get=(self), publickey-credentials-create=(self), otp-credentials=(self), " +
		"camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
	"Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"},
}

// PagePolicy is the Content-Security-Policy of pages: nothing inline, nothing from
// elsewhere, no script can write markup (XSS-01, BUG-44).
const PagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// PagePolicy is PagePolicy with the applications on other hosts, to which a sign-in leads: browsers
// hold the policy of a form against the redirects that follow it.
func (s *Site) PagePolicy() string {
	return strings.Replace(PagePolicy, "form-action 'self'", strings.Join(append([]string{"form-action 'self'"}, s.Applications...), " "), 1)
}

// hsts is a year (CON-14). Preloading is hard to undo and so a choice of the operator.
const hsts = "max-age=31536000; includeSubDomains"

func (s *Site) headers(h http.Header, requestID string) {
	maps.Copy(h, always) // the values are replaced where an answer needs others, never changed
	if s.Secure() {
		h.Set("Strict-Transport-Security", hsts)
	}
	h.Set("X-Request-Id", requestID)
}

// Published lets other origins read the answer: it is public by purpose (JWKS, discovery).
func Published(h http.Header) { h.Set("Cross-Origin-Resource-Policy", "cross-origin") }

// CrossOrigin answers what browsers ask before they let another origin in, for exactly the
// configured origins (HDR-13, HDR-14). It reports whether the request was such a question
// and is answered.
func (s *Site) CrossOrigin(w http.ResponseWriter, r *http.Request) (answered bool) {
	origin := r.Header.Get("Origin")
	h := w.Header()
	if len(s.CORS) > 0 && !slices.Contains(h["Vary"], "Origin") {
		h.Add("Vary", "Origin")
	}
	if origin == "" || !slices.Contains(s.CORS, origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization, X-CSRF-Token, DPoP")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}
