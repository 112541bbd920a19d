package policy

import (
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"
)

// conditions are the Cedar policies of a file, found by the permission that they are about: of
// fifty a decision reads the few that can matter to it.
type conditions struct {
	by    map[Permission]*concern
	first int // the line of the file before their first
}

// A concern is the policies that are about one permission, and what they read: nothing else is
// made for them.
type concern struct {
	list   []condition
	action cedar.Entity
	reads  map[string]bool // attributes, of whatever entity
	family bool            // they ask who is in what
	around bool            // they speak of the context, perhaps
}

type condition struct {
	id     cedar.PolicyID
	policy *cedar.Policy
}

// All implements cedar.PolicyIterator.
func (c *concern) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, one := range c.list {
			if !yield(one.id, one.policy) {
				return
			}
		}
	}
}

// add adds a policy, and notes what it reads.
func (c *concern) add(id cedar.PolicyID, one *cedar.Policy) {
	c.list = append(c.list, condition{id, one})
	tree := (*ast.Policy)(one.AST())
	switch tree.Principal.(type) {
	case ast.ScopeTypeIn, ast.ScopeTypeIsIn:
		c.family = true
	}
	for _, clause := range tree.Conditions {
		ast.Inspect(ast.NewNode(clause.Body), func(n ast.IsNode) bool {
			c.note(n)
			return true
		})
	}
}

func (c *concern) note(n ast.IsNode) {
	switch n := n.(type) {
	case ast.NodeTypeAccess:
		c.reads[string(n.Value)] = true
	case ast.NodeTypeHas:
		c.reads[string(n.Value)] = true
	case ast.NodeTypeIn, ast.NodeTypeIsIn:
		c.family = true
	case ast.NodeTypeVariable:
		c.around = c.around || n.Name == "context"
	}
}

// permits reports whether some condition could allow base.
func (c conditions) permits(base Permission) bool {
	about := c.by[base]
	return about != nil && slices.ContainsFunc(about.list, func(one condition) bool { return one.policy.Effect() == cedar.Permit })
}

// Of the conditions: their length in bytes, how deep brackets may nest in them, and how many
// combinations of permission and type of resource they may be about. Threat: Cedar's parser and
// validator recurse with every bracket. A deep enough one ends the program, and what is judged
// grows with the combinations.
const (
	maxConditions   = 64 << 10
	maxDepth        = 50
	maxCombinations = 500_000
)

var (
	// position is what Cedar's parser says of where it stopped.
	position = regexp.MustCompile(`(?:<input>:|line )(\d+)(?::(\d+))?`)
	// quiet is the text in which a bracket is none: strings and comments.
	quiet = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|//[^\n]*`)
	// title is what a condition may be called: logs and explanations repeat it.
	title = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$`)
)

// compileConditions reads the Cedar of the file, judges it against the schema, and finds for each
// policy the permissions it is about.
func (p *Policy) compileConditions() (conditions, error) {
	c := conditions{by: map[Permission]*concern{}, first: p.file.lines[".conditions"]}
	schema, err := p.schema()
	if err != nil {
		return c, err
	}
	parsed, err := p.parseConditions(c)
	if err != nil {
		return c, err
	}
	judge, combinations := validate.New(schema, validate.WithStrict()), 0
	names := map[string]bool{}
	for i, one := range parsed {
		line, called := one.Position().Line+c.first, called(one, i)
		if !title.MatchString(called) || names[called] {
			return c, fmt.Errorf("line %d: condition %q: an @id stands once, has letters, digits, ' ', '.', '_' and '-', and at most 64", line, called)
		}
		names[called] = true
		tree := (*ast.Policy)(one.AST())
		about := p.about(tree)
		if combinations += len(about) * (len(p.file.Resources) + 1); combinations > maxCombinations {
			return c, fmt.Errorf("line %d: condition %s: the conditions are about too much together; name the permission of each", line, called)
		}
		if err := judge.Policy("", tree); err != nil {
			first, _, _ := strings.Cut(err.Error(), "\n")
			return c, fmt.Errorf("line %d: condition %s: %s", line, called, strings.TrimPrefix(first, "for policy ``, "))
		}
		c.add(about, cedar.PolicyID(fmt.Sprintf("%s (line %d)", called, line)), one)
	}
	return c, nil
}

func (p *Policy) parseConditions(c conditions) (cedar.PolicyList, error) {
	text := p.file.Conditions
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if len(text) > maxConditions {
		return nil, p.file.fault("conditions", "conditions: longer than %d bytes", maxConditions)
	}
	if depth(text) > maxDepth {
		return nil, p.file.fault("conditions", "conditions: brackets within brackets, more than %d deep", maxDepth)
	}
	parsed, err := cedar.NewPolicyListFromBytes("", []byte(text))
	if err != nil {
		return nil, errors.New(c.inFile(strings.TrimPrefix(err.Error(), "parser error: parse error at ")))
	}
	return parsed, nil
}

// depth returns how deep the brackets of a text nest at the deepest.
func depth(text string) (deepest int) {
	open := 0
	for _, c := range quiet.ReplaceAllString(text, "") {
		switch c {
		case '(', '[', '{':
			open++
			deepest = max(deepest, open)
		case ')', ']', '}':
			open = max(open-1, 0)
		}
	}
	return deepest
}

// add adds a policy to what it is about.
func (c conditions) add(about []Permission, id cedar.PolicyID, one *cedar.Policy) {
	for _, permission := range about {
		if c.by[permission] == nil {
			c.by[permission] = &concern{action: action(permission), reads: map[string]bool{}}
		}
		c.by[permission].add(id, one)
	}
}

// called returns what a condition is called: its @id, or its number.
func called(one *cedar.Policy, i int) string {
	if id, ok := one.Annotations()["id"]; ok {
		return string(id)
	}
	return strconv.Itoa(i + 1)
}

// inFile moves a position within the conditions to one within the file.
func (c conditions) inFile(text string) string {
	return position.ReplaceAllStringFunc(text, func(at string) string {
		line, _ := strconv.Atoi(position.FindStringSubmatch(at)[1])
		return "line " + strconv.Itoa(line+c.first) + ":"
	})
}

// about returns the permissions that a condition is about, as its scope says.
func (p *Policy) about(one *ast.Policy) []Permission {
	var named []string
	switch scope := one.Action.(type) {
	case ast.ScopeTypeEq:
		named = []string{string(scope.Entity.ID)}
	case ast.ScopeTypeIn:
		named = []string{string(scope.Entity.ID)}
	case ast.ScopeTypeInSet:
		for _, uid := range scope.Entities {
			named = append(named, string(uid.ID))
		}
	default:
		named = []string{string(Everything)}
	}
	var found []Permission
	for permission := range p.registry {
		group, _, _ := strings.Cut(string(permission), ":")
		if slices.Contains(named, string(permission)) || slices.Contains(named, group) || slices.Contains(named, string(Everything)) {
			found = append(found, permission)
		}
	}
	return found
}

// judge asks the conditions about what roles and scopes have decided. A condition that fails
// denies: Cedar would skip it, and a forbid that fails must not become a yes.
func (c *concern) judge(r Request, byRole Decision, scoped reach) Decision {
	w := c.world(r)
	verdict, why := cedar.Authorize(c, w, w.request())
	switch {
	case len(why.Errors) > 0:
		return refuse(byRole, why.Errors[0].PolicyID, "failed: "+why.Errors[0].Message)
	case verdict == cedar.Allow:
		if byRole.Allow || r.Resource == nil && byRole.Depends {
			return byRole
		}
		return permitted(byRole, r, why.Reasons[0].PolicyID, scoped)
	case len(why.Reasons) > 0:
		return refuse(byRole, why.Reasons[0].PolicyID, "forbids it")
	default:
		return byRole
	}
}

// refuse turns a yes into a no. A no stays what it was: whoever may not know that a resource
// exists does not learn it from a condition.
func refuse(d Decision, id cedar.PolicyID, what string) Decision {
	rule := "condition " + string(id)
	if !d.Allow && !d.Depends {
		return d
	}
	return Decision{Cause: Refused, Rule: rule, Reason: rule + " " + what}
}

// permitted turns a no of the roles into a yes, as far as the scopes of the credential go, and
// never across organizations, nor to the administration of the house: that is a role's to give.
// Threat: a permit that names no action, written with posts in mind, would make administrators.
func permitted(d Decision, r Request, id cedar.PolicyID, scoped reach) Decision {
	mine := r.Resource != nil && r.Principal.UserID != "" && r.Resource.Owner == r.Principal.UserID
	if base, _ := r.Permission.base(); base == Admin || d.Cause == Foreign || scoped == own && !mine {
		return d
	}
	rule := "condition " + string(id)
	return Decision{Allow: true, Rule: rule, Reason: rule + " permits it"}
}
