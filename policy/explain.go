package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"
	public "github.com/cedar-policy/cedar-go/ast"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/eval"
)

// onOwn is how a line of an explanation says that something holds for what one owns only.
const onOwn = ", on what one owns"

// Grants returns what would grant a permission, for operators to read: "role editor", "role user,
// on what one owns", "organization role writer", "condition young (line 7), where it holds". Roles
// come before those of organizations, and those before conditions; each sorted. nil is nothing:
// the permission is not registered.
func (p *Policy) Grants(want Permission) []string {
	if !p.Registered(want) {
		return nil
	}
	base := p.spellings[want].base
	var list []string
	for _, role := range p.Roles(false) {
		list = appendReach(list, "role "+role, p.roles[role][base])
	}
	for _, role := range p.Roles(true) {
		list = appendReach(list, "organization role "+role, p.orgRoles[role][base])
	}
	if about := p.conditions.by[base]; about != nil {
		for _, c := range about.list {
			if c.policy.Effect() == cedar.Permit {
				list = append(list, "condition "+string(c.id)+", where it holds")
			}
		}
	}
	return list
}

func appendReach(list []string, rule string, r reach) []string {
	switch r {
	case all:
		return append(list, rule)
	case own:
		return append(list, rule+onOwn)
	default:
		return list
	}
}

// An Explanation is a decision and, where it is no, what would have to be true for a yes.
type Explanation struct {
	Decision
	// All are the things that would have to be true together.
	All []string
	// Any are those of which one would be enough, besides All.
	Any []string
}

// Explain decides, and says what would change a no. It is for operators: whoever asks for
// something and may not have it learns nothing of this.
func (p *Policy) Explain(r Request) Explanation {
	e := Explanation{Decision: p.Authorize(r)}
	if e.Allow {
		return e
	}
	switch e.Cause {
	case Nobody:
		e.All = []string{"somebody is signed in"}
		return e
	case Unregistered:
		e.All = []string{"the policy lists the permission " + string(r.Permission)}
		return e
	}
	base := p.spellings[r.Permission].base
	if p.scope(r.Principal, base) == none {
		e.All = append(e.All, "the credential has a scope that covers it: "+strings.Join(p.covering(base), ", "))
	}
	unlimited := *r.Principal
	unlimited.Scopes = nil
	r.Principal = &unlimited
	if d := p.byRole(r, base); !d.Allow && !p.permitted(r, base) {
		e.Any = p.lacking(r, base, d)
	}
	e.All = append(e.All, p.forbidding(r, base)...)
	return e
}

// covering returns the scopes that let a permission through, sorted.
func (p *Policy) covering(base Permission) []string {
	list := []string{string(base)}
	for _, scope := range slices.Sorted(maps.Keys(p.scopes)) {
		list = appendReach(list, scope, p.scopes[scope][base])
	}
	return list
}

// permitted reports whether a condition permits it, whatever others forbid.
func (p *Policy) permitted(r Request, base Permission) bool {
	about := p.conditions.by[base]
	return about != nil && slices.ContainsFunc(about.list, func(one condition) bool {
		return one.policy.Effect() == cedar.Permit && about.unmet(r, one) == nil
	})
}

// lacking returns what would grant it, one of which is enough.
func (p *Policy) lacking(r Request, base Permission, byRole Decision) []string {
	var list []string
	switch byRole.Cause {
	case Foreign:
		list = append(list, "role "+roleAdmin, fmt.Sprintf("membership of organization %s, with a role that grants it", r.Resource.Organization))
		return list
	case NotOwner:
		list = append(list, "the resource is their own")
	}
	for _, rule := range p.Grants(base) {
		if !strings.HasPrefix(rule, "condition ") && (byRole.Cause != NotOwner || !strings.HasSuffix(rule, onOwn)) {
			list = append(list, rule)
		}
	}
	about := p.conditions.by[base]
	if about == nil {
		return list
	}
	for _, one := range about.list {
		if one.policy.Effect() == cedar.Permit {
			list = append(list, fmt.Sprintf("condition %s, for which would have to be true: %s", one.id, strings.Join(about.unmet(r, one), "; ")))
		}
	}
	return list
}

// forbidding returns the conditions that forbid it, each with why.
func (p *Policy) forbidding(r Request, base Permission) []string {
	about := p.conditions.by[base]
	if about == nil {
		return nil
	}
	var list []string
	w := about.world(r)
	for _, one := range about.list {
		_, why := cedar.Authorize(&concern{list: []condition{one}}, w, w.request())
		switch {
		case len(why.Errors) > 0:
			list = append(list, fmt.Sprintf("condition %s does not fail: %s", one.id, why.Errors[0].Message))
		case one.policy.Effect() == cedar.Forbid && len(why.Reasons) > 0:
			list = append(list, fmt.Sprintf("condition %s does not forbid it, as it does where %s", one.id, strings.Join(clauses(one), " and ")))
		}
	}
	return list
}

// unmet returns the clauses of a condition that are not true, as Cedar; nil where all are. A
// clause that fails counts where none before it is false: it may be guarded by that one.
func (c *concern) unmet(r Request, one condition) []string {
	w := c.world(r)
	q := w.request()
	env := eval.Env{Entities: w, Principal: q.Principal, Action: q.Action, Resource: q.Resource, Context: q.Context}
	var list []string
	for _, clause := range conjuncts(eval.PolicyToNode((*ast.Policy)(one.policy.AST())).AsIsNode()) {
		v, err := eval.Eval(clause, env)
		if err != nil && list == nil {
			list = append(list, fmt.Sprintf("%s (%s)", written(clause), err))
		} else if err == nil && v != cedar.True {
			list = append(list, written(clause))
		}
	}
	return list
}

// clauses returns what a condition asks for beside its scope.
func clauses(one condition) []string {
	var list []string
	for _, clause := range (*ast.Policy)(one.policy.AST()).Conditions {
		text := written(clause.Body)
		if !clause.Condition {
			text = "!(" + text + ")"
		}
		list = append(list, text)
	}
	if list == nil {
		return []string{"anything is asked"}
	}
	return list
}

// conjuncts takes "a && b && c" apart.
func conjuncts(n ast.IsNode) []ast.IsNode {
	if and, ok := n.(ast.NodeTypeAnd); ok {
		return append(conjuncts(and.Left), conjuncts(and.Right)...)
	}
	return []ast.IsNode{n}
}

// written is an expression as Cedar.
func written(n ast.IsNode) string {
	whole := cedar.NewPolicyFromAST((*public.Policy)(ast.Permit().When(ast.NewNode(n)))).MarshalCedar()
	_, text, _ := strings.Cut(string(whole), "when {")
	return strings.Join(strings.Fields(strings.TrimSuffix(strings.TrimSpace(text), "};")), " ")
}
