package pages

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/scheme/application"
)

// applicationPages hand a sign-in to the host of an application; nobody sees them. The first and the
// last are reached through the application's proxy, as /.gatehouse/begin and /.gatehouse/callback.
func (p *Pages) applicationPages() []page {
	return []page{
		{path: "/application/begin", rule: public, show: p.beginApplication},
		{path: "/application/allow", rule: mine, show: p.allowApplication},
		{path: "/application/callback", rule: public, show: p.openApplication},
	}
}

// destinationThere is the path in the application to go to.
func destinationThere(r *http.Request) string {
	if to, ok := ReturnTo(r.URL.Query().Get("to")); ok {
		return to
	}
	return "/"
}

// beginApplication names this browser on the application's host, so that nobody else's code is taken
// for what it asked for.
func (p *Pages) beginApplication(w http.ResponseWriter, r *http.Request, _ *identity.Error) error {
	origin := p.Site.Application(r)
	if origin == "" {
		return identity.ErrNotFound
	}
	state := base64.RawURLEncoding.EncodeToString(secret.Hash(p.Site.VisitOf(w, r)))
	query := url.Values{"origin": {origin}, "to": {destinationThere(r)}, "state": {state}}
	return leave(w, p.Site.URL("/application/allow")+"?"+query.Encode())
}

// allowApplication hands the sign-in to an application that the operator has listed. Without a state
// it leads to where one is made: somebody comes back from a step-up.
func (p *Pages) allowApplication(w http.ResponseWriter, r *http.Request, _ *identity.Error) error {
	query, me := r.URL.Query(), holder(r)
	origin := query.Get("origin")
	visit, err := base64.RawURLEncoding.DecodeString(query.Get("state"))
	if me == nil || !slices.Contains(p.Site.Applications, origin) || err != nil {
		return identity.ErrInvalidLink
	}
	if len(visit) == 0 {
		return leave(w, application.Begin(origin, destinationThere(r)))
	}
	code, err := p.Applications.Offer(r.Context(), me, origin, visit)
	if err != nil {
		return err
	}
	return leave(w, origin+"/.gatehouse/callback?"+url.Values{"code": {code}, "to": {destinationThere(r)}}.Encode())
}

func (p *Pages) openApplication(w http.ResponseWriter, r *http.Request, _ *identity.Error) error {
	token, v, err := p.Applications.Take(r.Context(), r.URL.Query().Get("code"), p.Site.Application(r), p.Site.ReadCookie(r, web.Visit))
	if err != nil {
		return err
	}
	var keep time.Duration
	if v.Persistent {
		keep = v.ExpiresAt.Sub(p.Now())
	}
	p.Site.SetCookie(w, web.App, token, keep)
	return leave(w, destinationThere(r))
}
