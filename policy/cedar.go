package policy

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"

	"github.com/gatehouse-id/gatehouse/identity"
)

// The types of the schema that every policy has.
const (
	typeUser    = cedar.EntityType("User")
	typeClient  = cedar.EntityType("Client")
	typeRole    = cedar.EntityType("Role")
	typeOrgRole = cedar.EntityType("OrganizationRole")
	typeOrg     = cedar.EntityType("Organization")
	typeAction  = cedar.EntityType("Action")
	typeNothing = cedar.EntityType("Nothing") // where no resource is asked about
)

const fixedSchema = `
entity Role;
entity OrganizationRole;
entity Organization;
entity Nothing;
entity User in [Role, OrganizationRole] = { organization: Organization, scheme: String, acr: String, amr: Set<String>, authTime: datetime };
entity Client in [Role, OrganizationRole] = { organization: Organization, scheme: String, acr: String, amr: Set<String>, authTime: datetime };
`

// Schema returns the Cedar schema that the conditions of p are judged by.
func (p *Policy) Schema() string {
	var b strings.Builder
	b.WriteString(fixedSchema)
	on := []string{string(typeNothing)}
	for _, kind := range slices.Sorted(maps.Keys(p.file.Resources)) {
		on = append(on, kind)
		fmt.Fprintf(&b, "entity %s = { owner: User, organization: Organization", kind)
		for _, attribute := range slices.Sorted(maps.Keys(p.file.Resources[kind])) {
			fmt.Fprintf(&b, ", %s: %s", attribute, p.file.Resources[kind][attribute])
		}
		b.WriteString(" };\n")
	}
	groups := map[string]bool{}
	for _, permission := range slices.Sorted(maps.Keys(p.registry)) {
		group, _, _ := strings.Cut(string(permission), ":")
		if !groups[group] {
			fmt.Fprintf(&b, "action %q;\n", group)
			groups[group] = true
		}
		fmt.Fprintf(&b, "action %q in [Action::%q] appliesTo { principal: [User, Client], resource: [%s], context: { now: datetime, posture: String, ip?: ipaddr } };\n",
			string(permission), group, strings.Join(on, ", "))
	}
	return b.String()
}

func (p *Policy) schema() (*resolved.Schema, error) {
	var s schema.Schema
	if err := s.UnmarshalCedar([]byte(p.Schema())); err != nil {
		return nil, fmt.Errorf("resources: %w", err)
	}
	r, err := s.Resolve()
	if err != nil {
		return nil, fmt.Errorf("resources: %w", err)
	}
	return r, nil
}

// action is the entity of a permission: in the group of its resource.
func action(permission Permission) cedar.Entity {
	group, _, _ := strings.Cut(string(permission), ":")
	return cedar.Entity{
		UID:     cedar.NewEntityUID(typeAction, cedar.String(permission)),
		Parents: cedar.NewEntityUIDSet(cedar.NewEntityUID(typeAction, cedar.String(group))),
	}
}

// A world has the three entities that a decision can ask about. Each is made when it is asked
// for, of what the conditions read: most ask for two attributes of one.
type world struct {
	*concern
	about               Request
	who, on             cedar.EntityUID
	principal, resource *cedar.Entity
}

func (c *concern) world(r Request) *world {
	return &world{concern: c, about: r, who: principalUID(r.Principal), on: resourceUID(r.Resource)}
}

// Get implements cedar.EntityGetter. The principal comes first. Threat: a resource that an
// application calls by the principal's own name would take their roles away, and with them what
// forbids them something.
func (w *world) Get(uid cedar.EntityUID) (cedar.Entity, bool) {
	switch uid {
	case w.who:
		if w.principal == nil {
			w.principal = w.makePrincipal(w.about.Principal)
		}
		return *w.principal, true
	case w.on:
		if w.resource == nil {
			w.resource = w.makeResource(w.about.Resource)
		}
		return *w.resource, true
	case w.action.UID:
		return w.action, true
	}
	return cedar.Entity{}, false
}

func (w *world) request() cedar.Request {
	q := cedar.Request{Principal: w.who, Action: w.action.UID, Resource: w.on}
	if w.around {
		q.Context = surroundings(w.about.Context)
	}
	return q
}

func surroundings(c Context) cedar.Record {
	about := cedar.RecordMap{"now": cedar.NewDatetime(c.Now), "posture": cedar.String(cmp.Or(c.Posture, "unknown"))}
	if addr, err := netip.ParseAddr(c.IP); err == nil {
		about["ip"] = cedar.IPAddr(netip.PrefixFrom(addr, addr.BitLen()))
	}
	return cedar.NewRecord(about)
}

func principalUID(who *identity.Principal) cedar.EntityUID {
	if who.UserID == "" {
		return cedar.NewEntityUID(typeClient, cedar.String(who.ClientID))
	}
	return cedar.NewEntityUID(typeUser, cedar.String(who.UserID))
}

func (w *world) makePrincipal(who *identity.Principal) *cedar.Entity {
	e := &cedar.Entity{UID: w.who}
	if w.family {
		e.Parents = parents(who)
	}
	attributes := cedar.RecordMap{}
	for name := range w.reads {
		switch name {
		case "organization":
			attributes["organization"] = cedar.NewEntityUID(typeOrg, cedar.String(who.TenantID))
		case "scheme":
			attributes["scheme"] = cedar.String(who.Scheme)
		case "acr":
			attributes["acr"] = cedar.String(who.ACR)
		case "amr":
			attributes["amr"] = set(who.AMR)
		case "authTime":
			attributes["authTime"] = cedar.NewDatetime(who.AuthTime)
		}
	}
	e.Attributes = cedar.NewRecord(attributes)
	return e
}

func parents(who *identity.Principal) cedar.EntityUIDSet {
	list := make([]cedar.EntityUID, 0, len(who.Roles)+len(who.TenantRoles))
	for _, role := range who.Roles {
		list = append(list, cedar.NewEntityUID(typeRole, cedar.String(role)))
	}
	for _, role := range who.TenantRoles {
		list = append(list, cedar.NewEntityUID(typeOrgRole, cedar.String(role)))
	}
	return cedar.NewEntityUIDSet(list...)
}

func resourceUID(on *Resource) cedar.EntityUID {
	if on == nil || on.Type == "" {
		return cedar.NewEntityUID(typeNothing, "")
	}
	return cedar.NewEntityUID(cedar.EntityType(on.Type), cedar.String(on.ID))
}

func (w *world) makeResource(on *Resource) *cedar.Entity {
	e := &cedar.Entity{UID: w.on}
	if on == nil {
		return e
	}
	attributes := cedar.RecordMap{}
	for name := range w.reads {
		switch name {
		case "owner":
			attributes["owner"] = cedar.NewEntityUID(typeUser, cedar.String(on.Owner))
		case "organization":
			attributes["organization"] = cedar.NewEntityUID(typeOrg, cedar.String(on.Organization))
		default:
			if value := value(on.Attributes[name]); value != nil {
				attributes[cedar.String(name)] = value
			}
		}
	}
	e.Attributes = cedar.NewRecord(attributes)
	return e
}

// value returns what a condition sees of v; nil, and so nothing, of a type it does not know.
func value(v any) cedar.Value {
	switch v := v.(type) {
	case bool:
		return cedar.Boolean(v)
	case string:
		return cedar.String(v)
	case int:
		return cedar.Long(v)
	case int64:
		return cedar.Long(v)
	case time.Time:
		return cedar.NewDatetime(v)
	case []string:
		return set(v)
	default:
		return nil
	}
}

func set(list []string) cedar.Set {
	values := make([]cedar.Value, len(list))
	for i, s := range list {
		values[i] = cedar.String(s)
	}
	return cedar.NewSet(values...)
}
