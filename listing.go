package gatehouse

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
)

// RouteList returns every route of the house with what it demands, one a line, sorted by
// path. It is the text of "gatehouse routes" and of testdata/routes.golden.
func (g *Gate) RouteList() string {
	routes := slices.Clone(g.routes)
	slices.SortFunc(routes, func(a, b guard.Route) int {
		return cmp.Or(cmp.Compare(pathOf(a), pathOf(b)), cmp.Compare(a.Pattern, b.Pattern))
	})
	var text strings.Builder
	for _, r := range routes {
		method, path, _ := strings.Cut(r.Pattern, " ")
		fmt.Fprintf(&text, "%-6s %-40s %s\n", method, path, demands(r.Rule))
	}
	return text.String()
}

func pathOf(r guard.Route) string {
	_, path, _ := strings.Cut(r.Pattern, " ")
	return path
}

// demands says what a rule asks, in the order in which it is asked.
func demands(r guard.Rule) string {
	var words []string
	say := func(asked bool, format string, args ...any) {
		if asked {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	say(r.Limit.N > 0, "limit %d/%s", r.Limit.N, short(r.Limit.Per))
	say(r.Call, "call")
	say(r.Anonymous, "anonymous")
	say(r.Public && !r.Anonymous, "public")
	say(!r.Public && !r.Anonymous, "signed in")
	say(r.CrossSite, "cross-site")
	say(r.Schemes != nil, "by %s", strings.Join(named(r.Schemes), " or "))
	say(r.Organization != nil, "in an organization")
	say(r.Roles != nil, "role %s", strings.Join(r.Roles, " or "))
	say(r.Scope != "", "scope %s", r.Scope)
	say(r.Permission != "", "may %s", r.Permission)
	say(r.Owner != nil, "own")
	say(r.Condition != nil, "condition")
	say(r.Fresh > 0, "fresh %s", short(r.Fresh))
	say(r.Audit != "", "records %s", r.Audit)
	return strings.Join(words, ", ")
}

func named(schemes []identity.SchemeID) []string {
	names := make([]string, len(schemes))
	for i, id := range schemes {
		names[i] = string(id)
	}
	return names
}

// short writes a duration without its empty parts: 15m, not 15m0s.
func short(d time.Duration) string {
	return strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(d.String())
}
