package access

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/policy"
)

// RoleOwner may do everything in an organization. The last one cannot be taken away.
const RoleOwner = "owner"

// ErrLastOwner is returned when an organization would be left without an owner.
var ErrLastOwner = &identity.Error{Kind: identity.Conflict, Code: "CONFLICT", Message: "An organization must have an owner."}

// ErrAbove is returned to whoever gives or takes a role that may do more than they may.
var ErrAbove = &identity.Error{
	Kind: identity.Forbidden, Code: identity.ErrForbidden.Code, Message: "This role may do more than you may, so it is not yours to give or take.",
}

// RolesIn returns the roles that a user has in an organization, sorted; none for whoever is no
// member.
func (s *Store) RolesIn(ctx context.Context, org identity.TenantID, user identity.UserID) ([]string, error) {
	return sqldb.All(ctx, s.DB, func(row func(...any) error) (role string, err error) { return role, row(&role) },
		`SELECT role FROM assignments WHERE org_id = $1 AND user_id = $2 ORDER BY role`, string(org), string(user))
}

// SetRolesIn gives a user exactly these roles in an organization, none to end the membership,
// and raises the user's version: tokens that claim others are TOKEN_OUTDATED at once (AUZ-12).
// It returns identity.ErrInvalid for a role that there is not, identity.ErrNotFound for an
// unknown organization or user and where whoever is no member is to be none, and ErrLastOwner
// where nobody would own the organization.
//
// Whoever is removed altogether is gone from their organizations too: nobody can be kept from
// that. An organization whose last owner went that way has none until an administrator of the
// house gives it one.
func (s *Store) SetRolesIn(ctx context.Context, org identity.TenantID, user identity.UserID, roles []string) error {
	return s.set(ctx, org, user, roles, func([]string) error { return nil })
}

// Assign is SetRolesIn by somebody, as they are in the organization. Nobody gives or takes a
// role that may do more than they may: ErrAbove. Threat: who manages the members would else make
// themselves the owner.
func (s *Store) Assign(ctx context.Context, by *identity.Principal, org identity.TenantID, user identity.UserID, roles []string) error {
	return s.set(ctx, org, user, roles, func(changed []string) error {
		for _, permission := range s.Policy().OfOrganization(changed) {
			if !s.Has(by, permission) {
				return ErrAbove
			}
		}
		return nil
	})
}

func (s *Store) set(ctx context.Context, org identity.TenantID, user identity.UserID, roles []string, may func(changed []string) error) error {
	roles = slices.Compact(slices.Sorted(slices.Values(roles)))
	if err := s.Policy().Known(roles, true); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		if err := s.hold(ctx, org); err != nil {
			return err
		}
		had, err := s.RolesIn(ctx, org, user)
		if err != nil {
			return err
		}
		given, taken := without(roles, had), without(had, roles)
		if len(had)+len(roles) == 0 {
			return identity.ErrNotFound
		}
		if len(given)+len(taken) == 0 {
			return nil
		}
		if err := may(slices.Concat(given, taken)); err != nil {
			return err
		}
		if err := s.Outdate(ctx, user); err != nil {
			return err
		}
		for _, role := range given {
			if err := s.grant(ctx, org, user, role); err != nil {
				return err
			}
		}
		for _, role := range taken {
			if err := s.revoke(ctx, org, user, role); err != nil {
				return err
			}
		}
		return nil
	})
}

// without returns what is in a and not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(role string) bool { return slices.Contains(b, role) })
}

// hold makes whoever else changes the members of an organization wait: two owners who remove
// each other come one after the other, and the second sees what the first did. It returns
// identity.ErrNotFound for an unknown organization.
func (s *Store) hold(ctx context.Context, org identity.TenantID) error {
	n, err := s.DB.Exec(ctx, `UPDATE organizations SET name = name WHERE id = $1`, string(org))
	if err == nil && n == 0 {
		err = identity.ErrNotFound
	}
	return err
}

// Grant gives a user one role in an organization beside those they have. Its errors are those of
// SetRolesIn.
func (s *Store) Grant(ctx context.Context, org identity.TenantID, user identity.UserID, role string) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		if err := s.hold(ctx, org); err != nil {
			return err
		}
		had, err := s.RolesIn(ctx, org, user)
		if err != nil || slices.Contains(had, role) {
			return err
		}
		return s.SetRolesIn(ctx, org, user, append(had, role))
	})
}

// Revoke takes one role away. Its errors are those of SetRolesIn.
func (s *Store) Revoke(ctx context.Context, org identity.TenantID, user identity.UserID, role string) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		if err := s.hold(ctx, org); err != nil {
			return err
		}
		had, err := s.RolesIn(ctx, org, user)
		if err != nil || !slices.Contains(had, role) {
			return err
		}
		return s.SetRolesIn(ctx, org, user, without(had, []string{role}))
	})
}

func (s *Store) grant(ctx context.Context, org identity.TenantID, user identity.UserID, role string) error {
	if _, err := s.DB.Exec(ctx, `INSERT INTO assignments (org_id, user_id, role, granted_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		string(org), string(user), role, s.Now().UnixMicro()); err != nil {
		return err
	}
	return s.Log.Record(ctx, identity.Event{Type: identity.EventRoleGranted, Subject: user, Org: org, Data: map[string]string{"role": role}})
}

// revoke takes a role away, unless it is the last owner's.
func (s *Store) revoke(ctx context.Context, org identity.TenantID, user identity.UserID, role string) error {
	n, err := s.DB.Exec(ctx, `DELETE FROM assignments WHERE org_id = $1 AND user_id = $2 AND role = $3 AND (role <> 'owner'
		OR EXISTS (SELECT 1 FROM assignments o WHERE o.org_id = $1 AND o.role = 'owner' AND o.user_id <> $2))`, string(org), string(user), role)
	if err == nil && n == 0 {
		err = ErrLastOwner
	}
	if err != nil {
		return err
	}
	return s.Log.Record(ctx, identity.Event{Type: identity.EventRoleRevoked, Subject: user, Org: org, Data: map[string]string{"role": role}})
}

// Dissolve ends every membership of an organization that is about to be deleted, so that no
// token claims a role in it any more. It returns identity.ErrNotFound for an unknown one.
func (s *Store) Dissolve(ctx context.Context, org identity.TenantID) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		if err := s.hold(ctx, org); err != nil {
			return err
		}
		all, err := sqldb.All(ctx, s.DB, scanMember, selectMembers+`GROUP BY user_id ORDER BY user_id`, string(org))
		if err != nil {
			return err
		}
		for _, m := range all {
			if err := s.Outdate(ctx, m.User); err != nil && !errors.Is(err, identity.ErrNotFound) { // removed meanwhile
				return err
			}
			for _, role := range m.Roles {
				e := identity.Event{Type: identity.EventRoleRevoked, Subject: m.User, Org: org, Data: map[string]string{"role": role}}
				if err := s.Log.Record(ctx, e); err != nil {
					return err
				}
			}
		}
		_, err = s.DB.Exec(ctx, `DELETE FROM assignments WHERE org_id = $1`, string(org))
		return err
	})
}

// A Member is somebody in an organization.
type Member struct {
	User  identity.UserID
	Roles []string // sorted
	Since time.Time
}

// A Page is a part of a list. The zero Page is the newest 50.
type Page struct {
	Limit  int // at most 200; 0 means 50
	Cursor string
}

const selectMembers = `SELECT user_id, string_agg(role, ' '), MIN(granted_at) FROM assignments WHERE org_id = $1 `

func scanMember(row func(...any) error) (m Member, err error) {
	var roles string
	var since int64
	err = row(&m.User, &roles, &since)
	m.Roles, m.Since = strings.Fields(roles), time.UnixMicro(since).UTC()
	slices.Sort(m.Roles)
	return m, err
}

// Members returns who is in an organization, the newest users first, and the cursor of the next
// page, "" at the end.
func (s *Store) Members(ctx context.Context, org identity.TenantID, p Page) (list []Member, next string, err error) {
	_, id, limit, err := sqldb.Page(p.Cursor, p.Limit)
	if err != nil {
		return nil, "", err
	}
	list, err = sqldb.All(ctx, s.DB, scanMember, selectMembers+`AND user_id < $2 GROUP BY user_id ORDER BY user_id DESC LIMIT $3`, string(org), id, limit)
	if err == nil && len(list) == limit {
		next = sqldb.Cursor(0, string(list[limit-1].User))
	}
	return list, next, err
}

// A Membership is an organization that somebody is in.
type Membership struct {
	Org   identity.Tenant
	Roles []string // sorted
}

// Of returns the organizations that a user is in, the newest first.
func (s *Store) Of(ctx context.Context, user identity.UserID) ([]Membership, error) {
	return sqldb.All(ctx, s.DB, func(row func(...any) error) (m Membership, err error) {
		var roles string
		var created int64
		err = row(&m.Org.ID, &m.Org.Name, &created, &roles)
		m.Org.CreatedAt, m.Roles = time.UnixMicro(created).UTC(), strings.Fields(roles)
		slices.Sort(m.Roles)
		return m, err
	}, `SELECT o.id, o.name, o.created_at, string_agg(a.role, ' ') FROM assignments a JOIN organizations o ON o.id = a.org_id
		WHERE a.user_id = $1 GROUP BY o.id, o.name, o.created_at ORDER BY o.id DESC`, string(user))
}

// History returns which roles were given and taken, when and by whom, newest first, and the
// cursor of the next page: of a user, in an organization, or of one in the other. It is the
// audit log's, so what happened to those who are gone is there too.
func (s *Store) History(ctx context.Context, user identity.UserID, org identity.TenantID, p Page) ([]identity.Event, string, error) {
	return s.Log.List(ctx, audit.Query{Subject: user, Org: org, Topic: "role", Limit: p.Limit, Cursor: p.Cursor})
}

// Has reports whether the roles and the scopes of somebody let them do something, as it is
// written: with ":own" on what they own, else on everything.
func (s *Store) Has(p *identity.Principal, want policy.Permission) bool {
	d := s.Policy().Permit(p, want)
	return d.Allow || d.Cause == policy.NotOwner && d.Depends && strings.HasSuffix(string(want), ":own")
}
