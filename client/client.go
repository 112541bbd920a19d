// Package client keeps the services that act for themselves: what they may do, and the secrets
// by which they prove who they are.
//
// It owns the tables clients and client_secrets and the shape of a secret. It does not know by
// which scheme a secret or a certificate travels, what a scope means, or that there is HTTP.
package client

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// ErrTaken is returned when another client has the URI: a certificate must name one of them.
var ErrTaken = &identity.Error{Kind: identity.Conflict, Code: "CONFLICT", Message: "Another client has this URI."}

// A Store is the only code that writes the tables of clients. All fields are required.
type Store struct {
	DB  *sqldb.DB
	Log *audit.Log
	Now func() time.Time
	// Allowed returns an error for a role or a scope that the policy in force does not know: it
	// would mean nothing now, and whatever somebody calls by that name later.
	Allowed func(roles, scopes []string) error
}

// New says what client to create. Only Name is required; a client without scopes may do nothing.
type New struct {
	Name   string
	Roles  []string // deployment-wide
	Scopes []string // what it, and any token of its own, is limited to
	URI    string   // the name in its certificates; "": it has none
}

// Create adds a client and returns it with its secret, which is kept nowhere and cannot be shown
// again. It returns identity.ErrInvalid, or ErrTaken for the URI of another client.
func (s *Store) Create(ctx context.Context, n New) (*identity.Client, string, error) {
	now := s.Now()
	c := &identity.Client{
		ID: identity.NewID[identity.ClientID]("cli", now), Name: n.Name, State: identity.Active,
		Roles: set(n.Roles), Scopes: set(n.Scopes), URI: n.URI, CreatedAt: now.UTC().Truncate(time.Microsecond),
	}
	if err := s.check(c.Name, c.URI, c.Roles, c.Scopes); err != nil {
		return nil, "", err
	}
	text := secret.Tagged(Prefix)
	err := s.DB.Tx(ctx, func(ctx context.Context) error {
		// ON CONFLICT, not an error: after one PostgreSQL would refuse the rest.
		added, err := s.DB.Exec(ctx, `INSERT INTO clients (id, name, state, roles, scopes, uri, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
			string(c.ID), c.Name, string(c.State), words(c.Roles), words(c.Scopes), c.URI, now.UnixMicro())
		if err != nil {
			return err
		}
		if added == 0 {
			return ErrTaken
		}
		if err := s.keep(ctx, c.ID, text); err != nil {
			return err
		}
		return s.record(ctx, identity.EventClientCreated, c.ID, "name", c.Name, "roles", words(c.Roles), "scopes", words(c.Scopes), "uri", c.URI)
	})
	if err != nil {
		return nil, "", err
	}
	return c, text, nil
}

const selectClients = `SELECT c.id, c.name, c.state, c.version, c.roles, c.scopes, c.uri, c.created_at, c.used_at FROM clients c `

func scan(row func(...any) error) (c identity.Client, err error) {
	var roles, scopes string
	var created, used int64
	err = row(&c.ID, &c.Name, &c.State, &c.Version, &roles, &scopes, &c.URI, &created, &used)
	c.Roles, c.Scopes = strings.Fields(roles), strings.Fields(scopes) // never nil: nil scopes are unlimited ones
	c.CreatedAt = time.UnixMicro(created).UTC()
	if used != 0 {
		c.UsedAt = time.UnixMicro(used).UTC()
	}
	return c, err
}

func (s *Store) one(ctx context.Context, rest string, args ...any) (*identity.Client, error) {
	rows, err := sqldb.All(ctx, s.DB, scan, selectClients+rest, args...)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, identity.ErrNotFound
	}
	return &rows[0], nil
}

// ByID finds a client, also a disabled one, or returns identity.ErrNotFound.
func (s *Store) ByID(ctx context.Context, id identity.ClientID) (*identity.Client, error) {
	return s.one(ctx, `WHERE c.id = $1`, string(id))
}

// ByURI finds the client whose certificates carry uri, compared whole, also a disabled one. It
// returns identity.ErrNotFound for a URI that is nobody's, and for none.
func (s *Store) ByURI(ctx context.Context, uri string) (*identity.Client, error) {
	return s.one(ctx, `WHERE c.uri = $1 AND c.uri <> ''`, uri)
}

// List returns clients, newest first, and the cursor of the next page, "" at the end. At most 200
// are returned, 50 where limit is 0.
func (s *Store) List(ctx context.Context, cursor string, limit int) (list []identity.Client, next string, err error) {
	at, id, most, err := sqldb.Page(cursor, limit)
	if err != nil {
		return nil, "", err
	}
	list, err = sqldb.All(ctx, s.DB, scan, selectClients+`WHERE (c.created_at, c.id) < ($1, $2)
		ORDER BY c.created_at DESC, c.id DESC LIMIT $3`, at, id, most)
	if err == nil && len(list) == most {
		last := list[most-1]
		next = sqldb.Cursor(last.CreatedAt.UnixMicro(), string(last.ID))
	}
	return list, next, err
}

// check returns identity.ErrInvalid, naming the member, for what no client may be.
func (s *Store) check(name, uri string, roles, scopes []string) error {
	if name == "" || utf8.RuneCountInString(name) > 100 || !utf8.ValidString(name) ||
		strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl) {
		return identity.ErrInvalid.With("name", "must have 1 to 100 characters, none of them a control character")
	}
	if uri != "" && !plain(uri) {
		return identity.ErrInvalid.With("uri", "must be an absolute URI without a query, such as spiffe://example.com/billing")
	}
	return s.Allowed(roles, scopes)
}

// plain reports whether a URI can stand in a certificate in one way only.
func plain(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && len(uri) <= 2048 && u.Scheme != "" && u.Host != "" && u.User == nil && u.RawQuery == "" && !u.ForceQuery &&
		!strings.Contains(uri, "#") && u.String() == uri
}

func (s *Store) record(ctx context.Context, event string, id identity.ClientID, data ...string) error {
	all := map[string]string{"client": string(id)}
	for i := 0; i+1 < len(data); i += 2 {
		if data[i+1] != "" {
			all[data[i]] = data[i+1]
		}
	}
	return s.Log.Record(ctx, identity.Event{Type: event, Data: all})
}

// set returns the words of a list, sorted, each once; never nil.
func set(list []string) []string {
	return slices.Compact(append([]string{}, slices.Sorted(slices.Values(list))...))
}

func words(list []string) string { return strings.Join(list, " ") }
