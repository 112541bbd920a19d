// Package apikey keeps the API keys of users: secrets by which a program of theirs acts in their
// name, as far as the scopes of the key go.
//
// It owns the tables api_keys and api_key_secrets, and what a key looks like (text.go). It does
// not know what a scope means, nor how a key reaches us.
//
// Of a secret only the hash is stored; a key is found by it, so that how long a look-up takes
// says nothing about any key. A key has one secret, and for the time of a rotation two. It is a
// machine's: it outlives the sign-outs and the password changes of its owner, but neither the
// owner's account, nor a time in which the account is disabled or must be reset.
package apikey

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// Most is how many keys a user may have: one who makes keys in a loop must not fill our tables.
const Most = 100

var (
	// ErrMost is returned when a user has as many keys as there may be.
	ErrMost = &identity.Error{Kind: identity.Conflict, Code: "CONFLICT", Message: "This is one API key too many. Revoke one that is not used any more."}
	// ErrRotated is returned when a key was rotated by somebody else meanwhile, or so recently
	// that its old secret is still good.
	ErrRotated = &identity.Error{Kind: identity.Conflict, Code: "CONFLICT", Message: "This API key was rotated a while ago and its old secret is still good. An overlap of 0s ends it now."}
)

// A Key is an API key as its owner sees it.
type Key struct {
	ID        identity.KeyID
	UserID    identity.UserID
	Name      string
	Prefix    string // the first characters of the newest secret
	Scopes    []string
	Networks  []netip.Prefix // from which it may be used; empty: from everywhere
	ACR       string         // the assurance of the sign-in that made it
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	UsedAt    time.Time // to the minute; zero: never
	OldUntil  time.Time // until then the secret before the newest is good too; zero: it is not
}

// Expired reports whether the key is past its time. Whether it is good for anything else is Check's
// to judge.
func (k *Key) Expired(now time.Time) bool { return !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(now) }

// A Store is the only code that writes the tables of API keys. All fields but Test are required.
type Store struct {
	DB  *sqldb.DB
	Log *audit.Log
	Now func() time.Time
	// Scoped returns identity.ErrInvalid for scopes that the policy in force does not know;
	// package policy implements it.
	Scoped func(scopes []string) error
	// Test makes keys of a house for development, sk_test_…, and takes no others: a key that
	// strayed from one kind of house into the other opens nothing there.
	Test bool

	using sync.Map // the keys whose last use is being written
}

func (s *Store) kind() string {
	if s.Test {
		return test
	}
	return live
}

// New says which key to make.
type New struct {
	Name      string         // not empty, as account.DisplayName returned it
	Scopes    []string       // nil means "read" (KEY-06)
	Networks  []netip.Prefix // as Networks returned it
	ExpiresAt time.Time      // zero: never
	// ACR is the assurance of the sign-in that makes the key, "aal2". A role that demands more
	// counts for nothing by this key: whoever had the password alone must not get around that by
	// making a key.
	ACR string
}

// Create makes a key for a user and returns its secret, which nobody can ever read again
// (KEY-03). It returns identity.ErrInvalid, naming the member, for what no key can have, and
// ErrMost for a user who has enough of them.
func (s *Store) Create(ctx context.Context, user identity.UserID, n New) (k Key, text string, err error) {
	now := s.Now()
	if n.Scopes == nil {
		n.Scopes = []string{"read"}
	}
	if n.Scopes, err = s.check(&n.Name, n.Scopes, n.ExpiresAt); err != nil {
		return k, "", err
	}
	text = secret.Tagged(s.kind())
	k = Key{
		ID: identity.NewID[identity.KeyID]("key", now), UserID: user, Name: n.Name, Prefix: text[:PrefixLength], Scopes: n.Scopes,
		Networks: n.Networks, CreatedAt: time.UnixMicro(now.UnixMicro()).UTC(), ExpiresAt: instant(micros(n.ExpiresAt)), // as it is read back
	}
	err = s.DB.Tx(ctx, func(ctx context.Context) error {
		if err := s.room(ctx, user); err != nil {
			return err
		}
		if _, err := s.DB.Exec(ctx, `INSERT INTO api_keys (id, user_id, name, scopes, networks, acr, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			string(k.ID), string(user), k.Name, strings.Join(k.Scopes, " "), joined(k.Networks), n.ACR, now.UnixMicro(), micros(k.ExpiresAt)); err != nil {
			return err
		}
		if err := s.keep(ctx, k.ID, text); err != nil {
			return err
		}
		return s.record(ctx, identity.EventAPIKeyCreated, user, map[string]string{"key": string(k.ID), "scopes": strings.Join(k.Scopes, " ")})
	})
	return k, text, err
}

// room fails when the user has enough keys. Two who make the last one at once must not both
// pass: the touch of the user's first key makes the second wait for what the first does.
func (s *Store) room(ctx context.Context, user identity.UserID) error {
	if _, err := s.DB.Exec(ctx, `UPDATE api_keys SET name = name WHERE id = (SELECT MIN(id) FROM api_keys WHERE user_id = $1)`, string(user)); err != nil {
		return err
	}
	var n int
	_, err := s.DB.Row(ctx, []any{&n}, `SELECT COUNT(*) FROM api_keys WHERE user_id = $1 AND revoked_at = 0`, string(user))
	if err == nil && n >= Most {
		err = ErrMost
	}
	return err
}

// keep gives a key one more secret, without an end.
func (s *Store) keep(ctx context.Context, id identity.KeyID, text string) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO api_key_secrets (hash, key_id, prefix, created_at) VALUES ($1, $2, $3, $4)`,
		secret.Hash(text), string(id), text[:PrefixLength], s.Now().UnixMicro())
	return err
}

func (s *Store) record(ctx context.Context, event string, user identity.UserID, data map[string]string) error {
	return s.Log.Record(ctx, identity.Event{Type: event, Subject: user, Data: data})
}

const maxScopes = 50

// check judges what a key shall have, and returns its scopes in their order. What is nil or zero
// is not asked about.
func (s *Store) check(name *string, scopes []string, expires time.Time) ([]string, error) {
	switch {
	case name != nil && *name == "":
		return nil, identity.ErrInvalid.With("name", "is missing")
	case scopes != nil && len(scopes) == 0:
		return nil, identity.ErrInvalid.With("scopes", "is empty")
	case len(scopes) > maxScopes:
		return nil, identity.ErrInvalid.With("scopes", "has more than 50 scopes")
	case !expires.IsZero() && !expires.After(s.Now()):
		return nil, identity.ErrInvalid.With("expiresAt", "is over")
	}
	if scopes == nil {
		return nil, nil
	}
	return slices.Compact(slices.Sorted(slices.Values(scopes))), s.Scoped(scopes)
}

const selectKeys = `SELECT k.id, k.user_id, k.name, k.scopes, k.networks, k.created_at, k.expires_at, k.used_at, s.prefix,
		COALESCE((SELECT MAX(o.expires_at) FROM api_key_secrets o WHERE o.key_id = k.id AND o.expires_at > $1), 0)
	FROM api_keys k JOIN api_key_secrets s ON s.key_id = k.id AND s.expires_at = 0
	WHERE k.revoked_at = 0 `

func scanKey(row func(...any) error) (k Key, err error) {
	var scopes, networks string
	var created, expires, used, old int64
	err = row(&k.ID, &k.UserID, &k.Name, &scopes, &networks, &created, &expires, &used, &k.Prefix, &old)
	k.Scopes, k.Networks = strings.Fields(scopes), parted(networks)
	k.CreatedAt, k.ExpiresAt, k.UsedAt, k.OldUntil = instant(created), instant(expires), instant(used), instant(old)
	return k, err
}

// List returns the keys of a user that were not revoked, the newest first.
func (s *Store) List(ctx context.Context, user identity.UserID) ([]Key, error) {
	return sqldb.All(ctx, s.DB, scanKey, selectKeys+`AND k.user_id = $2 ORDER BY k.id DESC`, s.Now().UnixMicro(), string(user))
}

// Get finds one key of a user. One that is revoked, or somebody else's, is identity.ErrNotFound.
func (s *Store) Get(ctx context.Context, user identity.UserID, id identity.KeyID) (*Key, error) {
	rows, err := sqldb.All(ctx, s.DB, scanKey, selectKeys+`AND k.user_id = $2 AND k.id = $3`, s.Now().UnixMicro(), string(user), string(id))
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, identity.ErrNotFound
	}
	return &rows[0], nil
}

// micros is how the tables keep a time: 0 is none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}
