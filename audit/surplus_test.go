package audit_test

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// What strangers cause about nobody is summed beyond a rate: nothing is lost but the detail, and what
// is about somebody is always recorded.
func TestSurplusIsSummed(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := newLog(db)
		now := l.Now()
		l.Now = func() time.Time { return now }
		flood := func(typ string, n int, subject identity.UserID) {
			t.Helper()
			for i := range n {
				ctx := identity.WithOrigin(t.Context(), &identity.Origin{IP: fmt.Sprint("192.0.2.", i%7)})
				if err := l.Record(ctx, identity.Event{Type: typ, Subject: subject}); err != nil {
					t.Fatal(err)
				}
			}
		}
		flood("login.failed", 350, "")
		flood("client.rejected", 5, "")
		flood("login.failed", 150, "usr_1")
		settled(t, l, false, 100+5+150, 0) // the sums wait for a minute
		now = now.Add(time.Minute)
		flood("login.failed", 130, "") // a new minute: a hundred of them are recorded
		settled(t, l, false, 100+5+150+100+1, 250+30)
		settled(t, l, true, 100+5+150+100+1, 250+30)
		flood("login.failed", 1, "")
		settled(t, l, true, 100+5+150+100+2, 250+30+1)
		if n := l.Counts()["login.failed"]; n != 350+150+130+1 {
			t.Errorf("counted %d", n)
		}
	})
}

// settled settles and compares how many events there are, and how many more they tell of.
func settled(t *testing.T, l *audit.Log, all bool, rows, told int) {
	t.Helper()
	if err := l.Settle(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	list := pages(t, l, audit.Query{Limit: 200})
	sum := 0
	for _, e := range list {
		if e.Data["count"] != "" {
			n, _ := strconv.Atoi(e.Data["count"])
			sum += n
			if e.Actor != "gatehouse" || e.Data["addresses"] == "0" || e.Data["since"] == "" {
				t.Errorf("told by %+v", e)
			}
		}
	}
	if len(list) != rows || sum != told {
		t.Errorf("%d events tell of %d more, want %d and %d", len(list), sum, rows, told)
	}
}

// A sum that cannot be written is written later.
func TestSurplusSurvivesTheDatabase(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := newLog(db)
		for range 103 {
			if err := l.Record(t.Context(), identity.Event{Type: "login.failed"}); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := l.Settle(ctx, true); err == nil {
			t.Fatal("it was written")
		}
		settled(t, l, true, 101, 3)
	})
}

// What is only summed costs as many statements as what is recorded, and fills nothing: else the clock
// would tell who has an account, to whoever has failed a hundred times before (BUG-21).
func TestSurplusCostsWhatEventsCost(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := newLog(db)
		want := 0
		for i := range 300 {
			statements := 0
			ctx := sqldb.Watched(t.Context(), func(string) { statements++ })
			ctx = identity.WithOrigin(ctx, &identity.Origin{RequestID: identity.RequestID(fmt.Sprint("req_", i))})
			if err := l.Record(ctx, identity.Event{Type: "login.failed"}); err != nil {
				t.Fatal(err)
			}
			if want = cmp.Or(want, statements); statements != want || want == 0 {
				t.Fatalf("event %d takes %d statements, the first %d", i, statements, want)
			}
		}
		var places, events int
		if _, err := db.Row(t.Context(), []any{&places, &events}, "SELECT count(*), CAST(sum(events) AS BIGINT) FROM surplus"); err != nil || places > 64 || events != 200 {
			t.Errorf("%d events in %d places, %v", events, places, err)
		}
	})
}
