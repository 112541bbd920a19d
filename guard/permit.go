package guard

import (
	"context"
	"slices"
	"strings"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// within makes the caller who they are in the organization that the route is about.
func (c *call) within() error {
	if c.rule.Organization == nil {
		return nil
	}
	if c.p == nil {
		return identity.ErrNoCredentials
	}
	in, err := c.Access.Within(c.r.Context(), c.p, c.rule.Organization(c.r))
	if err != nil {
		return err
	}
	c.become(in)
	return nil
}

// role demands one of the rule's roles (AUZ-04).
func (c *call) role() error {
	if c.rule.Roles == nil {
		return nil
	}
	if c.p == nil {
		return identity.ErrNoCredentials
	}
	for _, role := range c.rule.Roles {
		there := c.rule.Organization != nil && slices.Contains(c.p.TenantRoles, role)
		if there || slices.Contains(c.p.Roles, role) {
			return c.assured()
		}
	}
	return identity.ErrForbidden.Because(reason("none of the roles that the route demands"))
}

// scope demands the rule's scope of the credential: compared whole, so that export:csv-all is
// not export:csv (BUG-10). Of a person's credential it demands too that they may do, here and now,
// what the scope says; what a client may name is an administrator's word.
//
// Threat: a scope that gives (KEY-06). Anybody may name any scope for a key of theirs, keeps the
// key when the role is gone, and owns everything in an organization that they found.
func (c *call) scope() error {
	if c.rule.Scope == "" {
		return nil
	}
	if c.p == nil {
		return identity.ErrNoCredentials
	}
	if !slices.Contains(c.p.Scopes, c.rule.Scope) {
		return identity.ErrScope.Because(reason("the credential does not name scope " + c.rule.Scope))
	}
	if c.p.UserID != "" && c.Access.MayName(c.p, []string{c.rule.Scope}) != nil {
		return identity.ErrScope.Because(reason("the owner of the credential may nothing that scope " + c.rule.Scope + " covers"))
	}
	return c.assured()
}

// permit demands the rule's permission. With an Owner what depends on the resource is left to
// own; the resource of somebody who may act on none is not even looked up.
func (c *call) permit() error {
	if c.rule.Permission == "" {
		return nil
	}
	if c.p == nil {
		return identity.ErrNoCredentials
	}
	var d policy.Decision
	if c.loads {
		d = c.Access.Permit(c.context(), c.request(c.want))
	} else {
		d = c.Access.Authorize(c.context(), c.request(c.want))
	}
	if d.Allow || d.Depends && c.loads {
		return c.assured()
	}
	return c.refusal(d)
}

// context says for what is in shadow where the decision is made.
func (c *call) context() context.Context { return c.Access.AtRoute(c.r.Context(), c.route(c.r)) }

func (c *call) request(want policy.Permission) policy.Request {
	about := policy.Context{Now: c.Now(), IP: identity.OriginOf(c.r.Context()).IP}
	if c.Posture != nil {
		about.Posture = c.Posture(c.r)
	}
	return policy.Request{Principal: c.p, Permission: want, Resource: c.on, Context: about}
}

// refusal is the answer to a decision that is no. Whose resource it is, and whether there is
// one, only those learn who may know of it (CON-13).
func (c *call) refusal(d policy.Decision) error {
	why := reason(d.Reason)
	switch {
	case d.Cause == policy.OutOfScope:
		return identity.ErrScope.Because(why)
	case d.Cause == policy.Refused:
		return identity.ErrPolicy.Because(why)
	case d.Cause == policy.NoRole && c.visible():
		return identity.ErrPolicy.Because(why)
	case c.on != nil && (d.Cause == policy.NotOwner || d.Cause == policy.Foreign || d.Cause == policy.NoRole):
		return identity.ErrNotFound.Because(why)
	}
	e := *identity.ErrForbidden
	e.Message = "Requires permission: " + string(c.want)
	return e.Because(why)
}

// visible reports whether the caller may know that the resource exists: it is theirs, or they may
// read it. Then no condition permits this, and 403 says so (AUZ-14).
func (c *call) visible() bool {
	if c.on == nil {
		return false
	}
	if c.on.Owner != "" && c.on.Owner == c.p.UserID {
		return true
	}
	kind, _, _ := strings.Cut(string(c.want), ":")
	return c.Access.Authorize(c.r.Context(), c.request(policy.Permission(kind+":read"))).Allow
}

// assured asks for the assurance that the roles of a person demand. Threat: whoever is given a
// role while signed in by a password alone would have it without the second factor that
// everybody else needs for it.
func (c *call) assured() error {
	if c.Assured == nil || c.Assured(c.p) {
		return nil
	}
	weak := *identity.ErrStale
	weak.ACR = "aal2"
	return &weak
}

// own loads the resource, for everybody (BUG-36: not for owners only), and judges the caller by
// it.
func (c *call) own() error {
	if c.rule.Owner == nil {
		return nil
	}
	if c.p == nil {
		return identity.ErrNoCredentials
	}
	on, err := c.rule.Owner(c.r)
	if err != nil {
		return err
	}
	c.on = &on
	c.r = c.r.WithContext(context.WithValue(c.r.Context(), resourceKey{}, c.on))
	if c.want != "" {
		if d := c.Access.Authorize(c.context(), c.request(c.want)); !d.Allow {
			return c.refusal(d)
		}
		return nil
	}
	if on.Owner != "" && on.Owner == c.p.UserID && !c.abroad() {
		return nil
	}
	if c.Access.Authorize(c.r.Context(), c.request(policy.Admin)).Allow {
		return c.assured()
	}
	return identity.ErrNotFound.Because(reason("somebody else's"))
}

// abroad reports whether the credential is bound to another organization than the resource. Threat:
// what was made for one opens what its owner has in the others.
func (c *call) abroad() bool {
	return c.on.Organization != "" && c.p.TenantID != "" && c.p.TenantID != c.on.Organization
}

func (c *call) condition() error {
	if c.rule.Condition == nil {
		return nil
	}
	return c.rule.Condition(c.r)
}

func (c *call) fresh() error {
	if c.rule.Fresh == 0 {
		return nil
	}
	if c.p == nil {
		return identity.ErrNoCredentials
	}
	// auth_time, not iat: a silent refresh proves nothing about the person (BUG-09).
	recent := !c.p.AuthTime.IsZero() && c.Now().Sub(c.p.AuthTime) <= c.rule.Fresh
	if recent && c.Confirmed != nil {
		var err error
		if recent, err = c.Confirmed(c.r.Context(), c.p, c.rule.Fresh); err != nil {
			return err
		}
	}
	if recent {
		return nil
	}
	stale := *identity.ErrStale
	stale.MaxAge = c.rule.Fresh
	return &stale
}
