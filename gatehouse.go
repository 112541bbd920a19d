// Package gatehouse is the front door: it assembles the house from a Config and gives an
// embedding program one Handler to mount, one Protect for its own routes, and the nouns to
// call.
//
// It owns the roster of methods and schemes and the life of the workers. It knows no rule
// of its own.
//
//	db, err := sqlite.Open("app.db")
//	gate, err := gatehouse.New(ctx, gatehouse.Config{DB: db, MasterKey: key, Mailer: smtp, PublicURL: "https://app.example.com"})
//	mux.Handle("/", gate.Handler())
//	mux.Handle("DELETE /posts/{id}", gate.Protect(guard.Rule{Permission: "posts:delete", Owner: author}, deletePost))
package gatehouse

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/gatehouse-id/gatehouse/access"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/apikey"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/client"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/captcha"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/outbound"
	"github.com/gatehouse-id/gatehouse/internal/password"
	"github.com/gatehouse-id/gatehouse/internal/recovery"
	"github.com/gatehouse-id/gatehouse/internal/risk"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/schema"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/keyring"
	"github.com/gatehouse-id/gatehouse/method/backupcode"
	"github.com/gatehouse-id/gatehouse/method/emailcode"
	"github.com/gatehouse-id/gatehouse/method/magiclink"
	"github.com/gatehouse-id/gatehouse/method/passkey"
	passwordmethod "github.com/gatehouse-id/gatehouse/method/password"
	"github.com/gatehouse-id/gatehouse/method/totp"
	"github.com/gatehouse-id/gatehouse/policy"
	apikeyscheme "github.com/gatehouse-id/gatehouse/scheme/apikey"
	"github.com/gatehouse-id/gatehouse/scheme/application"
	"github.com/gatehouse-id/gatehouse/scheme/basic"
	"github.com/gatehouse-id/gatehouse/scheme/bearer"
	"github.com/gatehouse-id/gatehouse/scheme/cookie"
	"github.com/gatehouse-id/gatehouse/scheme/mtls"
	"github.com/gatehouse-id/gatehouse/session"
	"github.com/gatehouse-id/gatehouse/tenant"
	"github.com/gatehouse-id/gatehouse/throttle"
	"github.com/gatehouse-id/gatehouse/token"
	"github.com/gatehouse-id/gatehouse/webhook"
)

// A Gate is an assembled house. Its nouns may be called from anywhere in the program.
type Gate struct {
	Accounts *account.Store
	Sessions *session.Store
	Tokens   *token.Store
	Keys     *keyring.Ring
	Log      *audit.Log
	Access   *access.Store // the policy in force, and roles in organizations
	Tenants  *tenant.Store // organizations
	Clients  *client.Store // services that act for themselves
	APIKeys  *apikey.Store // keys of users, for their programs
	Webhooks *webhook.Store
	Flow     *authn.Flow // signing in, renewing, ending

	config       Config
	site         *web.Site
	guard        *guard.Guard
	verifier     *recovery.Verifier
	restorer     *recovery.Restorer
	risk         *risk.Assessor // nil: nobody judges
	applications *application.Scheme
	hasher       *password.Hasher
	captcha      captcha.Captcha // nil: none
	outbox       *notify.Outbox
	ranges       *outbound.Ranges // nil: no service is asked for breached passwords
	counting     *counting
	routes       []guard.Route
	handler      http.Handler
	embedded     atomic.Int64 // routes of the embedding program

	leaving atomic.Bool
	stop    context.CancelFunc
	workers sync.WaitGroup
	closing sync.Once
}

// New assembles a house: it brings the tables up to date, makes or loads the keys, and
// starts the workers that send mail, seal the log, rotate keys and clean up. Close ends
// them.
func New(ctx context.Context, c Config) (*Gate, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	if err := c.DB.Ping(ctx); err != nil { // and whether it keeps what it promises
		return nil, err
	}
	if err := c.DB.Migrate(ctx, schema.Files); err != nil {
		return nil, err
	}
	g := &Gate{config: c, site: c.site()}
	g.nouns()
	if err := g.Keys.Open(ctx); err != nil {
		return nil, err
	}
	if err := g.Access.Open(ctx); err != nil {
		return nil, err
	}
	if err := g.checkProofs(); err != nil {
		return nil, err
	}
	if err := g.weighTokens(ctx); err != nil {
		return nil, err
	}
	if err := g.verbs(); err != nil {
		return nil, err
	}
	if err := g.judge(); err != nil {
		return nil, fmt.Errorf("gatehouse: Config.Risk: %w", err)
	}
	if err := distinct(g.Flow.Methods); err != nil {
		return nil, err
	}
	if err := g.Flow.Passwords.Survey(ctx); err != nil {
		return nil, err
	}
	g.faces()
	g.stop = func() {}
	if !c.Idle {
		g.work()
	}
	return g, nil
}

// checkProofs refuses proofs that are demanded of a role that there is not: of whoever has one
// whose name was misspelt nothing would be demanded.
func (g *Gate) checkProofs() error {
	for _, role := range slices.Sorted(maps.Keys(g.config.Proofs.Roles)) {
		if g.Access.Policy().Known([]string{role}, false) != nil {
			return fmt.Errorf("gatehouse: Config.Proofs: role %q is not configured", role)
		}
	}
	return nil
}

func (g *Gate) nouns() {
	c := g.config
	g.Log = &audit.Log{DB: c.DB, Now: c.Now}
	g.Keys = &keyring.Ring{DB: c.DB, Log: g.Log, Now: c.Now, Master: c.MasterKey, Algorithm: c.Algorithm}
	g.Log.Sign, g.Log.Authentic = g.Keys.SignHead, g.Keys.AuthenticHead
	g.Accounts = &account.Store{DB: c.DB, Log: g.Log, Now: c.Now}
	g.Sessions = &session.Store{DB: c.DB, Log: g.Log, Now: c.Now}
	g.Tokens = &token.Store{DB: c.DB, Log: g.Log, Now: c.Now, Keys: g.Keys, Issuer: c.PublicURL, Lifetime: c.AccessTokenLife}
	g.Access = &access.Store{DB: c.DB, Log: g.Log, Now: c.Now, Base: c.Policy, Outdate: g.Accounts.Outdate, Logger: c.Logger}
	g.Access.Kept = slices.Sorted(maps.Keys(c.Proofs.Roles))
	g.Tenants = &tenant.Store{DB: c.DB, Log: g.Log, Now: c.Now}
	g.Clients = &client.Store{DB: c.DB, Log: g.Log, Now: c.Now, Allowed: g.allowed}
	g.APIKeys = &apikey.Store{
		DB: c.DB, Log: g.Log, Now: c.Now, Test: c.TestKeys,
		Scoped: func(scopes []string) error { return g.Access.Policy().Scoped(scopes) },
	}
	g.Webhooks = &webhook.Store{DB: c.DB, Log: g.Log, Now: c.Now, Seal: g.Keys.Seal, Open: g.Keys.OpenSealed, Caller: &c.Outbound, Logger: c.Logger}
	g.outbox = &notify.Outbox{DB: c.DB, Now: c.Now, Seal: g.Keys.Seal, Open: g.Keys.OpenSealed, Sender: c.sender(), Log: c.Logger}
	g.hasher = &password.Hasher{Params: c.Passwords.Hash, Parallel: c.Passwords.Parallel}
}

// allowed refuses roles and scopes that the policy in force does not know.
func (g *Gate) allowed(roles, scopes []string) error {
	known := g.Access.Policy()
	if err := known.Known(roles, false); err != nil {
		return err
	}
	return known.Scoped(scopes)
}

func (g *Gate) verbs() error {
	c := g.config
	g.counting = c.counting()
	limiter := &throttle.Limiter{Store: g.counting, Locks: &throttle.Locks{DB: c.DB, Now: c.Now}, Now: c.Now, Limits: c.Limits, Off: c.NoLimits}
	breaches, err := g.breaches()
	if err != nil {
		return err
	}
	passwords := &authn.Passwords{Accounts: g.Accounts, Hasher: g.hasher, Policy: c.passwordPolicy(g.site), Breaches: breaches}
	g.Flow = &authn.Flow{
		DB: c.DB, Accounts: g.Accounts, Sessions: g.Sessions, Tokens: g.Tokens, Limiter: limiter, Log: g.Log,
		Mail: g.outbox, Passwords: passwords, Access: g.Access, Tenants: g.Tenants, APIKeys: g.APIKeys, Webhooks: g.Webhooks, Now: c.Now, Lifetimes: c.Lifetimes,
		Unverified: c.Unverified, Link: g.site.URL, Product: c.Product, Policy: c.Proofs, Seal: g.Keys.Seal, Unseal: g.Keys.OpenSealed,
	}
	if g.captcha = captcha.New(c.Captcha, g.captchaHouse()); g.captcha != nil {
		g.Flow.Captcha = g.captcha
	}
	g.Flow.Methods = append([]authn.Method{
		&passwordmethod.Method{Accounts: g.Accounts, Passwords: passwords, Now: c.Now},
		&totp.Method{Digits: c.TOTP.Digits, Algorithm: c.TOTP.Algorithm, Issuer: c.TOTP.Issuer},
		&backupcode.Method{Cost: c.Passwords.codeCost()},
		&magiclink.Method{},
		&emailcode.Method{},
	}, c.Methods...)
	if host := g.site.Public.Hostname(); passkey.Serves(host) {
		g.Flow.Methods = slices.Insert[[]authn.Method, authn.Method](g.Flow.Methods, 1, &passkey.Method{
			RPID: host, Origins: []string{g.site.Origin()}, RelatedOrigins: c.Passkeys.RelatedOrigins, AAGUIDs: c.Passkeys.AAGUIDs,
		})
	}
	g.Flow.Settle()
	g.verifier = &recovery.Verifier{Accounts: g.Accounts, Flow: g.Flow, Now: c.Now}
	g.restorer = &recovery.Restorer{Accounts: g.Accounts, Flow: g.Flow, Now: c.Now}
	g.applications = &application.Scheme{Site: g.site, Accounts: g.Accounts, Sessions: g.Sessions, Now: c.Now}
	g.guard = &guard.Guard{
		Site: g.site, Forgery: &web.Forgery{Site: g.site, Keys: g.Keys}, Limiter: limiter, Access: g.Access, Log: g.Log, Now: c.Now,
		Assured: g.Flow.Assured, Confirmed: g.Flow.Confirmed,
		Schemes: slices.Concat([]guard.Scheme{
			// The session's cookie first: a sibling host can plant an accessToken cookie, but no
			// cookie with the prefix __Host-.
			&cookie.Scheme{Site: g.site, Sessions: g.Sessions},
			&apikeyscheme.Scheme{Keys: g.APIKeys, Limiter: limiter}, // before bearer, which would take a key for a broken token
			&bearer.Scheme{Site: g.site, Tokens: g.Tokens},
			&basic.Scheme{Site: g.site, Clients: g.Clients, Limiter: limiter, Log: g.Log},
			g.applications,
		}, g.services(), c.Schemes), Posture: c.Posture,
	}
	return nil
}

// captchaHouse is what a CAPTCHA needs of the house. Pages of other origins that may call the API
// may show the widget of a vendor too.
func (g *Gate) captchaHouse() captcha.House {
	c := g.config
	hosts := []string{g.site.Public.Hostname()}
	for _, origin := range c.Origins {
		if u, err := url.Parse(origin); err == nil {
			hosts = append(hosts, u.Hostname())
		}
	}
	return captcha.House{Accounts: g.Accounts, Keys: g.Keys, Solved: g.counting, Caller: &c.Outbound, Hosts: hosts, Now: c.Now, Logger: c.Logger}
}

// services is the scheme of certificates, where there are authorities for them.
func (g *Gate) services() []guard.Scheme {
	if g.config.ServiceRoots == nil {
		return nil
	}
	return []guard.Scheme{&mtls.Scheme{Site: g.site, Clients: g.Clients, Roots: g.config.ServiceRoots, Header: g.config.ServiceHeader, Now: g.config.Now}}
}

// Protect returns h behind a rule: the routes of the embedding program are guarded like the
// house's own.
func (g *Gate) Protect(rule guard.Rule, h http.Handler) http.Handler {
	return g.guard.Protect(g.embed(), rule, h)
}

// embed names one more route of the embedding program.
func (g *Gate) embed() string { return "embedded " + strconv.FormatInt(g.embedded.Add(1), 10) }

// Can reports whether the caller of a request may do something on any resource. It is for
// code that is no handler; routes say it in their Rule.
func (g *Gate) Can(ctx context.Context, want policy.Permission) bool {
	p := identity.FromContext(ctx)
	d := g.Access.Authorize(ctx, policy.Request{Principal: p, Permission: want, Context: policy.Context{Now: g.config.Now(), IP: identity.OriginOf(ctx).IP}})
	return d.Allow && g.Flow.Assured(p)
}

// SignOut ends every session, refresh family and token of a user. It is durable when it
// returns.
func (g *Gate) SignOut(ctx context.Context, user identity.UserID) error {
	return g.Flow.SignOutAll(ctx, user, "")
}

// Handler serves the routes of the house. Mount it at "/": it removes the path of
// Config.PublicURL by itself.
func (g *Gate) Handler() http.Handler { return g.handler }

// Site is what the house knows of its own place on the web, for handlers that stand before
// it.
func (g *Gate) Site() *web.Site { return g.site }

// Drain makes /readyz answer 503 from now on, so that load balancers look elsewhere. All
// else goes on until the server is shut down.
func (g *Gate) Drain() { g.leaving.Store(true) }

// Close stops the workers after what they are doing, and waits for them until ctx ends. It
// does not close the database, which is the caller's.
func (g *Gate) Close(ctx context.Context) error {
	g.closing.Do(g.stop)
	done := make(chan struct{})
	go func() {
		g.workers.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
