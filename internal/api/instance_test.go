package api_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// Houses over one database are one: whichever is asked knows every sign-in, of the mode that
// keeps a cookie and of those that keep tokens, and that it is over (SES-12, SES-14, SES-15).
func TestInstances(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		key := func(c *gatehouse.Config) { c.MasterKey = make([]byte, 32) }
		one, other := open(t, db, key), open(t, db, key)
		one.person(alice)
		for _, mode := range []string{"cookie", "token", "cookie-token", "native"} {
			here := one.signedIn(alice, mode)
			there := *here
			there.fixture = other
			there.me().is(200, "")
			there.call("POST", "/auth/logout", nil).is(200, "")
			if a := here.me(); a.status != 401 {
				t.Errorf("%s: it is not over: %d %s", mode, a.status, a.text)
			}
		}
	})
}
