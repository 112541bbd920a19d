package audit_test

import (
	"errors"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// Whoever reads on from the last number misses no event, and sees none before it is sealed.
func TestAfter(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := newLog(db)
		record(t, l, "login.succeeded", 3)
		if list, err := l.After(t.Context(), 0, 10); len(list) != 0 || err != nil {
			t.Fatalf("before it is sealed: %v, %v", list, err)
		}
		seal(t, l, 3)
		record(t, l, "login.failed", 2)
		seal(t, l, 2)
		var seen []string
		for last, n := int64(0), 1; n > 0; {
			list, err := l.After(t.Context(), last, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				if e.Seq != last+1 {
					t.Fatalf("%d follows %d", e.Seq, last)
				}
				last = e.Seq
				seen = append(seen, e.Type)
			}
			n = len(list)
		}
		if n, err := l.Sealed(t.Context()); len(seen) != 5 || seen[4] != "login.failed" || n != 5 || err != nil {
			t.Errorf("saw %v; %d, %v", seen, n, err)
		}
	})
}

func TestByID(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := newLog(db)
		record(t, l, "login.succeeded", 1)
		seal(t, l, 1)
		list, err := l.After(t.Context(), 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if e, err := l.ByID(t.Context(), list[0].ID); err != nil || e.Seq != 1 || e.Type != "login.succeeded" || e.Data["n"] != "0" {
			t.Errorf("%+v, %v", e, err)
		}
		if e, err := l.ByID(t.Context(), "evt_none"); e != nil || !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("%+v, %v", e, err)
		}
	})
}
