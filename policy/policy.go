// Package policy decides what a principal may do.
//
// It owns permissions and their registry, roles, scopes, conditions, and the decision with its
// reason. A File is a policy as it is written, a Policy what it becomes: a pure function of its
// arguments that knows no database, no request and no clock. Conditions are written in Cedar
// (docs.cedarpolicy.com); roles are RBAC (INCITS 359) without sessions.
package policy

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A Policy decides. It is made by File.Compile and never changed, so any number of requests may
// ask it at once.
type Policy struct {
	file       File
	registry   map[Permission]reach // by base
	spellings  map[Permission]spelling
	words      map[holding]words
	roles      map[string]grants
	orgRoles   map[string]grants
	scopes     map[string]grants
	conditions conditions
	tests      []Request
}

// grants says how far each permission goes that a role or scope has.
type grants map[Permission]reach

// roleAdmin and roleOwner may do everything: admin everywhere, owner in one organization.
const (
	roleAdmin = "admin"
	roleOwner = "owner"
)

var name = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,63}$`)

// Compile checks what the file says and returns what decides by it. It refuses a name that is
// not well written, a permission that is not registered, a redefinition of what is built in, and
// a condition that does not fit the schema: each by its line, where the file was read.
func (f File) Compile() (*Policy, error) {
	p := &Policy{file: f, registry: map[Permission]reach{}}
	if err := p.register(); err != nil {
		return nil, err
	}
	if err := p.file.checkResources(); err != nil {
		return nil, err
	}
	var err error
	if p.roles, err = p.expand("roles", f.Roles, map[string][]Permission{roleAdmin: {Everything}}, "user", "moderator"); err != nil {
		return nil, err
	}
	if p.orgRoles, err = p.expand("organizationRoles", f.OrganizationRoles, map[string][]Permission{roleOwner: {Everything}}, "member"); err != nil {
		return nil, err
	}
	if err := p.withinOrganizations(); err != nil {
		return nil, err
	}
	if p.scopes, err = p.expand("scopes", f.Scopes, map[string][]Permission{"admin": {Everything}}, "read", "write"); err != nil {
		return nil, err
	}
	p.builtInScopes()
	if p.conditions, err = p.compileConditions(); err != nil {
		return nil, err
	}
	p.spell()
	p.word("role ", p.roles, false)
	p.word("organization role ", p.orgRoles, true)
	if err := p.compileTests(); err != nil {
		return nil, err
	}
	return p, nil
}

// A spelling is what one way to write a permission means.
type spelling struct {
	base  Permission
	exact bool // registered as it is written
}

// spell notes every way to write each registered permission, so that a decision parses nothing.
func (p *Policy) spell() {
	p.spellings = map[Permission]spelling{}
	for base, r := range p.registry {
		p.spellings[base+":own"] = spelling{base, true}
		p.spellings[base], p.spellings[base+":any"] = spelling{base, r == all}, spelling{base, r == all}
	}
}

// A holding is a permission as some role has it; its words say so in a decision.
type (
	holding struct {
		role string
		org  bool
		base Permission
	}
	words struct{ rule, reason string }
)

// word writes down what a decision says of each role, so that a yes costs no memory.
func (p *Policy) word(kind string, set map[string]grants, org bool) {
	if p.words == nil {
		p.words = map[holding]words{}
	}
	for role, g := range set {
		for base := range g {
			p.words[holding{role, org, base}] = words{kind + role, kind + role + " grants " + string(base)}
		}
	}
}

// register fills the registry.
func (p *Policy) register() error {
	for _, permission := range house {
		p.registry[permission] = all
	}
	if p.file.Permissions == nil {
		p.registerNamed()
	}
	seen := map[Permission]bool{}
	for i, permission := range p.file.Permissions {
		path := fmt.Sprintf("permissions.%d", i)
		if seen[permission] {
			return p.file.fault(path, "permission %q is listed twice", string(permission))
		}
		if err := permission.Check(); err != nil {
			return p.file.fault(path, "%w", err)
		}
		seen[permission] = true
		base, limited := permission.base()
		if slices.Contains(house, base) {
			return p.file.fault(path, "permission %q is the house's own", string(permission))
		}
		p.registry[base] = max(p.registry[base], reachOf(limited))
	}
	if len(p.registry)-len(house) > maxPermissions {
		return p.file.fault("permissions", "permissions: more than %d", maxPermissions)
	}
	return nil
}

// registerNamed registers what the roles of a file without a registry name.
func (p *Policy) registerNamed() {
	for _, set := range []map[string][]Permission{p.file.Roles, p.file.OrganizationRoles} {
		for _, list := range set {
			for _, permission := range list {
				if permission.Check() == nil {
					base, _ := permission.base()
					p.registry[base] = all
				}
			}
		}
	}
}

func reachOf(limited bool) reach {
	if limited {
		return own
	}
	return all
}

// expand turns names with patterns into names with what each grants. What is built in with
// everything cannot be redefined; what is built in with nothing can.
func (p *Policy) expand(section string, written, whole map[string][]Permission, empty ...string) (map[string]grants, error) {
	out := map[string]grants{}
	for _, n := range empty {
		out[n] = nil
	}
	if len(written) > maxRoles {
		return nil, p.file.fault(section, "%s: more than %d", section, maxRoles)
	}
	for _, n := range slices.Sorted(maps.Keys(written)) {
		path := section + "." + n
		if _, fixed := whole[n]; fixed {
			return nil, p.file.fault(path, "%s: %q is built in and has every permission", section, n)
		}
		if !name.MatchString(n) {
			return nil, p.file.fault(path, "%s: %q: only a-z, 0-9, '.', '_' and '-' may stand in a name, at most 64", section, n)
		}
		g, err := p.granted(path, written[n])
		if err != nil {
			return nil, err
		}
		out[n] = g
	}
	for n, list := range whole {
		out[n], _ = p.granted("", list)
	}
	return out, nil
}

// granted expands the patterns of a role or scope over the registry.
func (p *Policy) granted(path string, list []Permission) (grants, error) {
	g := grants{}
	if len(list) > maxPermissions {
		return nil, p.file.fault(path, "%s: more than %d permissions", path, maxPermissions)
	}
	for i, has := range list {
		at := fmt.Sprintf("%s.%d", path, i)
		if err := has.checkPattern(); err != nil {
			return nil, p.file.fault(at, "%w", err)
		}
		if slices.Contains(list[:i], has) {
			return nil, p.file.fault(at, "permission %q is listed twice", string(has))
		}
		base, limited := has.base()
		found := false
		for registered, reach := range p.registry {
			if registered != base && !base.covers(registered) {
				continue
			}
			exact := registered == base && !limited && reach == own && !strings.HasSuffix(string(has), ":own")
			if exact {
				continue // only posts:delete:own is registered, and posts:delete was written
			}
			found = true
			g[registered] = max(g[registered], min(reachOf(limited), reach))
		}
		if !found {
			return nil, p.file.fault(at, "permission %q is not registered", string(has))
		}
	}
	return g, nil
}

// withinOrganizations keeps the administration of the house out of the roles of organizations.
// Threat: whoever founds an organization would administer everybody's. A name stands for a role of
// one kind, so that a rule that demands "admin" cannot mean an organization's.
func (p *Policy) withinOrganizations() error {
	delete(p.orgRoles[roleOwner], Admin)
	for n, g := range p.orgRoles {
		if _, ok := p.roles[n]; ok {
			return p.file.fault("organizationRoles."+n, "organizationRoles: %q is a role of the deployment, or roles has a role of organizations", n)
		}
		if g[Admin] != none {
			return p.file.fault("organizationRoles."+n, "organizationRoles: %q: %s is not an organization's to give", n, Admin)
		}
	}
	return nil
}

// builtInScopes gives read and write their meaning, unless the file does: every permission to
// read, and every permission that is not the house's own. Introspect covers no permission: it is
// what a route of the house demands by its name.
func (p *Policy) builtInScopes() {
	if _, ok := p.file.Scopes[Introspect]; !ok {
		p.scopes[Introspect] = grants{}
	}
	if _, ok := p.file.Scopes["read"]; !ok {
		p.scopes["read"], _ = p.granted("", []Permission{"*:read"})
	}
	if _, ok := p.file.Scopes["write"]; ok {
		return
	}
	p.scopes["write"] = grants{}
	for permission, reach := range p.registry {
		if !slices.Contains(house, permission) {
			p.scopes["write"][permission] = reach
		}
	}
}

// File returns the file that p was made of.
func (p *Policy) File() File { return p.file }

// Registered reports whether a permission exists, as it is written: where posts:delete:own is
// registered and posts:delete is not, only the first does.
func (p *Policy) Registered(want Permission) bool { return p.spellings[want].exact }

// Permissions returns the registry, sorted.
func (p *Policy) Permissions() []Permission {
	list := make([]Permission, 0, len(p.registry))
	for permission, reach := range p.registry {
		list = append(list, spelt(permission, reach))
	}
	slices.Sort(list)
	return list
}

func spelt(base Permission, r reach) Permission {
	if r == own {
		return base + ":own"
	}
	return base
}

// Roles returns the names of the roles, sorted; of those of organizations where org is true.
func (p *Policy) Roles(org bool) []string {
	if org {
		return slices.Sorted(maps.Keys(p.orgRoles))
	}
	return slices.Sorted(maps.Keys(p.roles))
}

// Scopes returns the names of the scopes that stand for several permissions, sorted.
func (p *Policy) Scopes() []string { return slices.Sorted(maps.Keys(p.scopes)) }

// Of returns the permissions of roles together, sorted, each once: ":own" where no role goes
// further. An unknown role has none (AUZ-09).
func (p *Policy) Of(roles []string) []Permission { return p.OfBoth(roles, nil) }

// OfOrganization is Of for roles in an organization.
func (p *Policy) OfOrganization(roles []string) []Permission { return p.OfBoth(nil, roles) }

// OfBoth is Of for somebody's roles everywhere and in one organization.
func (p *Policy) OfBoth(roles, inOrganization []string) []Permission {
	sum := grants{}
	sum.add(p.roles, roles)
	sum.add(p.orgRoles, inOrganization)
	return sum.list()
}

// OfScopes is Of for scopes that stand for several permissions.
func (p *Policy) OfScopes(scopes []string) []Permission {
	sum := grants{}
	sum.add(p.scopes, scopes)
	return sum.list()
}

func (sum grants) add(set map[string]grants, names []string) {
	for _, n := range names {
		for permission, r := range set[n] {
			sum[permission] = max(sum[permission], r)
		}
	}
}

func (sum grants) list() []Permission {
	list := make([]Permission, 0, len(sum))
	for permission, r := range sum {
		list = append(list, spelt(permission, r))
	}
	slices.Sort(list)
	return list
}

// Known returns identity.ErrInvalid, naming the member "roles", for a role that there is not:
// it would grant nothing, now. Of roles in an organization org is true.
func (p *Policy) Known(roles []string, org bool) error {
	set := p.roles
	if org {
		set = p.orgRoles
	}
	for _, role := range roles {
		if _, ok := set[role]; !ok {
			return identity.ErrInvalid.With("roles", fmt.Sprintf("has %q, which is not configured", role))
		}
	}
	return nil
}

// Scoped returns identity.ErrInvalid, naming the member "scopes", for a scope that is neither
// configured nor a registered permission.
func (p *Policy) Scoped(scopes []string) error {
	for _, scope := range scopes {
		if _, ok := p.scopes[scope]; !ok && !p.Registered(Permission(scope)) {
			return identity.ErrInvalid.With("scopes", fmt.Sprintf("has %q, which is neither a scope nor a permission", scope))
		}
	}
	return nil
}
