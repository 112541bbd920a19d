package gatehouse

import (
	"cmp"
	"errors"
	"net/http"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/api"
	"github.com/gatehouse-id/gatehouse/internal/pages"
	"github.com/gatehouse-id/gatehouse/internal/provider"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// faces gathers every route of the house: what it answers, and what it demands. The list is
// testdata/routes.golden.
func (g *Gate) faces() {
	json := &api.API{
		Site: g.site, Forgery: g.guard.Forgery, Flow: g.Flow, Verifier: g.verifier, Restorer: g.restorer,
		Accounts: g.Accounts, Sessions: g.Sessions, Keys: g.Keys, Log: g.Log, Access: g.Access, Clients: g.Clients, Tenants: g.Tenants, Webhooks: g.Webhooks, Ready: g.ready,
		Once: g.guard.Once, Explain: g.Explain, Captcha: g.captcha,
	}
	hosted := &pages.Pages{
		Site: g.site, Forgery: g.guard.Forgery, Flow: g.Flow, Verifier: g.verifier, Restorer: g.restorer,
		Accounts: g.Accounts, Sessions: g.Sessions, Log: g.Log, Product: g.config.Product, Now: g.config.Now,
		Applications: g.applications, Captcha: g.captcha, Contact: g.config.SecurityContact,
	}
	server := &provider.Provider{Site: g.site, Clients: g.Clients, Tokens: g.Tokens, Limits: g.config.Limits, Certificates: g.config.ServiceRoots != nil}
	g.routes = slices.Concat(json.Routes(), hosted.Routes(), server.Routes())
	g.routes = append(g.routes, api.Document(g.site, g.config.Product, g.routes))

	mux := http.NewServeMux()
	busy := &throttle.Crowd{Most: cmp.Or(g.config.Costly, costlyMost)}
	for _, r := range g.routes {
		mux.Handle(r.Pattern, few(busy, r, g.guard.Protect(r.Pattern, r.Rule, r.Handler)))
	}
	g.handler = g.mount(hosted.Wrap(server.Wrap(bounded(answerUnknown(mux)))))
}

// Routes returns every route of the house with its rule.
func (g *Gate) Routes() []guard.Route { return g.routes }

// WellKnown serves the documents that belong at the root of the host when the house is
// mounted below it (RFC 8615). One that tells of an issuer is asked for with the issuer's path
// behind it: /.well-known/oauth-authorization-server/mount (RFC 8414 section 3.1).
func (g *Gate) WellKnown() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner, mount := r.Clone(r.Context()), g.site.Mount()
		name, _ := strings.CutPrefix(r.URL.Path, wellKnown)
		inner.URL.Path = mount + wellKnown + strings.TrimSuffix(name, mount)
		g.handler.ServeHTTP(w, inner)
	})
}

// wellKnown is where such documents stand (RFC 8615 section 3).
const wellKnown = "/.well-known/"

// mount serves next below the path of the public URL.
func (g *Gate) mount(next http.Handler) http.Handler {
	prefix := g.site.Mount()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = g.site.Enter(w, r)
		if g.site.Plain(w, r) || g.site.CrossOrigin(w, r) {
			return
		}
		inner, ok := strings.CutPrefix(r.URL.Path, prefix)
		if !ok || !legible(inner) {
			web.Fail(w, r, identity.ErrNotFound)
			return
		}
		if inner == "" {
			inner = "/" // the public URL as it is written
		}
		if prefix != "" {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = inner, ""
		}
		next.ServeHTTP(w, r)
	})
}

// bounded refuses bodies that no route reads.
func bounded(next http.Handler) http.Handler {
	return web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		if err := web.Bound(w, r); err != nil {
			return err
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// legible reports whether a path could be one of ours. The mux would send an unclean one to
// where it thinks that it belongs, without the mount; what is no text could not be looked up.
func legible(p string) bool {
	clean := path.Clean("/" + p)
	return (p == "" || p == clean || p == clean+"/") && utf8.ValidString(p) && !strings.ContainsRune(p, 0)
}

var errMethod = &identity.Error{Kind: identity.NotAllowed, Code: "METHOD_NOT_ALLOWED", Message: "This method is not allowed here."}

// answerUnknown gives the mux's own refusals the house's body: an unknown path, or a known
// one with another method.
func answerUnknown(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		probe := refusal{}
		h.ServeHTTP(probe, r)
		if allow := http.Header(probe).Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			web.Fail(w, r, errMethod)
			return
		}
		web.Fail(w, r, identity.ErrNotFound)
	})
}

// A refusal takes the header of an answer that nobody is to see.
type refusal http.Header

func (r refusal) Header() http.Header         { return http.Header(r) }
func (r refusal) Write(b []byte) (int, error) { return len(b), nil }
func (r refusal) WriteHeader(int)             {}

var errLeaving = errors.New("shutting down")

func (g *Gate) ready(r *http.Request) map[string]error {
	checks := map[string]error{"database": g.config.DB.Ping(r.Context()), "server": nil}
	if g.leaving.Load() {
		checks["server"] = errLeaving
	}
	if s := g.counting.shared; s != nil {
		checks["redis"] = nil
		if s.Down() {
			checks["redis"] = api.Degraded("this machine counts attempts alone")
		}
	}
	if g.ranges != nil {
		checks["breaches"] = nil
		if g.ranges.State() != nil {
			checks["breaches"] = api.Degraded("passwords are not looked up at the service")
		}
	}
	return checks
}
