package policy

import (
	"fmt"
	"regexp"
	"strings"
)

// A Permission is "resource:action", with ":own" where it is limited to what the principal
// owns. "resource:action:any" is another spelling of "resource:action". Matching is exact and
// case-sensitive (AUZ-10). In a role or a scope one of the two words may be "*", and "*" alone
// is every permission.
type Permission string

// Everything is the pattern that contains all others; only a role or a scope may have it.
const Everything Permission = "*"

// The permissions that the house's own routes demand.
const (
	Admin   Permission = "gatehouse:admin"     // the administration of the house
	OrgRead Permission = "organization:read"   // who is a member of an organization, and as what
	OrgEdit Permission = "organization:manage" // members, roles and webhooks of an organization
)

// Introspect is the scope of whoever may ask the house about tokens (RFC 7662 section 2.1).
const Introspect = "introspect"

// house are the permissions that are registered wherever the house is.
var house = []Permission{Admin, OrgRead, OrgEdit}

var (
	shape   = regexp.MustCompile(`^[a-z][a-z0-9._-]*:[a-z][a-z0-9._-]*(:own|:any)?$`)
	pattern = regexp.MustCompile(`^(\*|[a-z][a-z0-9._-]*):(\*|[a-z][a-z0-9._-]*)(:own|:any)?$`)
)

// Check returns an error unless p is written as a permission is.
func (p Permission) Check() error {
	if shape.MatchString(string(p)) {
		return nil
	}
	return fmt.Errorf("permission %q is not written resource:action[:own|:any]", string(p))
}

// checkPattern returns an error unless p is written as a role may have it.
func (p Permission) checkPattern() error {
	if p == Everything || pattern.MatchString(string(p)) {
		return nil
	}
	return fmt.Errorf("permission %q is not written resource:action[:own|:any]; a * may stand for either word", string(p))
}

// base returns p without ":own" and ":any", and whether it is limited to what one owns.
func (p Permission) base() (base Permission, own bool) {
	text, own := strings.CutSuffix(strings.TrimSuffix(string(p), ":any"), ":own")
	return Permission(text), own
}

// covers reports whether the pattern p names the permission base.
func (p Permission) covers(base Permission) bool {
	if p == Everything {
		return true
	}
	r, a, _ := strings.Cut(string(p), ":")
	resource, action, _ := strings.Cut(string(base), ":")
	return (r == "*" || r == resource) && (a == "*" || a == action)
}

// A reach is how far a permission goes.
type reach uint8

const (
	none reach = iota
	own        // what the principal owns
	all        // everybody's
)
