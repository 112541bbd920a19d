package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/policy"
)

// checking is the route that a proxy asks before it passes a request on: nginx by auth_request,
// Traefik and Caddy by forward auth. What it demands stands in the query, where the operator
// wrote it into the proxy's configuration; the guard asks it as it asks the rule of any route.
func (a *API) checking() []guard.Route {
	return []guard.Route{{
		Pattern: "GET /auth/check", Rule: anonymous, Handler: web.Handler(a.check),
		About: guard.Operation{Summary: "Whether a proxy may pass a request on, and whose it is", In: checkQuery{}},
	}}
}

// checkQuery is what the operator demands. Of role and scheme one is enough; everything
// else must hold together.
type checkQuery struct {
	Permission string   `json:"permission,omitempty"`
	Scope      string   `json:"scope,omitempty"`
	Org        string   `json:"org,omitempty"`
	Role       []string `json:"role,omitempty"` // everywhere, or in org
	Scheme     []string `json:"scheme,omitempty"`
	Fresh      string   `json:"fresh,omitempty"`    // at most how long ago the caller proved who they are: 5m
	Redirect   string   `json:"redirect,omitempty"` // 1: people are led to the sign-in by 303, not told 401
}

// answers adds what the rule of the route does not tell to the document.
func (checkQuery) answers(list object) {
	headers := list["200"].(object)["headers"].(object)
	for name, text := range map[string]string{
		"X-Auth-User":      "The user, empty for a client that acts for itself.",
		"X-Auth-Client":    "The client that acts for itself.",
		"X-Auth-Roles":     "The roles of the user, between commas.",
		"X-Auth-Org":       "The organization that was demanded, or that the credential is bound to.",
		"X-Auth-Org-Roles": "The roles in that organization, between commas.",
		"X-Auth-Scopes":    "What the credential is limited to, between spaces; * where it is not.",
	} {
		headers[name] = object{"description": text, "schema": object{"type": "string"}}
	}
	list["303"] = object{"description": "With redirect=1: where a person signs in."}
	list["401"], list["403"] = ref("responses", "Error"), ref("responses", "Error")
}

// schemes open the check, unless the operator names fewer.
var schemes = []identity.SchemeID{identity.SchemeCookie, identity.SchemeBearer, identity.SchemeAPIKey, identity.SchemeBasic, identity.SchemeMTLS}

// rule is what the guard is to ask.
func (q checkQuery) rule() (guard.Rule, error) {
	rule := guard.Rule{Permission: policy.Permission(q.Permission), Scope: q.Scope, Roles: q.Role, Schemes: schemes}
	if q.Org != "" {
		rule.Organization = func(*http.Request) identity.TenantID { return identity.TenantID(q.Org) }
	}
	if q.Scheme != nil {
		rule.Schemes = nil
	}
	for _, name := range q.Scheme {
		if !slices.Contains(schemes, identity.SchemeID(name)) {
			return rule, identity.ErrInvalid.With("scheme", "is not known")
		}
		rule.Schemes = append(rule.Schemes, identity.SchemeID(name))
	}
	if q.Redirect != "" && q.Redirect != "1" {
		return rule, identity.ErrInvalid.With("redirect", "must be 1")
	}
	if q.Fresh == "" {
		return rule, nil
	}
	age, err := time.ParseDuration(q.Fresh)
	if err != nil || age <= 0 {
		return rule, identity.ErrInvalid.With("fresh", "must be a duration, as 5m")
	}
	rule.Fresh = age
	return rule, nil
}

func (a *API) check(w http.ResponseWriter, r *http.Request) error {
	var q checkQuery
	if err := exactly(r.URL.RawQuery, &q); err != nil {
		return err
	}
	rule, err := q.rule()
	if err != nil {
		return err
	}
	if rule.Permission != "" && !a.Access.Policy().Registered(rule.Permission) {
		return a.unregistered(r.Context(), rule.Permission)
	}
	about := a.original(r)
	rule.Condition = func(r *http.Request) error { return a.admits(r, about) }
	refuse := func(w http.ResponseWriter, _ *http.Request, e *identity.Error) { a.turnAway(w, r, e, q, about) }
	web.WithFailure(refuse, a.Once("GET /auth/check", rule, web.Handler(a.tell))).ServeHTTP(w, r)
	return nil
}

// unregistered refuses whoever asks: a permission that there is not is nobody's. The operator is
// told, once a minute, because strangers can ask as well.
func (a *API) unregistered(ctx context.Context, p policy.Permission) error {
	if first, err := a.Flow.Limiter.Store.Claim(ctx, "unregistered demand", time.Minute); err == nil && first {
		a.Site.Log.WarnContext(ctx, "GET /auth/check demands a permission that is not registered", "permission", string(p[:min(len(p), 200)]))
	}
	return identity.ErrForbidden
}

// admits asks what no Rule has a name for.
//
// Threat: the check itself is a GET, so a page of another site that posts to the application with
// the cookies of its reader would meet no proof of origin anywhere. Where the credential was a
// cookie, what changes something must come from the application's own pages.
func (a *API) admits(r *http.Request, about original) error {
	p := identity.FromContext(r.Context())
	if p.Cookie && about.unsafe && !a.ours(r) {
		return identity.ErrCSRF
	}
	return nil
}

// tell says whose the request is. Every field is set, if to nothing: a proxy that copies those it
// finds would else leave in place what the client wrote there itself.
//
// Roles in an organization have a field of their own. Threat: whoever founds an organization could
// name a role in it "admin", and be that to the application. Of somebody whose sign-in does not
// reach what their roles demand there are none.
func (a *API) tell(w http.ResponseWriter, r *http.Request) error {
	p, h := *identity.FromContext(r.Context()), w.Header()
	if p.TenantID != "" && p.TenantRoles == nil { // bound to one that was not demanded
		in, err := a.Access.Within(r.Context(), &p, p.TenantID)
		if err != nil {
			return err
		}
		p = *in
	}
	if !a.Flow.Assured(&p) {
		p.Roles, p.TenantRoles = nil, nil
	}
	scopes := strings.Join(p.Scopes, " ")
	if p.Scopes == nil {
		scopes = "*"
	}
	if p.UserID != "" {
		p.ClientID = ""
	}
	h.Set("X-Auth-User", string(p.UserID))
	h.Set("X-Auth-Client", string(p.ClientID))
	h.Set("X-Auth-Roles", strings.Join(p.Roles, ","))
	h.Set("X-Auth-Org", string(p.TenantID))
	h.Set("X-Auth-Org-Roles", strings.Join(p.TenantRoles, ","))
	h.Set("X-Auth-Scopes", scopes)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	return nil
}
