package verify

import (
	"net/http"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A Demand says what a route demands of a request, in the words of the house's own guard.Rule.
// The zero Demand demands a valid token that is not limited by scopes: a route that names neither
// Scopes nor Permission is not for a token that was made for something else.
type Demand struct {
	// Public lets anyone call; a token that is not valid counts as none. Whoever sent a valid one
	// is known to the handler.
	Public bool
	// Introspect asks the issuer whether the token still stands, at each request (INT-05).
	// Config.ClientID and Config.ClientSecret are required.
	Introspect bool
	// Organization says which organization the route is about; nil: none. For a token that is not
	// bound to it there is no such organization: 404.
	Organization func(*http.Request) identity.TenantID
	// Roles are those of which the caller must have one in the whole deployment; nil: none is asked
	// for. Prefer a Permission: what a role may do is the house's to say (AUZ-08).
	Roles []string
	// Scopes are those that the token must name, all of them, whole (RFC 6749 section 3.3). A token
	// that is not limited by scopes names none. One that is bound to an organization needs a route
	// with an Organization, as for a Permission.
	Scopes []string
	// Permission is what the claim "perms" must tell that the caller may do: "posts:delete". Where
	// the house makes tokens without that claim, nobody may. A token that is limited by scopes must
	// also name the permission as a scope, or the Scopes of the route. One that is bound to an
	// organization needs a route with an Organization: what somebody may do there they may not do
	// elsewhere.
	Permission string
	// Owner returns whose the resource is that a request names. Its error is the answer;
	// identity.ErrNotFound where there is no such resource. Who may "posts:delete" may delete any,
	// who may "posts:delete:own" their own; without a Permission only the owner passes. For anyone
	// else there is no such resource: 404, not 403.
	Owner func(*http.Request) (identity.UserID, error)
	// Fresh is how recently the caller must have proved who they are; 0 is at any time.
	Fresh time.Duration
}

// A call is one request on its way through a door.
type call struct {
	*door
	r     *http.Request
	token string
	c     *claims             // nil: nobody
	p     *identity.Principal // of c
}

// steps is the only order there is. What a Demand does not demand its step lets pass.
var steps = []struct {
	name string
	ask  func(*call) error
}{
	{"authenticate", (*call).authenticate},
	{"introspect", (*call).introspect},
	{"purpose", (*call).purpose},
	{"organization", (*call).within},
	{"role", (*call).role},
	{"scope", (*call).scope},
	{"permission", (*call).permit},
	{"owner", (*call).own},
	{"fresh", (*call).fresh},
}

// authenticate finds out who calls. An outage is not a token that is not valid: even where anyone
// may call, nobody is taken for a stranger because we cannot know them.
func (c *call) authenticate() (err error) {
	if c.token, err = read(c.r); err != nil {
		return c.forgive(err)
	}
	if c.token == "" {
		return c.forgive(identity.ErrNoCredentials)
	}
	got, err := c.verify(c.r.Context(), c.token)
	if err != nil {
		return c.forgive(err)
	}
	c.c, c.p = got, got.caller()
	return nil
}

func (c *call) introspect() error {
	if !c.demand.Introspect || c.c == nil {
		return nil
	}
	err := c.Verifier.introspect(c.r.Context(), c.token, c.c)
	if err != nil {
		c.c, c.p = nil, nil
	}
	return c.forgive(err)
}

// forgive lets a token that is not valid count as none where anyone may call.
func (c *call) forgive(err error) error {
	if err != nil && c.demand.Public && identity.KindOf(err) == identity.Unauthenticated {
		return nil
	}
	return err
}

// purpose demands a token that is meant for such a route. Threat: a token that was made for one
// thing would be worth as much as its owner wherever a Demand names nothing.
func (c *call) purpose() error {
	d := c.demand
	if c.p != nil && c.p.Scopes != nil && len(d.Scopes) == 0 && d.Permission == "" && !d.Public {
		return identity.ErrScope.Because(reason("the route is not for tokens that are limited by scopes"))
	}
	return nil
}

// within demands a token of the organization that the route is about.
func (c *call) within() error {
	switch {
	case c.demand.Organization == nil:
		return nil
	case c.p == nil:
		return identity.ErrNoCredentials
	}
	if org := c.demand.Organization(c.r); org == "" || org != c.p.TenantID {
		return identity.ErrNotFound.Because(reason("the token is not bound to the organization of the route"))
	}
	return nil
}

// role demands one of the roles (AUZ-04).
func (c *call) role() error {
	switch {
	case c.demand.Roles == nil:
		return nil
	case c.p == nil:
		return identity.ErrNoCredentials
	case slices.ContainsFunc(c.demand.Roles, func(role string) bool { return slices.Contains(c.p.Roles, role) }):
		return nil
	}
	return identity.ErrForbidden.Because(reason("none of the roles that the route demands"))
}

// scope demands the scopes, each compared whole, so that export:csv-all is not export:csv
// (BUG-10). Threat: whoever founds an organization may name any scope in it.
func (c *call) scope() error {
	for _, scope := range c.demand.Scopes {
		if c.p == nil {
			return identity.ErrNoCredentials
		}
		if !slices.Contains(c.p.Scopes, scope) {
			return identity.ErrScope.Because(reason("the token does not name scope " + scope))
		}
		if c.elsewhere() {
			return identity.ErrScope.Because(reason("the token is bound to an organization and the route names none"))
		}
	}
	return nil
}

// permit demands the permission. With an Owner what depends on the resource is left to own; the
// resource of somebody who may act on none is not even looked up.
func (c *call) permit() error {
	want := c.demand.Permission
	switch {
	case want == "":
		return nil
	case c.c == nil:
		return identity.ErrNoCredentials
	case c.c.Perms == nil:
		return c.forbidden("the token has no claim perms: its caller may do nothing, or the house does not tell")
	case c.elsewhere():
		return c.forbidden("the token is bound to an organization and the route names none")
	}
	anyone, theirs := c.reach()
	switch {
	case anyone, theirs && c.demand.Owner != nil:
		return nil
	case !c.covered(want) && !c.covered(want+own):
		return identity.ErrScope.Because(reason("no scope of the token covers " + want))
	}
	return c.forbidden("perms of the token do not have it")
}

// elsewhere reports whether what the token says was said of an organization, and the route is about
// none.
func (c *call) elsewhere() bool { return c.p.TenantID != "" && c.demand.Organization == nil }

func (c *call) forbidden(why string) error {
	e := *identity.ErrForbidden
	e.Message = "Requires permission: " + c.demand.Permission
	return e.Because(reason(why))
}

// own ends the permission that reaches only what one owns.
const own = ":own"

// reach returns how far the permission goes: to any resource, or to those of the caller.
func (c *call) reach() (anyone, theirs bool) {
	want := c.demand.Permission
	anyone = slices.Contains(c.c.Perms, want)
	theirs = anyone || slices.Contains(c.c.Perms, want+own)
	whole := c.covered(want)
	return anyone && whole, theirs && (whole || c.covered(want+own))
}

// covered reports whether the scopes of the token let a permission be used. What else a scope may
// mean is the policy's, which is not here: a route says it by its Scopes.
func (c *call) covered(permission string) bool {
	return c.p.Scopes == nil || len(c.demand.Scopes) > 0 || slices.Contains(c.p.Scopes, permission)
}

// own asks whose the resource is, for everybody (BUG-36: not for owners only).
func (c *call) own() error {
	switch {
	case c.demand.Owner == nil:
		return nil
	case c.c == nil:
		return identity.ErrNoCredentials
	}
	owner, err := c.demand.Owner(c.r)
	if err != nil {
		return err
	}
	if c.demand.Permission != "" {
		if anyone, _ := c.reach(); anyone {
			return nil
		}
	}
	if owner == "" || owner != c.p.UserID {
		return identity.ErrNotFound.Because(reason("somebody else's"))
	}
	return nil
}

// fresh goes by auth_time, not iat: a silent refresh proves nothing about the person (BUG-09).
func (c *call) fresh() error {
	switch {
	case c.demand.Fresh == 0:
		return nil
	case c.p == nil:
		return identity.ErrNoCredentials
	case !c.p.AuthTime.IsZero() && c.config.Now().Sub(c.p.AuthTime) <= c.demand.Fresh:
		return nil
	}
	stale := *identity.ErrStale
	stale.MaxAge = c.demand.Fresh
	return &stale
}
