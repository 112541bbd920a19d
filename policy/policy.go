// Package policy decides what a principal may do.
//
// It owns permissions, roles and the decision with its reason. It is a pure function of
// its arguments: it knows no database, no request and no clock.
package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A Permission is "resource:action", with ":own" where it is limited to what the principal
// owns. "resource:action:any" is another spelling of "resource:action". "*", in a role, is
// every permission. Matching is exact and case-sensitive (AUZ-10).
type Permission string

// Everything is the permission that contains all others; only a role may have it.
const Everything Permission = "*"

// Admin is the permission that the house's own administration demands.
const Admin Permission = "gatehouse:admin"

var shape = regexp.MustCompile(`^[a-z][a-z0-9._-]*:[a-z][a-z0-9._-]*(:own|:any)?$`)

// Check returns an error unless p is written as a permission is.
func (p Permission) Check() error {
	if p == Everything || shape.MatchString(string(p)) {
		return nil
	}
	return fmt.Errorf("permission %q is not written resource:action[:own|:any]", string(p))
}

// A Set says which permissions each role has. A role that it does not name has none
// (AUZ-09). The zero Set gives nobody anything.
type Set map[string][]Permission

// Defaults returns the built-in roles: user and moderator without permissions of their
// own, admin with all (AUZ-02).
func Defaults() Set { return Set{"user": nil, "moderator": nil, "admin": {Everything}} }

// Check returns an error if a role or a permission of s is not well written.
func (s Set) Check() error {
	for role, permissions := range s {
		if !roleShape.MatchString(role) {
			return fmt.Errorf("role %q: only a-z, 0-9, '.', '_' and '-' may stand in a role's name, at most 64", role)
		}
		for _, p := range permissions {
			if err := p.Check(); err != nil {
				return fmt.Errorf("role %s: %w", role, err)
			}
		}
	}
	return nil
}

// Known returns identity.ErrInvalid, naming the member "roles", for a role that s does not
// name: it would grant nothing, now.
func (s Set) Known(roles []string) error {
	for _, role := range roles {
		if _, ok := s[role]; !ok {
			return identity.ErrInvalid.With("roles", fmt.Sprintf("has %q, which is not configured", role))
		}
	}
	return nil
}

var roleShape = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,63}$`)

// Of returns the permissions of the roles together, sorted, each once.
func (s Set) Of(roles []string) []Permission {
	all := []Permission{}
	for _, role := range roles {
		all = append(all, s[role]...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// A Decision says whether, and by which rule.
type Decision struct {
	Allow  bool   // on any resource
	Own    bool   // on the principal's own only
	Scope  bool   // denied by the scopes of the credential, whatever the roles
	Reason string // for the log, never for the client
}

// Authorize decides whether p may do want. What is not allowed is denied; a nil principal
// is allowed nothing.
func Authorize(set Set, p *identity.Principal, want Permission) Decision {
	if p == nil {
		return Decision{Reason: "nobody is signed in"}
	}
	want = Permission(strings.TrimSuffix(string(want), ":any"))
	if p.Scopes != nil && !slices.Contains(p.Scopes, string(want)) {
		return Decision{Scope: true, Reason: "the scope does not include " + string(want)}
	}
	base := strings.TrimSuffix(string(want), ":own") // who may act on any may act on their own (BUG-36)
	d := Decision{Reason: "no role grants " + string(want)}
	for _, role := range p.Roles {
		for _, has := range set[role] {
			name, own := strings.CutSuffix(strings.TrimSuffix(string(has), ":any"), ":own")
			switch {
			case has == Everything, name == base && !own:
				return Decision{Allow: true, Reason: "role " + role}
			case name == base:
				d = Decision{Own: true, Reason: "role " + role + ", own only"}
			}
		}
	}
	return d
}
