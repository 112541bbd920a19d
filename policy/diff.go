package policy

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A Who is somebody that policies are compared for.
type Who struct {
	Name      string // for people to read, and unique: "role editor", "ada@example.com"
	Principal identity.Principal
}

// A Change is something that somebody may do by one of two policies only.
type Change struct {
	Gained     bool // by the new one; else lost
	Who        string
	Permission Permission
	On         string // what they may do it to: "own Post (locked: true)", "everything"
	Rule       string // what grants it, in the policy that does
	Against    string // the condition that refuses it in the other one; "" where nothing grants it there
}

// String is the change as a line, its columns apart by tabs: "+ role editor", "posts:delete",
// "everything", "role editor".
func (c Change) String() string {
	sign, why := "-", c.Rule
	if c.Gained {
		sign = "+"
	}
	if c.Against != "" {
		why += ", against " + c.Against
	}
	return fmt.Sprintf("%s %s\t%s\t%s\t(%s)", sign, c.Who, c.Permission, c.On, why)
}

// they are who is not named in a comparison, and owns what is another's.
const they identity.UserID = "another"

// theirs is the organization of those in a comparison who have a role in one.
const theirs identity.TenantID = "org_theirs"

// Subjects returns whom two policies can be compared for where no users are known: somebody
// without a role, one of each role and of each role in an organization, a credential of an
// administrator limited to each scope, and whom the tests of either ask as.
func Subjects(before, after *Policy) []Who {
	list := []Who{{"anybody signed in", identity.Principal{UserID: Somebody}}}
	for _, role := range names(before.roles, after.roles) {
		list = append(list, Who{"role " + role, identity.Principal{UserID: Somebody, Roles: []string{role}}})
	}
	for _, role := range names(before.orgRoles, after.orgRoles) {
		list = append(list, Who{"organization role " + role, identity.Principal{UserID: Somebody, TenantID: theirs, TenantRoles: []string{role}}})
	}
	for _, scope := range names(before.scopes, after.scopes) {
		list = append(list, Who{"scope " + scope, identity.Principal{UserID: Somebody, Roles: []string{roleAdmin}, Scopes: []string{scope}}})
	}
	for _, p := range []*Policy{before, after} {
		for i, r := range p.tests {
			if !slices.ContainsFunc(list, func(w Who) bool { return reflect.DeepEqual(w.Principal, *r.Principal) }) {
				list = append(list, Who{p.file.Tests[i].As.String(), *r.Principal})
			}
		}
	}
	return list
}

// String is a subject for people to read: "ada, roles editor user".
func (s Subject) String() string {
	list := []string{cmp.Or(s.User, s.Client, string(Somebody))}
	for _, part := range []struct {
		what string
		of   []string
	}{
		{"roles", s.Roles},
		{"in", nonEmpty(s.Organization)},
		{"organization roles", s.OrganizationRoles},
		{"scopes", s.Scopes},
		{"scheme", nonEmpty(s.Scheme)},
		{"acr", nonEmpty(s.ACR)},
		{"amr", s.AMR},
	} {
		if len(part.of) > 0 {
			list = append(list, part.what+" "+strings.Join(part.of, " "))
		}
	}
	if !s.AuthTime.IsZero() {
		list = append(list, "since "+s.AuthTime.UTC().Format(time.RFC3339))
	}
	return strings.Join(list, ", ")
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func names(a, b map[string]grants) []string {
	list := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(list)
	return slices.Compact(list)
}

// Diff returns what each of them may do by one policy and not by the other: on what they own, on
// another's, on nothing in particular, and on every sample that the tests of either policy bring,
// as it is and as their own and another's. Conditions are asked at Noon, and about a sample as its
// test says. What is gained or lost on all of it is one Change, and so is what is on all that is
// their own, or on all that is not. The list is sorted by who, permission, gained before lost, and resource.
func Diff(before, after *Policy, who []Who) []Change {
	var list []Change
	samples := samples(before, after)
	bases := slices.AppendSeq(slices.Collect(maps.Keys(before.registry)), maps.Keys(after.registry))
	slices.Sort(bases)
	bases = slices.DeleteFunc(slices.Compact(bases), func(base Permission) bool { return alike(before, after, base) })
	for _, one := range who {
		cases := casesFor(&one.Principal, samples)
		for _, base := range bases {
			list = append(list, changes(before, after, one, base, cases)...)
		}
	}
	slices.SortStableFunc(list, func(a, b Change) int {
		return cmp.Or(strings.Compare(a.Who, b.Who), strings.Compare(string(a.Permission), string(b.Permission)), order(a.Gained, b.Gained), strings.Compare(a.On, b.On))
	})
	return list
}

// alike reports whether two policies decide alike about a permission, whoever asks: all that a
// decision rests on is the same. Most permissions are, and need not be asked of every user.
func alike(a, b *Policy, base Permission) bool {
	if a.registry[base] != b.registry[base] || !slices.Equal(a.texts(base), b.texts(base)) {
		return false
	}
	for _, sets := range [][2]map[string]grants{{a.roles, b.roles}, {a.orgRoles, b.orgRoles}, {a.scopes, b.scopes}} {
		for _, name := range names(sets[0], sets[1]) {
			if sets[0][name][base] != sets[1][name][base] {
				return false
			}
		}
	}
	return true
}

// texts are the conditions about a permission, as Cedar.
func (p *Policy) texts(base Permission) []string {
	about := p.conditions.by[base]
	if about == nil {
		return nil
	}
	list := make([]string, len(about.list))
	for i, one := range about.list {
		list[i] = string(one.policy.MarshalCedar())
	}
	return list
}

func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}

// A trial is one resource that a comparison asks about.
type trial struct {
	name    string
	own     bool
	on      *Resource
	context Context
}

// samples are the resources of the tests of both, each once.
func samples(policies ...*Policy) []trial {
	var list []trial
	known := map[string]bool{}
	for _, p := range policies {
		for _, r := range p.tests {
			if r.Resource == nil {
				continue
			}
			s := trial{name: described(r.Resource, r.Context), on: r.Resource, context: r.Context}
			if !known[s.name] {
				known[s.name] = true
				list = append(list, s)
			}
		}
	}
	return list
}

// described names the resource and the surroundings of a test.
func described(on *Resource, about Context) string {
	text := on.String()
	if about.IP != "" {
		text += ", from " + about.IP
	}
	if about.Posture != "" {
		text += ", device " + about.Posture
	}
	if !about.Now.Equal(Noon) {
		text += ", at " + about.Now.UTC().Format(time.RFC3339)
	}
	return text
}

// casesFor are the resources that a comparison asks about for somebody.
func casesFor(who *identity.Principal, samples []trial) []trial {
	noon := Context{Now: Noon}
	list := []trial{
		{name: "nothing in particular", context: noon},
		{name: "another's", on: &Resource{Owner: they, Organization: who.TenantID}, context: noon},
	}
	mine := who.UserID != "" // a client that acts for itself owns nothing
	if mine {
		list = append(list, trial{name: "their own", own: true, on: &Resource{Owner: who.UserID, Organization: who.TenantID}, context: noon})
	}
	for _, s := range samples {
		if s.on.Organization == "" && len(who.TenantRoles) > 0 {
			s = s.within(who.TenantID) // roles there reach nothing else
		}
		s.own = mine && s.on.Owner == who.UserID
		list = append(list, s, s.of(who, "another's", they))
		if mine {
			list = append(list, s.of(who, "own", who.UserID))
		}
	}
	return list
}

// within is a sample as if it belonged to an organization.
func (s trial) within(org identity.TenantID) trial {
	on := *s.on
	on.Organization = org
	s.on = &on
	return s
}

// of is a sample as if it belonged to somebody else, and to the organization of who.
func (s trial) of(who *identity.Principal, whose string, owner identity.UserID) trial {
	on := *s.on
	on.ID, on.Owner, on.Organization = "", owner, ""
	if s.on.Organization != "" {
		on.Organization = who.TenantID
	}
	return trial{whose + " " + described(&Resource{Type: on.Type, Attributes: on.Attributes}, s.context), owner == who.UserID, &on, s.context}
}

// changes compares one permission for somebody.
func changes(before, after *Policy, who Who, base Permission, cases []trial) []Change {
	found := map[Change]*extent{}
	within := map[bool]*extent{true: reachable(after, who, base, cases), false: reachable(before, who, base, cases)}
	for _, c := range cases {
		was, is := before.ask(&who.Principal, base, c), after.ask(&who.Principal, base, c)
		if was.Allow == is.Allow {
			continue
		}
		yes, no := was, is
		if is.Allow {
			yes, no = is, was
		}
		change := Change{Gained: is.Allow, Who: who.Name, Permission: base, Rule: strings.TrimSuffix(yes.Rule, ", own")}
		if no.Cause == Refused {
			change.Against = no.Rule
		}
		if found[change] == nil {
			found[change] = &extent{}
		}
		found[change].add(c)
	}
	var list []Change
	for change, where := range found {
		for _, name := range where.folded(within[change.Gained]) {
			change.On = name
			list = append(list, change)
		}
	}
	return list
}

// ask decides about a permission, however the policy spells it.
func (p *Policy) ask(who *identity.Principal, base Permission, c trial) Decision {
	if !p.Registered(base) {
		base += ":own"
	}
	return p.Authorize(Request{Principal: who, Permission: base, Resource: c.on, Context: c.context})
}

// An extent is some of the resources that a comparison asks about.
type extent struct {
	names    []string
	own      int  // how many are somebody's own
	narrowed bool // a condition forbids some of the others, whatever the roles
}

func (e *extent) add(c trial) {
	e.names = append(e.names, c.name)
	if c.own {
		e.own++
	}
}

// reachable are those on which nothing but roles and scopes stand between somebody and the
// permission: not what belongs to another organization, and not what a condition forbids.
func reachable(p *Policy, who Who, base Permission, cases []trial) *extent {
	e := &extent{}
	for _, c := range cases {
		switch p.ask(&who.Principal, base, c).Cause {
		case Foreign:
		case Refused:
			e.narrowed = true
		default:
			e.add(c)
		}
	}
	return e
}

// folded names the resources, shortly where they are all that are reachable, or all of those that
// are somebody's own, or all that are not: what is forbidden or foreign anyway need not be told.
func (e *extent) folded(reachable *extent) []string {
	all, own := len(reachable.names), reachable.own
	var text string
	switch {
	case len(e.names) == all:
		text = "everything"
	case e.own == own && len(e.names) == own:
		text = "what they own"
	case e.own == 0 && len(e.names) == all-own:
		text = "all but what they own"
	default:
		slices.Sort(e.names)
		return slices.Compact(e.names)
	}
	if reachable.narrowed {
		text += ", unless a condition forbids it"
	}
	return []string{text}
}
