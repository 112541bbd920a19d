package gatehouse

import (
	"net/http"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// The list of routes says all that a rule demands: a demand that is not printed could get lost
// without a line of the reviewed list changing.
func TestDemands(t *testing.T) {
	all := guard.Rule{
		CrossSite: true, Limit: throttle.Rate{N: 5, Per: time.Minute}, Schemes: []identity.SchemeID{identity.SchemeAPIKey, identity.SchemeMTLS},
		Organization: func(*http.Request) identity.TenantID { return "" }, Roles: []string{"editor", "admin"}, Permission: "posts:delete",
		Scope: "export:csv", Owner: func(*http.Request) (policy.Resource, error) { return policy.Resource{}, nil },
		Condition: func(*http.Request) error { return nil }, Fresh: 5 * time.Minute, Audit: "post.deleted",
	}
	for want, rule := range map[string]guard.Rule{
		"signed in":        {},
		"public":           {Public: true},
		"anonymous":        {Public: true, Anonymous: true},
		"signed in, role ": {Roles: []string{}},
		"public, by basic": {Public: true, Schemes: []identity.SchemeID{identity.SchemeBasic}},
		"limit 5/1m, signed in, cross-site, by api-key or mtls, in an organization, role editor or admin, scope export:csv, " +
			"may posts:delete, own, condition, fresh 5m, records post.deleted": all,
	} {
		if got := demands(rule); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}
