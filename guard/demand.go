package guard

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// demands say what each step demanded, to operators.
var demands = map[string]func(*call) string{
	"limit": func(c *call) string {
		return fmt.Sprintf("at most %d requests in %s from one address", c.spent.N, short(c.spent.Per))
	},
	"authenticate": (*call).credential,
	"forgery":      (*call).provenance,
	"scheme":       (*call).credential,
	"organization": func(c *call) string { return "a member of organization " + string(c.rule.Organization(c.r)) },
	"role":         func(c *call) string { return "one of the roles " + strings.Join(c.rule.Roles, ", ") },
	"scope":        func(c *call) string { return "a credential that names scope " + c.rule.Scope },
	"permission":   func(c *call) string { return "permission " + string(c.want) },
	"owner":        (*call).ownership,
	"condition":    func(*call) string { return "the condition of the route" },
	"fresh":        func(c *call) string { return "a proof not older than " + short(c.rule.Fresh) },
}

// demand says what the step demanded that refused with err.
func (c *call) demand(step string, err error) string {
	var e *identity.Error
	switch {
	case c.spent.N != 0:
		return demands["limit"](c) // of strangers, whose credential was no good
	case c.p == nil && errors.Is(err, identity.ErrNoCredentials):
		return c.credential()
	case errors.As(err, &e) && e.ACR != "":
		return "assurance " + e.ACR
	case (step == "permission" || step == "owner") && errors.Is(err, identity.ErrScope):
		return "a credential whose scopes cover " + string(c.want)
	default:
		return demands[step](c)
	}
}

// credential says by what the route may be called.
func (c *call) credential() string {
	switch {
	case c.rule.Schemes != nil:
		var names []string
		for _, s := range c.rule.Schemes {
			names = append(names, string(s))
		}
		return "a credential of scheme " + strings.Join(names, " or ")
	case !c.meant && !c.rule.Public:
		return "a credential that is not limited by scopes"
	default:
		return "a credential that is valid"
	}
}

func (c *call) provenance() string {
	if c.p != nil && c.p.Cookie && !c.rule.Public {
		return "the token against forgery, from one of our pages"
	}
	return "a request from one of our pages, or from no page at all"
}

func (c *call) ownership() string {
	switch {
	case c.on == nil:
		return "a resource that exists"
	case c.want != "":
		return "permission " + string(c.want) + " on this resource"
	default:
		return "the owner of the resource, or an administrator"
	}
}

// short writes a duration without its empty parts: 15m, not 15m0s.
func short(d time.Duration) string {
	return strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(d.String())
}
