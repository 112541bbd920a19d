// Package pages is the hosted face of the house: signing in and up, verification, the
// account of whoever is signed in, and errors that people read.
//
// It owns what browsers show: templates, style, words and the addresses of pages. It calls
// the nouns and verbs that the JSON face calls and knows no rule of its own. Pages work
// without scripts. Their mark-up is the HTML standard's, their accessibility WCAG 2.2 AA,
// the language of a reader is found by RFC 9110 section 12.5.4, or by ui_locales of OpenID
// Connect Core section 3.1.2.1.
package pages

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/captcha"
	"github.com/gatehouse-id/gatehouse/internal/recovery"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/scheme/application"
	"github.com/gatehouse-id/gatehouse/session"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// Pages has the hosted pages. All fields are required but Captcha and Contact.
type Pages struct {
	Site         *web.Site
	Forgery      *web.Forgery
	Flow         *authn.Flow
	Verifier     *recovery.Verifier
	Restorer     *recovery.Restorer
	Accounts     *account.Store
	Sessions     *session.Store
	Log          *audit.Log
	Product      string
	Now          func() time.Time
	Applications *application.Scheme
	Contact      string          // where to report a flaw; "" tells nobody
	Captcha      captcha.Captcha // nil: none
}

// A page is one address. What was sent to it and not accepted is answered by the page
// itself, which then knows why; so a page has one way to look, whoever found the fault.
type page struct {
	path   string
	rule   guard.Rule
	show   func(w http.ResponseWriter, r *http.Request, why *identity.Error) error // why is nil for GET
	submit func(w http.ResponseWriter, r *http.Request) error                      // nil: nothing can be sent
	limit  throttle.Name                                                           // of submit; "": none of its own
	reason string                                                                  // why a fresh proof is asked for, by its words
}

var (
	public = guard.Rule{Public: true}
	mine   = guard.Rule{}
)

func (p *Pages) pages() []page {
	return slices.Concat(p.proofPages(), p.letterPages(), p.securityPages(), p.keyPages(), p.applicationPages(), []page{
		{path: "/{$}", rule: public, show: p.root},
		{path: "/login", rule: public, show: p.login, submit: p.signIn, limit: throttle.SignIns},
		{path: "/signup", rule: public, show: p.signup, submit: p.register, limit: throttle.Registrations},
		{path: "/signup/sent", rule: public, show: p.sent},
		{path: "/signup/done", rule: public, show: p.settled("created")},
		{path: "/verify-email", rule: public, show: p.verify, submit: p.proveAddress, limit: throttle.Links},
		{path: "/verify-email/resend", rule: public, show: p.askAgain, submit: p.resend, limit: throttle.MailAddress},
		{path: "/verify-email/done", rule: public, show: p.settled("verified")},
		{path: "/setup", rule: public, show: p.setup, submit: p.makeAdministrator, limit: throttle.Links},
		{path: "/setup/done", rule: public, show: p.settled("setupDone")},
		{path: "/logout", rule: public, show: p.leaving, submit: p.signOut},
		{path: "/logged-out", rule: public, show: p.left},
		{path: "/account", rule: mine, show: p.profile, submit: p.rename},
		{path: "/account/appearance", rule: mine, show: p.profile, submit: p.dress},
		{path: "/account/password", rule: mine, show: p.password, submit: p.changePassword},
		{path: "/account/devices", rule: mine, show: p.devices, submit: p.endSession},
		{path: "/account/activity", rule: mine, show: p.activity},
	})
}

// proofPages are those of a sign-in and a step-up.
func (p *Pages) proofPages() []page {
	return []page{
		{path: "/login/passkey", rule: public, show: p.login, submit: p.signInByPasskey, limit: throttle.SignIns},
		{path: mfaPath, rule: public, show: p.mfa, submit: p.prove, limit: throttle.SignIns},
		{path: "/login/link", rule: public, show: p.byMail, submit: p.sendLink, limit: throttle.MailAddress},
		{path: "/login/link/sent", rule: public, show: p.linkSent},
		{path: "/login/link/finish", rule: public, show: p.follow, submit: p.arrive},
		{path: "/auth/verify", rule: public, show: p.follow},
		{path: enrollPath, rule: public, show: p.mustEnroll, submit: p.enrollFirst},
		{path: stepUpPath, rule: mine, show: p.again, submit: p.proveAgain},
	}
}

// Routes returns every page.
func (p *Pages) Routes() []guard.Route {
	routes := []guard.Route{
		{Pattern: "GET /static/{hash}/{file}", Rule: guard.Rule{Public: true, Anonymous: true}, Handler: web.Handler(asset)},
		{Pattern: "GET /.well-known/security.txt", Rule: guard.Rule{Public: true, Anonymous: true}, Handler: web.Handler(p.securityText)},
		{Pattern: "GET /.well-known/change-password", Rule: public, Handler: web.Handler(p.wellKnownChange)},
		{Pattern: "GET /.well-known/passkey-endpoints", Rule: guard.Rule{Public: true, Anonymous: true}, Handler: web.Handler(p.passkeyEndpoints)},
		{Pattern: "GET /.well-known/webauthn", Rule: guard.Rule{Public: true, Anonymous: true}, Handler: web.Handler(p.relatedOrigins)},
	}
	for _, at := range p.pages() {
		routes = append(routes, guard.Route{Pattern: "GET " + at.path, Rule: at.rule, Handler: web.Handler(at.get)})
		if at.submit != nil {
			rule := at.rule
			if at.limit != "" {
				rule.Limit = p.Flow.Limiter.Rate(at.limit)
			}
			routes = append(routes, guard.Route{Pattern: "POST " + at.path, Rule: rule, Handler: web.Handler(at.post)})
		}
	}
	return routes
}

func (at page) get(w http.ResponseWriter, r *http.Request) error { return at.show(w, r, nil) }

func (at page) post(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	return at.submit(w, r)
}

// programs are the paths whose errors are for programs, whatever they accept.
var programs = []string{"/auth/", "/admin/api/", "/.well-known/", "/oauth/", "/openapi.json", "/healthz", "/readyz", "/metrics"}

// Wrap answers the errors of next in HTML where a person reads them: on pages, and where a
// browser asks for what does not exist.
func (p *Pages) Wrap(next http.Handler) http.Handler {
	at := map[string]page{}
	for _, a := range p.pages() {
		at[strings.TrimSuffix(a.path, "{$}")] = a
	}
	legible := web.WithFailure(func(w http.ResponseWriter, r *http.Request, e *identity.Error) {
		p.fail(w, r, at[r.URL.Path], e)
	}, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A page of which only the look is ours shares its path with a program.
		if a, ours := at[r.URL.Path]; ours && (a.submit != nil || !web.Unsafe(r)) || asksForPage(r) {
			legible.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func asksForPage(r *http.Request) bool {
	for _, prefix := range programs {
		if strings.HasPrefix(r.URL.Path, prefix) {
			return false
		}
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

func (p *Pages) root(w http.ResponseWriter, r *http.Request, _ *identity.Error) error {
	if identity.FromContext(r.Context()) == nil {
		return p.see(w, r, "/login")
	}
	return p.see(w, r, "/account")
}

// wellKnownChange leads password managers to the page that changes a password (W3C, A
// well-known URL for changing passwords, section 2.1).
func (p *Pages) wellKnownChange(w http.ResponseWriter, r *http.Request) error {
	return p.see(w, r, "/account/password")
}

// securityText tells where to report a flaw (RFC 9116). It is made anew with each request, so that it
// never runs out: what it says is what is configured now.
func (p *Pages) securityText(w http.ResponseWriter, _ *http.Request) error {
	if p.Contact == "" {
		return identity.ErrNotFound
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=86400")
	_, _ = fmt.Fprintf(w, "Contact: %s\nExpires: %s\nPreferred-Languages: en\nCanonical: %s\n",
		p.Contact, p.Now().UTC().AddDate(0, 0, 90).Format(time.RFC3339), p.Site.Origin()+"/.well-known/security.txt")
	return nil // the client is gone, or has it
}

// see sends the browser to another page of ours by GET (RFC 9110 section 15.4.4).
func (p *Pages) see(w http.ResponseWriter, r *http.Request, path string) error {
	return leave(w, p.link(path, p.chosen(r)))
}

func leave(w http.ResponseWriter, location string) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", location) // http.Redirect would rewrite the path
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
