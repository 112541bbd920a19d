package gatehouse

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/guard"
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
	if r.Limit.N > 0 {
		words = append(words, fmt.Sprintf("limit %d/%s", r.Limit.N, short(r.Limit.Per)))
	}
	switch {
	case r.Anonymous:
		words = append(words, "anonymous")
	case r.Public:
		words = append(words, "public")
	default:
		words = append(words, "signed in")
	}
	if r.CrossSite {
		words = append(words, "cross-site")
	}
	if r.Permission != "" {
		words = append(words, "may "+string(r.Permission))
	}
	if r.Owner != nil {
		words = append(words, "own")
	}
	if r.Fresh > 0 {
		words = append(words, "fresh "+short(r.Fresh))
	}
	if r.Audit != "" {
		words = append(words, "records "+r.Audit)
	}
	return strings.Join(words, ", ")
}

// short writes a duration without its empty parts: 15m, not 15m0s.
func short(d time.Duration) string {
	return strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(d.String())
}
