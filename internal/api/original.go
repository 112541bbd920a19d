package api

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/scheme/application"
)

// An original is the request that a proxy asks about, as far as it tells: nginx as its
// configuration says (X-Original-*), Traefik and Caddy by themselves (X-Forwarded-*).
type original struct {
	unsafe bool   // it may change something, or opens a channel by which that can be done
	page   bool   // a browser is to show what comes back
	host   string // "" is that of the public URL
	origin string // of the application on another host that it is for; "" is none that we know
	uri    string // path and query; "" where nobody whom we believe says
}

// original reads what the proxy tells. Where the request was to go is believed of trusted proxies
// only. Its method may be told by anybody: a method can only make the check stricter.
func (a *API) original(r *http.Request) original {
	o := original{unsafe: r.Header.Get("Sec-WebSocket-Key") != ""}
	for _, name := range []string{"X-Original-Method", "X-Forwarded-Method"} {
		for _, method := range r.Header.Values(name) {
			o.unsafe = o.unsafe || web.Unsafe(&http.Request{Method: method})
		}
	}
	mode := r.Header.Get("Sec-Fetch-Mode")
	o.page = !o.unsafe && (mode == "navigate" || mode == "" && strings.Contains(r.Header.Get("Accept"), "text/html"))
	if a.Site.Believes(r) {
		o.host, o.origin = r.Header.Get("X-Forwarded-Host"), a.Site.Application(r)
		o.uri = cmp.Or(r.Header.Get("X-Original-URI"), r.Header.Get("X-Forwarded-Uri"))
	}
	return o
}

// turnAway answers a refusal so that every proxy understands it: nginx knows 401 and 403 and takes
// everything else for a failure. That somebody is in no such organization is 403 here, for it is
// the operator who names one.
//
// A person gets the address where what is missing can be proved; whoever came with a credential in
// a header field is a program, which a page would not help.
func (a *API) turnAway(w http.ResponseWriter, r *http.Request, e *identity.Error, q checkQuery, about original) {
	if e.Kind == identity.NotFound {
		e = identity.ErrForbidden
	}
	door := ""
	if e.Kind == identity.Unauthenticated && about.page && !web.HeaderCredential(r) {
		door = a.door(e, about)
	}
	switch {
	case door == "":
	case q.Redirect != "":
		w.Header().Del("WWW-Authenticate") // it belongs to the 401 that this is not
		w.Header().Set("Location", door)
		w.WriteHeader(http.StatusSeeOther)
		return
	default:
		w.Header().Set("X-Auth-Sign-In", door)
	}
	web.Fail(w, r, e)
}

// door is where a person goes who is to sign in, or to prove again that it is them: a sign-in page
// would send whoever is signed in straight back. "" for an application on a host that we do not
// know, for which nobody can sign in.
func (a *API) door(e *identity.Error, about original) string {
	stale, back := e.Code == identity.ErrStale.Code, about.uri
	switch {
	case about.origin != "" && !stale:
		return application.Begin(about.origin, back)
	case about.origin != "":
		back = a.Site.Mount() + application.Return(about.origin, back)
	case about.host != "" && !strings.EqualFold(about.host, a.Site.Public.Host):
		return ""
	}
	page := "/login"
	if stale {
		page = "/step-up"
	}
	if back == "" {
		return a.Site.URL(page)
	}
	return a.Site.URL(page) + "?returnTo=" + url.QueryEscape(back)
}

// ours reports whether a page of the house or of the application sent the request, or no browser.
func (a *API) ours(r *http.Request) bool {
	if a.Site.ProvenanceOf(r) == web.Ours {
		return true
	}
	origin := a.Site.Application(r)
	return origin != "" && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == origin
}
