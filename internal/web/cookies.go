package web

import (
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// A Cookie is one of the cookies of the house. This file is the only place that names,
// sets and clears one.
type Cookie uint8

// The cookies of the house.
const (
	Session Cookie = iota // the secret of a session of mode cookie
	Refresh               // a refresh token, sent to the routes below /auth only
	Access                // an access token, in mode cookie-token
	Visit                 // names a browser before anybody signed in
	Hint                  // readable, grants nothing: tells a page that somebody is signed in
	Theme                 // light or dark, chosen by the person
	Login                 // the handle of a sign-in under way on our pages
	Device                // the secret of a remembered device
	Known                 // the mark of a browser that has signed in before: its failures count apart
	App                   // on the host of an application: whose browser it is
)

type attributes struct {
	name     string
	prefix   string // browsers insist on what it promises (RFC 6265bis section 4.1.3)
	sameSite http.SameSite
	path     string // below the mount; "" is "/" of the host
	readable bool
}

// jar has every attribute of every cookie, so that one is cleared exactly as it was set.
var jar = map[Cookie]attributes{
	Session: {name: "session", prefix: "__Host-", sameSite: http.SameSiteLaxMode},
	Refresh: {name: "refresh", prefix: "__Secure-", sameSite: http.SameSiteStrictMode, path: "/auth"},
	Access:  {name: "accessToken", sameSite: http.SameSiteLaxMode},
	Visit:   {name: "visit", prefix: "__Host-", sameSite: http.SameSiteLaxMode},
	Hint:    {name: "gh_hint", sameSite: http.SameSiteLaxMode, readable: true},
	Theme:   {name: "gh_theme", sameSite: http.SameSiteLaxMode},
	Login:   {name: "login", prefix: "__Host-", sameSite: http.SameSiteLaxMode},
	Device:  {name: "device", prefix: "__Host-", sameSite: http.SameSiteLaxMode},
	Known:   {name: "known", prefix: "__Host-", sameSite: http.SameSiteLaxMode},
	App:     {name: "app", prefix: "__Host-", sameSite: http.SameSiteLaxMode},
}

// bake returns the cookie without a value. Over plain http, which is for development on
// loopback only, browsers would refuse Secure and the prefixes.
func (s *Site) bake(c Cookie) *http.Cookie {
	a := jar[c]
	k := &http.Cookie{Name: s.CookieName(c), Path: "/", Secure: s.Secure(), HttpOnly: !a.readable, SameSite: a.sameSite}
	if a.path != "" {
		k.Path = s.Mount() + a.path
	}
	return k
}

// SetCookie gives the browser a cookie for life, or for as long as it runs if life is 0.
func (s *Site) SetCookie(w http.ResponseWriter, c Cookie, value string, life time.Duration) {
	k := s.bake(c)
	k.Value, k.MaxAge = value, int(math.Round(life.Seconds()))
	http.SetCookie(w, k)
}

// ClearCookie takes a cookie away, with the attributes it was set with (SES-26).
func (s *Site) ClearCookie(w http.ResponseWriter, c Cookie) {
	k := s.bake(c)
	k.MaxAge = -1
	http.SetCookie(w, k)
}

// ReadCookie returns the value of a cookie, "" if there is none. Two of one name count as
// none: a sibling host may have planted one.
func (s *Site) ReadCookie(r *http.Request, c Cookie) string {
	if found := r.CookiesNamed(s.CookieName(c)); len(found) == 1 {
		return found[0].Value
	}
	return ""
}

// clearTwice takes away the cookies that stand twice.
func (s *Site) clearTwice(w http.ResponseWriter, r *http.Request) {
	if len(r.Header["Cookie"]) == 0 {
		return
	}
	sent := strings.Join(r.Header["Cookie"], ";")
	for c := range jar {
		if strings.Count(sent, s.CookieName(c)+"=") > 1 && len(r.CookiesNamed(s.CookieName(c))) > 1 {
			s.ClearCookie(w, c)
		}
	}
}

// CookieName returns the name under which a cookie travels.
func (s *Site) CookieName(c Cookie) string {
	if s.Secure() {
		return jar[c].prefix + jar[c].name
	}
	return jar[c].name
}

// SetHint gives a new session its readable mark.
func (s *Site) SetHint(w http.ResponseWriter, life time.Duration) {
	s.SetCookie(w, Hint, secret.New()[:8], life)
}

// ClearAll takes away everything that a sign-in left in the browser.
func (s *Site) ClearAll(w http.ResponseWriter) {
	for _, c := range []Cookie{Session, Refresh, Access, Hint} {
		s.ClearCookie(w, c)
	}
}

// VisitOf returns the secret that names this browser, making one where there is none.
func (s *Site) VisitOf(w http.ResponseWriter, r *http.Request) string {
	if visit := s.ReadCookie(r, Visit); len(visit) == secret.Length {
		return visit
	}
	visit := secret.New()
	s.SetCookie(w, Visit, visit, 0)
	r.AddCookie(&http.Cookie{Name: s.CookieName(Visit), Value: visit}) // for whoever asks again in this request
	return visit
}

// HeaderCredential reports whether a header field is the credential of a request; then no
// cookie is read as one (BUG-45).
func HeaderCredential(r *http.Request) bool {
	return len(r.Header["Authorization"]) > 0 || len(r.Header["X-Api-Key"]) > 0
}

// Deliberate reports whether a request carries a credential that no browser sends by itself, and
// no page can have sent from another site: an API key, a bearer token (CSR-03).
func Deliberate(r *http.Request) bool {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return len(r.Header["X-Api-Key"]) > 0 || strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "DPoP")
}
