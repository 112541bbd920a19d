package tenant_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/tenant"
)

// The life of an organization, which the log tells after its end, and the list of all in parts.
func TestOrganization(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, at := t.Context(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		now := func() time.Time { at = at.Add(time.Millisecond); return at }
		log := &audit.Log{DB: db, Now: now}
		s := &tenant.Store{DB: db, Log: log, Now: now}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		org, err := s.Create(ctx, "Acme")
		must(err)
		must(s.Rename(ctx, org.ID, "Acme Ltd"))
		got, err := s.ByID(ctx, org.ID)
		must(err)
		if got.Name != "Acme Ltd" || !got.CreatedAt.Equal(org.CreatedAt) {
			t.Errorf("%+v", got)
		}
		for i := range 4 {
			_, err := s.Create(ctx, fmt.Sprint("Another ", i))
			must(err)
		}
		var names []string
		for cursor := ""; ; {
			list, next, err := s.List(ctx, 2, cursor)
			must(err)
			for _, o := range list {
				names = append(names, o.Name)
			}
			if cursor = next; next == "" {
				break
			}
		}
		if len(names) != 5 || names[0] != "Another 3" || names[4] != "Acme Ltd" {
			t.Errorf("%q", names)
		}
		must(s.Delete(ctx, org.ID))
		_, err = s.ByID(ctx, org.ID)
		for _, err := range []error{err, s.Delete(ctx, org.ID), s.Rename(ctx, org.ID, "x")} {
			if !errors.Is(err, identity.ErrNotFound) {
				t.Errorf("%v", err)
			}
		}
		events, _, err := log.List(ctx, audit.Query{Org: org.ID, Topic: "organization"})
		must(err)
		if len(events) != 3 || events[0].Type != identity.EventOrgDeleted || events[0].Data["name"] != "Acme Ltd" {
			t.Errorf("%+v", events)
		}
	})
}
