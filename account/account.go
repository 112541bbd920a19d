// Package account keeps users, their addresses, roles and credentials, and the challenges
// that were handed out.
//
// It owns the tables users, identifiers, user_roles, credentials and challenges. It does
// not know how a credential is proved, what a challenge is about, or that there is HTTP.
package account

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// ErrTaken is returned when an address already belongs to somebody.
var ErrTaken = &identity.Error{Kind: identity.Conflict, Code: "CONFLICT", Message: "This address is already in use."}

// A Store is the only code that writes the tables of accounts. All fields are required.
type Store struct {
	DB  *sqldb.DB
	Log *audit.Log
	Now func() time.Time

	made    atomic.Int64 // challenges
	once    sync.Once
	crowded chan struct{}
}

// NewUser says who to create.
type NewUser struct {
	Email    string // as Address returned it
	Verified bool   // the address was proved
	Name     string
	Roles    []string // nil means "user" (PWD-13)
	Event    string   // what to record; "" means user.created
}

// Create adds a user. It returns ErrTaken when the address belongs to somebody.
func (s *Store) Create(ctx context.Context, n NewUser) (*identity.User, error) {
	now := s.Now()
	if n.Roles == nil {
		n.Roles = []string{"user"}
	}
	n.Roles = append([]string{}, n.Roles...) // never nil, and not the caller's
	slices.Sort(n.Roles)
	n.Roles = slices.Compact(n.Roles)
	if n.Event == "" {
		n.Event = identity.EventUserCreated
	}
	u := &identity.User{
		ID: identity.NewID[identity.UserID]("usr", now), Email: n.Email, EmailVerified: n.Verified, Name: n.Name,
		State: identity.Active, Roles: n.Roles, CreatedAt: now.UTC().Truncate(time.Microsecond),
	}
	err := s.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := s.DB.Exec(ctx, `INSERT INTO users (id, name, folded, state, created_at) VALUES ($1, $2, $3, $4, $5)`,
			u.ID, u.Name, fold(u.Name), u.State, now.UnixMicro()); err != nil {
			return err
		}
		// ON CONFLICT, not an error: after one PostgreSQL would refuse the rest.
		added, err := s.DB.Exec(ctx, `INSERT INTO identifiers (kind, value, user_id, verified, main, created_at)
			VALUES ('email', $1, $2, $3, TRUE, $4) ON CONFLICT (kind, value) DO NOTHING`, u.Email, u.ID, u.EmailVerified, now.UnixMicro())
		if err != nil {
			return err
		}
		if added == 0 {
			return ErrTaken
		}
		if err := s.grant(ctx, u.ID, u.Roles); err != nil {
			return err
		}
		data := map[string]string{"roles": strings.Join(u.Roles, " ")}
		return s.Log.Record(ctx, identity.Event{Type: n.Event, Subject: u.ID, Data: data})
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

func (s *Store) grant(ctx context.Context, id identity.UserID, roles []string) error {
	for _, role := range roles {
		if _, err := s.DB.Exec(ctx, `INSERT INTO user_roles (user_id, role, granted_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			id, role, s.Now().UnixMicro()); err != nil {
			return err
		}
	}
	return nil
}

const selectUsers = `SELECT u.id, u.name, u.state, u.version, u.generation, u.must_reset, u.created_at,
		COALESCE(i.value, ''), COALESCE(i.verified, FALSE),
		COALESCE((SELECT string_agg(r.role, ' ') FROM user_roles r WHERE r.user_id = u.id), '')
	FROM users u
	LEFT JOIN identifiers i ON i.user_id = u.id AND i.kind = 'email' AND i.main `

func scanUser(row func(...any) error) (u identity.User, err error) {
	var created int64
	var roles string
	err = row(&u.ID, &u.Name, &u.State, &u.Version, &u.Generation, &u.MustReset, &created, &u.Email, &u.EmailVerified, &roles)
	u.CreatedAt = time.UnixMicro(created).UTC()
	u.Roles = strings.Fields(roles) // never nil
	slices.Sort(u.Roles)
	return u, err
}

func (s *Store) one(ctx context.Context, where string, arg any) (*identity.User, error) {
	rows, err := sqldb.All(ctx, s.DB, scanUser, selectUsers+where, arg)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, identity.ErrNotFound
	}
	return &rows[0], nil
}

// ByID finds a user, or returns identity.ErrNotFound.
func (s *Store) ByID(ctx context.Context, id identity.UserID) (*identity.User, error) {
	return s.one(ctx, `WHERE u.id = $1`, string(id))
}

// ByEmail finds the user of an address, or returns identity.ErrNotFound.
func (s *Store) ByEmail(ctx context.Context, email string) (*identity.User, error) {
	return s.one(ctx, `WHERE u.id = (SELECT user_id FROM identifiers WHERE kind = 'email' AND value = $1)`, email)
}

// A Query selects users, newest first. The zero Query selects the newest 50.
type Query struct {
	Search string // part of an address or a name; empty: everybody
	Limit  int    // at most 200; 0 means 50
	Cursor string
}

// List returns the users of a query and the cursor of the next page, "" at the end.
func (s *Store) List(ctx context.Context, q Query) (users []identity.User, next string, err error) {
	at, id, limit, err := sqldb.Page(q.Cursor, q.Limit)
	if err != nil {
		return nil, "", err
	}
	like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(fold(q.Search)) + "%"
	users, err = sqldb.All(ctx, s.DB, scanUser, selectUsers+`WHERE (u.created_at, u.id) < ($1, $2)
		AND ($3 = '%%' OR i.value LIKE $3 ESCAPE '\' OR u.folded LIKE $3 ESCAPE '\')
		ORDER BY u.created_at DESC, u.id DESC LIMIT $4`, at, id, like, limit)
	if err != nil {
		return nil, "", err
	}
	if len(users) == limit {
		last := users[limit-1]
		next = sqldb.Cursor(last.CreatedAt.UnixMicro(), string(last.ID))
	}
	return users, next, nil
}

// Count returns how many users have the role.
func (s *Store) Count(ctx context.Context, role string) (n int, err error) {
	_, err = s.DB.Row(ctx, []any{&n}, `SELECT COUNT(*) FROM user_roles WHERE role = $1`, role)
	return n, err
}
