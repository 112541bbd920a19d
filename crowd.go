package gatehouse

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// Threat: a flood of sign-ins, each of which waits for a hash, fills the memory and makes everybody
// wait who is signed in already. So requests that cost something are few at a time, and are refused
// first; what is cheap is not counted here.

// costlyMost is how many are under way at once where Config.Costly says nothing.
const costlyMost = 128

// cheap are the routes that strangers may call and that change something, and still cost next to
// nothing: one signature, or a few statements. Whoever is signed in needs them to stay so.
var cheap = []string{"POST /auth/refresh", "POST /auth/logout", "POST /logout"}

// costly reports whether a stranger can make a route hash, mail or write. What only reads does none of
// it, and whoever has proved who they are is known by name if they flood.
func costly(r guard.Route) bool {
	return r.Rule.Public && !strings.HasPrefix(r.Pattern, http.MethodGet+" ") && !slices.Contains(cheap, r.Pattern)
}

// few serves next for as many costly requests at once as there are places. What is cheap needs none.
func few(places *throttle.Crowd, route guard.Route, next http.Handler) http.Handler {
	if !costly(route) {
		return next
	}
	return web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		leave, err := places.Enter(identity.OriginOf(r.Context()).IP)
		if err != nil {
			return err
		}
		defer leave()
		next.ServeHTTP(w, r)
		return nil
	})
}
