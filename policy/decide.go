package policy

import (
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A Request asks whether a principal may do something to a resource.
type Request struct {
	Principal  *identity.Principal // nil is nobody, who may nothing
	Permission Permission
	Resource   *Resource // nil: of no resource in particular
	Context    Context
}

// A Resource is what somebody wants to act on.
type Resource struct {
	Type         string // as the policy declares it: "Post"
	ID           string
	Owner        identity.UserID   // "" is nobody's
	Organization identity.TenantID // "" belongs to no organization
	// Attributes are what conditions may ask of it: bool, string, int, int64, time.Time,
	// []string. What a condition asks for and is not here makes it fail, and so deny.
	Attributes map[string]any
	// Value is the thing itself, for the handler: guard.Loaded returns it. No decision reads it.
	Value any
}

// A Context is what a decision may take from the surroundings of a request (AUZ-13).
type Context struct {
	Now     time.Time
	IP      string // "" where it is not known
	Posture string // of the device: "managed", "unmanaged"; "" is "unknown" (ZTR-09)
}

// A Cause is why something was not allowed.
type Cause uint8

// The causes, from the first that is asked for to the last.
const (
	Granted      Cause = iota
	Nobody             // nobody is signed in
	Unregistered       // there is no such permission
	OutOfScope         // the credential is limited to other scopes, whatever the roles
	NoRole             // no role grants it
	Foreign            // the resource belongs to another organization
	NotOwner           // a role grants it on what one owns, and this is somebody else's
	Refused            // a condition forbids it, or failed
)

// A Decision says whether, and by which rule.
type Decision struct {
	Allow bool
	// Depends: it is not allowed on everything, and may be on some resource, which nobody has
	// looked at yet.
	Depends bool
	Cause   Cause
	Rule    string // what decided: "role editor", "scope read", "condition young-posts (line 12)"
	Reason  string // a sentence for operators, never for the client
}

// Authorize decides. What is not allowed is denied: an unknown role, a permission that is not
// registered, and a condition that fails all mean no.
func (p *Policy) Authorize(r Request) Decision {
	base := p.spellings[r.Permission].base
	d := p.byRole(r, base)
	about := p.conditions.by[base]
	if about == nil || d.Cause == Nobody || d.Cause == Unregistered || d.Cause == OutOfScope {
		return d
	}
	return about.judge(r, d, p.scope(r.Principal, base))
}

// Permit decides before the resource is known: a Decision that Depends is for Authorize to
// settle.
func (p *Policy) Permit(who *identity.Principal, want Permission) Decision {
	base := p.spellings[want].base
	d := p.byRole(Request{Principal: who, Permission: want}, base)
	if d.Cause == NoRole && p.conditions.permits(base) {
		d.Depends = true
	}
	return d
}

// byRole decides by scopes, roles and ownership.
func (p *Policy) byRole(r Request, base Permission) Decision {
	who := r.Principal
	switch {
	case who == nil:
		return Decision{Cause: Nobody, Reason: "nobody is signed in"}
	case !p.Registered(r.Permission):
		return Decision{Cause: Unregistered, Reason: "there is no permission " + string(r.Permission)}
	}
	scoped := p.scope(who, base)
	if scoped == none {
		return Decision{Cause: OutOfScope, Reason: "no scope of the credential covers " + string(r.Permission)}
	}
	reach, by, foreign := p.role(who, base, r.Resource)
	switch {
	case foreign:
		return Decision{Cause: Foreign, Reason: "the resource belongs to another organization"}
	case reach == none:
		return Decision{Cause: NoRole, Reason: "no role grants " + string(r.Permission)}
	case min(reach, scoped) == all:
		return Decision{Allow: true, Rule: by.rule, Reason: by.reason}
	case r.Resource == nil:
		return Decision{Cause: NotOwner, Depends: true, Rule: by.rule, Reason: by.reason + " on what one owns"}
	case who.UserID != "" && r.Resource.Owner == who.UserID:
		return Decision{Allow: true, Rule: by.rule + ", own", Reason: by.reason + " on what one owns, and this is"}
	}
	return Decision{Cause: NotOwner, Rule: by.rule, Reason: by.reason + " on what one owns, and this is somebody else's"}
}

// scope returns how far the scopes of a credential let a permission go. One that is not limited
// by scopes goes as far as its roles. Scopes are compared whole (BUG-10).
func (p *Policy) scope(who *identity.Principal, base Permission) reach {
	if who.Scopes == nil {
		return all
	}
	widest := none
	for _, scope := range who.Scopes {
		if g, ok := p.scopes[scope]; ok {
			widest = max(widest, g[base])
		} else if s := p.spellings[Permission(scope)]; s.base == base {
			widest = max(widest, reachOf(strings.HasSuffix(scope, ":own")))
		}
	}
	return widest
}

// role returns how far the roles of somebody let a permission go, and which role. Who may act on
// any may act on their own (BUG-36). What belongs to an organization is foreign to whoever is not
// in it, but for those who may do everything.
func (p *Policy) role(who *identity.Principal, base Permission, on *Resource) (widest reach, by words, foreign bool) {
	foreign = on != nil && on.Organization != "" && on.Organization != who.TenantID
	most := holding{base: base}
	for _, role := range who.Roles {
		if foreign && role != roleAdmin {
			continue
		}
		if r := p.roles[role][base]; r > widest {
			widest, most.role = r, role
		}
	}
	if foreign {
		return widest, p.words[most], widest == none
	}
	if on != nil && on.Organization == "" {
		return widest, p.words[most], false // it is no organization's, so nobody's role in one reaches it
	}
	for _, role := range who.TenantRoles {
		if r := p.orgRoles[role][base]; r > widest {
			widest, most.role, most.org = r, role, true
		}
	}
	return widest, p.words[most], false
}
