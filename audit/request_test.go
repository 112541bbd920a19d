package audit_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// The events of one request are found by its ID, oldest first, and no others; an event of a client
// that acts for itself names the client.
func TestOfRequest(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := newLog(db)
		now := l.Now()
		l.Now = func() time.Time { return now }
		id, other := identity.NewID[identity.RequestID]("req", now), identity.NewID[identity.RequestID]("req", now)
		for i, of := range []identity.RequestID{other, id, id} {
			ctx := identity.WithOrigin(t.Context(), &identity.Origin{RequestID: of})
			ctx = identity.NewContext(ctx, &identity.Principal{ClientID: "cli_1"})
			if err := l.Record(ctx, identity.Event{Type: []string{"zero", "one", "two"}[i]}); err != nil {
				t.Fatal(err)
			}
			now = now.Add(20 * time.Minute)
		}
		list, err := l.OfRequest(t.Context(), id)
		if err != nil || len(list) != 2 || list[0].Type != "one" || list[1].Type != "two" || list[0].Actor != "cli_1" {
			t.Errorf("%+v, %v", list, err)
		}
		for _, id := range []identity.RequestID{"", "req_1", identity.NewID[identity.RequestID]("req", now)} {
			if list, err := l.OfRequest(t.Context(), id); err != nil || len(list) != 0 {
				t.Errorf("%q: %+v, %v", id, list, err)
			}
		}
	})
}
