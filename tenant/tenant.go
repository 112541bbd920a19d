// Package tenant keeps organizations.
//
// It owns the table organizations. Who is a member and as what is package access's.
package tenant

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// A Store is the only code that writes the tables of organizations. All fields are required.
type Store struct {
	DB  *sqldb.DB
	Log *audit.Log
	Now func() time.Time
}

// Create adds an organization. Several may have the same name.
func (s *Store) Create(ctx context.Context, name string) (*identity.Tenant, error) {
	now := s.Now()
	t := &identity.Tenant{ID: identity.NewID[identity.TenantID]("org", now), Name: name, CreatedAt: now.UTC().Truncate(time.Microsecond)}
	err := s.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := s.DB.Exec(ctx, `INSERT INTO organizations (id, name, created_at) VALUES ($1, $2, $3)`,
			string(t.ID), t.Name, now.UnixMicro()); err != nil {
			return err
		}
		return s.record(ctx, identity.EventOrgCreated, t.ID, name)
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Rename gives an organization another name. It returns identity.ErrNotFound for an unknown
// organization.
func (s *Store) Rename(ctx context.Context, id identity.TenantID, name string) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE organizations SET name = $1 WHERE id = $2`, name, string(id))
		if err == nil && n == 0 {
			err = identity.ErrNotFound
		}
		if err != nil {
			return err
		}
		return s.record(ctx, identity.EventOrgRenamed, id, name)
	})
}

// Delete removes an organization with everything of its own; what the log tells of it stays. It
// returns identity.ErrNotFound for an unknown organization.
func (s *Store) Delete(ctx context.Context, id identity.TenantID) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		var name string
		found, err := s.DB.Change(ctx, []any{&name}, `DELETE FROM organizations WHERE id = $1 RETURNING name`, string(id))
		if err == nil && !found {
			err = identity.ErrNotFound
		}
		if err != nil {
			return err
		}
		return s.record(ctx, identity.EventOrgDeleted, id, name)
	})
}

func (s *Store) record(ctx context.Context, event string, id identity.TenantID, name string) error {
	return s.Log.Record(ctx, identity.Event{Type: event, Org: id, Data: map[string]string{"name": name}})
}

const selectOrganizations = `SELECT id, name, created_at FROM organizations `

func scan(row func(...any) error) (t identity.Tenant, err error) {
	var created int64
	err = row(&t.ID, &t.Name, &created)
	t.CreatedAt = time.UnixMicro(created).UTC()
	return t, err
}

// ByID finds an organization, or returns identity.ErrNotFound.
func (s *Store) ByID(ctx context.Context, id identity.TenantID) (*identity.Tenant, error) {
	list, err := sqldb.All(ctx, s.DB, scan, selectOrganizations+`WHERE id = $1`, string(id))
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, identity.ErrNotFound
	}
	return &list[0], nil
}

// List returns the organizations, the newest first, at most limit of them after the cursor, and
// the cursor of the next page, "" at the end; a limit of 0 means 50, the most is 200.
func (s *Store) List(ctx context.Context, limit int, cursor string) (list []identity.Tenant, next string, err error) {
	at, id, limit, err := sqldb.Page(cursor, limit)
	if err != nil {
		return nil, "", err
	}
	list, err = sqldb.All(ctx, s.DB, scan, selectOrganizations+`WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3`, at, id, limit)
	if err == nil && len(list) == limit {
		last := list[limit-1]
		next = sqldb.Cursor(last.CreatedAt.UnixMicro(), string(last.ID))
	}
	return list, next, err
}
