package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// A Surface is what kind of answer it is: each has its own header fields, all from one table.
type Surface uint8

// The surfaces. The zero Surface is for programs: JSON, and everything that is not another's.
const (
	Programs  Surface = iota
	Pages             // read by people: markup with our own scripts and styles
	Documents         // the same for everybody, and for pages of other origins to read: keys, metadata
	Plain             // markup without a script: what a development server and the operators' listener show
	surfaces
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
}

const (
	// inert is the Content-Security-Policy of what is no page: if a browser is made to show it, it
	// loads and runs nothing.
	inert = "default-src 'none'; frame-ancestors 'none'"
	// PagePolicy is the one of pages: nothing inline, nothing from elsewhere, no script can write markup
	// (XSS-01, BUG-44).
	PagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	styled = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// differs is what a surface has other than always.
var differs = [surfaces]http.Header{
	Programs:  {"Content-Security-Policy": {inert}},
	Pages:     {"Content-Security-Policy": {PagePolicy}, "Cache-Control": {"no-store"}},
	Documents: {"Content-Security-Policy": {inert}, "Cross-Origin-Resource-Policy": {"cross-origin"}},
	Plain:     {"Content-Security-Policy": {styled}, "Cache-Control": {"no-store"}},
}

// Show gives an answer the header fields of its surface.
func (s *Site) Show(h http.Header, on Surface) {
	maps.Copy(h, differs[on])
	if on == Pages && len(s.Applications)+len(s.CORS) > 0 {
		// Browsers hold the policy of a form against the redirects that follow it, and a sign-in leads to
		// the applications on other hosts and origins.
		to := strings.Join(slices.Concat([]string{"form-action 'self'"}, s.Applications, s.CORS), " ")
		h.Set("Content-Security-Policy", strings.Replace(PagePolicy, "form-action 'self'", to, 1))
	}
}

// hsts is a year (CON-14).
const hsts = "max-age=31536000; includeSubDomains"

func (s *Site) headers(h http.Header, requestID string) {
	maps.Copy(h, always) // the values are replaced where an answer needs others, never changed
	s.Show(h, Programs)
	if s.Secure() {
		h.Set("Strict-Transport-Security", hsts)
		if s.Preload {
			h.Set("Strict-Transport-Security", hsts+"; preload")
		}
	}
	h.Set("X-Request-Id", requestID)
}

// Published lets other origins read the answer: it is public by purpose (JWKS, discovery).
func Published(h http.Header) { maps.Copy(h, differs[Documents]) }

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
