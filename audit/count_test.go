package audit_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// Count counts one type of one user since a time, and no further than it is asked to.
func TestCount(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := newLog(db)
		for _, e := range []identity.Event{
			{Type: "a.b", Subject: "usr_1"}, {Type: "a.b", Subject: "usr_1"}, {Type: "a.b", Subject: "usr_2"}, {Type: "a.c", Subject: "usr_1"},
		} {
			if err := l.Record(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		now := l.Now()
		for _, c := range []struct {
			since time.Time
			most  int
			want  int
		}{{now.Add(-time.Hour), 10, 2}, {now.Add(-time.Hour), 1, 1}, {now.Add(time.Hour), 10, 0}} {
			if n, err := l.Count(t.Context(), "usr_1", "a.b", c.since, c.most); n != c.want || err != nil {
				t.Errorf("%+v: %d, %v", c, n, err)
			}
		}
	})
}
