package web

import (
	"encoding/base64"
	"mime"
	"net/http"
	"slices"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// TokenHeader and TokenField carry the token against forgery.
const (
	TokenHeader = "X-CSRF-Token"
	TokenField  = "csrf_token"
)

// Unsafe reports whether a request may change something (RFC 9110 section 9.2.1).
func Unsafe(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
}

// A Provenance is where a browser says that a request comes from.
type Provenance uint8

// The provenances. The zero Provenance is refused.
const (
	Foreign Provenance = iota // another site, or unknown
	Ours                      // our own pages, an allowed origin, or no browser at all
	Opaque                    // a browser that does not tell: only a token can decide
)

// ProvenanceOf judges by Fetch Metadata where there is any, by Origin elsewhere. A request
// with neither is not from a browser, and so not forged by a page. Over plain http browsers
// send no metadata, and Referrer-Policy: no-referrer makes our own forms say "null".
func (s *Site) ProvenanceOf(r *http.Request) Provenance {
	origin := r.Header.Get("Origin")
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return Ours
	case "":
		if origin == "" {
			return Ours
		}
		if origin == "null" {
			return Opaque
		}
	}
	if origin == s.Origin() || slices.Contains(s.CORS, origin) {
		return Ours
	}
	return Foreign
}

// CSRFToken returns what a form or a script must send to act as the holder of binding: a
// session's ID or a browser's visit. It says nothing about the binding (CSR-02).
func CSRFToken(key []byte, binding string) string {
	return base64.RawURLEncoding.EncodeToString(secret.MAC(key, []byte("csrf"), []byte(binding)))
}

// SentToken returns the token that came with a request, by header or in a form's field.
func SentToken(w http.ResponseWriter, r *http.Request) string {
	if token := r.Header.Get(TokenHeader); token != "" {
		return token
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return ""
	}
	if Form(w, r) != nil {
		return ""
	}
	return r.PostForm.Get(TokenField)
}

// A Forgery judges whether requests that a browser could be tricked into are ours.
type Forgery struct {
	Site *Site
	Keys CSRFKeys
}

// CSRFKeys has the keys that bind tokens to sessions. Package keyring implements it.
type CSRFKeys interface {
	CSRFSecret() []byte
	CSRFSecrets() [][]byte // the current one and those before that still count
}

// Token returns the token for the session of a request, or without one for its browser.
func (f *Forgery) Token(w http.ResponseWriter, r *http.Request) string {
	return CSRFToken(f.Keys.CSRFSecret(), f.binding(w, r))
}

func (f *Forgery) binding(w http.ResponseWriter, r *http.Request) string {
	if p := identity.FromContext(r.Context()); p != nil && p.Cookie {
		return "session " + string(p.SessionID)
	}
	return "visit " + f.Site.VisitOf(w, r)
}

// Check refuses a forged request with identity.ErrCSRF. Proof is enough where nothing was
// authenticated by a cookie; with a cookie the token must come too (CON-23). A request
// whose credential was a header field cannot be forged (CSR-03).
func (f *Forgery) Check(w http.ResponseWriter, r *http.Request, byCookie bool) error {
	if !Unsafe(r) {
		return nil
	}
	from := f.Site.ProvenanceOf(r)
	if from == Foreign {
		return identity.ErrCSRF
	}
	if from == Ours && !byCookie {
		return nil
	}
	sent, binding := SentToken(w, r), f.binding(w, r)
	for _, key := range f.Keys.CSRFSecrets() {
		if secret.Equal([]byte(sent), []byte(CSRFToken(key, binding))) {
			return nil
		}
	}
	return identity.ErrCSRF
}
