// Package keyring keeps the keys of the house: made, published ahead of use, rotated,
// retired, dropped.
//
// It owns the table keys and knows how each use of a key rotates. It does not know what is
// signed or sealed. Private parts are sealed under the master key, which lives outside the
// database: a stolen dump opens nothing. JWK Sets are RFC 7517, key rotation follows OpenID
// Connect Core section 10.1.1.
//
// Of each use there is one current key and one next key. The next one is published long
// before it signs, so that a rotation surprises no verifier; the one before stays until the
// last thing it signed has run out, so that a rotation signs nobody out (JWT-14). The
// emergency rotation drops all of them at once (CON-31).
package keyring

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/jose"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// A Use is what keys are for; keys of one use are never used for another.
type Use string

// The uses of keys.
const (
	Access  Use = "access"  // signs access tokens
	Audit   Use = "audit"   // signs the head of the audit log
	Refresh Use = "refresh" // authenticates refresh tokens
	CSRF    Use = "csrf"    // binds forms to sessions
	Seal    Use = "seal"    // seals records of the database
	Captcha Use = "captcha" // authenticates what browsers are given to work on
)

// symmetric is the algorithm of the uses that need 32 random bytes and no JOSE.
const symmetric jose.Algorithm = "secret"

// plans says how long a retired key of a use is kept after its rotation. Forever is for
// what must still be read much later. Emergency says whether the emergency rotation
// replaces the keys of the use: what tokens rest on, but not what records are sealed with.
var plans = map[Use]struct {
	keep      time.Duration
	emergency bool
}{
	Access:  {keep: time.Hour, emergency: true}, // longer than any access token lives
	Audit:   {keep: forever},
	Refresh: {keep: MaxFamilyLife, emergency: true},
	CSRF:    {keep: 24 * time.Hour, emergency: true},
	Seal:    {keep: forever},
	Captcha: {keep: time.Hour, emergency: true}, // longer than anybody works
}

// uses has one order: of two processes that change the keys at once one waits for the other,
// and they never wait for each other.
var uses = slices.Sorted(maps.Keys(plans))

const forever = 100 * 365 * 24 * time.Hour

// MaxFamilyLife is how long a refresh family may live at the most, so that the key of its
// tokens is still kept when it ends.
const MaxFamilyLife = 30 * 24 * time.Hour

// MaxTokenLife is how long an access token may live at the most, so that its key is still
// published when it ends.
const MaxTokenLife = 50 * time.Minute

// A Ring is the only code that touches the table of keys. DB, Log, Now and Master are
// required; Open must be called before anything else.
type Ring struct {
	DB     *sqldb.DB
	Log    *audit.Log
	Now    func() time.Time
	Master []byte // 32 bytes that live outside the database
	// Algorithm signs access tokens. "" means ES256.
	Algorithm jose.Algorithm

	keys   atomic.Pointer[snapshot]
	reload sync.Mutex // one at a time: an older reading must not replace a newer one
	mu     sync.Mutex // guards asked
	asked  time.Time  // when an unknown key last made us look
	master *secret.Box
}

// ErrMaster is returned by Open when the master key does not open the keys of the database.
var ErrMaster = errors.New("the master key is not the one that sealed the keys of this database; restore the master key that belongs to it")

// ErrLost is returned by Open for a database that has a history but no keys.
var ErrLost = errors.New("this database was in use but its keys are gone; restore it from a backup")

// Open loads the keys. On a database that has never had any it makes them; over an
// existing database it never does, because that would silently end everything signed and
// make everything sealed unreadable.
func (r *Ring) Open(ctx context.Context) error {
	var err error
	if r.master, err = secret.NewBox(r.Master); err != nil {
		return fmt.Errorf("master key: %w", err)
	}
	if r.Algorithm == "" {
		r.Algorithm = jose.ES256
	}
	// History is read before the keys: another process may be making the first of both now.
	history, _, err := r.Log.List(ctx, audit.Query{Limit: 1})
	if err != nil {
		return err
	}
	if err := r.Reload(ctx); err != nil {
		return err
	}
	if len(history) > 0 && len(r.keys.Load().all) == 0 {
		return ErrLost
	}
	if err := r.complete(ctx); err != nil {
		return err
	}
	return r.Reload(ctx)
}

// Exist reports whether the database has keys, which need their master key.
func Exist(ctx context.Context, db *sqldb.DB) (bool, error) {
	var n int
	_, err := db.Row(ctx, []any{&n}, `SELECT COUNT(*) FROM keys`)
	return n > 0, err
}

func (r *Ring) algorithm(u Use) jose.Algorithm {
	switch u {
	case Access:
		return r.Algorithm
	case Audit:
		return jose.EdDSA
	default:
		return symmetric
	}
}

// complete makes the current and next key of each use that has none of the algorithm
// wanted. Two processes that start at once both try; the unique index lets one of each in.
func (r *Ring) complete(ctx context.Context) error {
	var made []*entry
	have := r.keys.Load()
	for _, use := range uses {
		alg := r.algorithm(use)
		for _, state := range []string{current, next} {
			if have.find(use, alg, state) != nil {
				continue
			}
			e, err := r.make(use, alg, state)
			if err != nil {
				return err
			}
			made = append(made, e)
		}
	}
	if len(made) == 0 {
		return nil
	}
	return r.DB.Tx(ctx, func(ctx context.Context) error {
		for _, e := range made {
			if err := r.insert(ctx, e); err != nil {
				return err
			}
		}
		return r.Log.Record(ctx, identity.Event{Type: identity.EventKeyRotated, Actor: "gatehouse", Data: map[string]string{"reason": "created"}})
	})
}

// JWKS returns the public keys that verify access tokens, as a JWK Set. Symmetric keys are
// not among them (GEN-11).
func (r *Ring) JWKS() []byte { return r.keys.Load().jwks }

// Signer returns the current key of a use that signs.
func (r *Ring) Signer(u Use) *jose.Key { return r.keys.Load().current[u].jose }

// Verifier returns the key that signed with the ID, nil if there is none or it was dropped.
// An unknown ID makes the ring look into the database, at most once a second: another
// process may have rotated.
func (r *Ring) Verifier(u Use, id string) *jose.Key {
	if e := r.lookup(u, id); e != nil {
		return e.jose
	}
	return nil
}

// Secret returns the current 32 bytes of a symmetric use, and their ID.
func (r *Ring) Secret(u Use) (id string, key []byte) {
	e := r.keys.Load().current[u]
	return e.id, e.raw
}

// SecretByID returns the bytes of a symmetric use by their ID, nil if they were dropped.
func (r *Ring) SecretByID(u Use, id string) []byte {
	if e := r.lookup(u, id); e != nil {
		return e.raw
	}
	return nil
}

func (r *Ring) lookup(u Use, id string) *entry {
	e := r.keys.Load().byID[id]
	if e == nil && r.mayAsk() {
		_ = r.Reload(context.Background()) // what cannot be loaded stays unknown: refused
		e = r.keys.Load().byID[id]
	}
	if e == nil || e.use != u || e.state == retired && !r.Now().Before(e.dropAt) {
		return nil
	}
	return e
}

// mayAsk keeps invented key IDs from becoming queries.
func (r *Ring) mayAsk() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	if d := now.Sub(r.asked); d >= 0 && d < time.Second {
		return false
	}
	r.asked = now
	return true
}

// Seal encrypts plain for the record named by context under the current sealing key.
func (r *Ring) Seal(plain []byte, context string) ([]byte, error) {
	e := r.keys.Load().current[Seal]
	box, err := secret.NewBox(e.raw)
	if err != nil {
		return nil, err
	}
	return append([]byte(e.id), box.Seal(plain, context)...), nil
}

// OpenSealed decrypts what Seal made for the same context.
func (r *Ring) OpenSealed(sealed []byte, context string) ([]byte, error) {
	if len(sealed) < idLength {
		return nil, secret.ErrSealed
	}
	box, err := secret.NewBox(r.SecretByID(Seal, string(sealed[:idLength])))
	if err != nil {
		return nil, secret.ErrSealed
	}
	return box.Open(sealed[idLength:], context)
}

// SignHead signs the head of the audit log.
func (r *Ring) SignHead(message []byte) (string, error) {
	return jose.Sign(r.Signer(Audit), headType, map[string]string{"head": string(message)})
}

// AuthenticHead reports whether SignHead, now or in the past, signed message.
func (r *Ring) AuthenticHead(message []byte, signature string) bool {
	claims, _, err := jose.Verify(signature, jose.Expect{Types: []string{headType}, Key: func(id string) *jose.Key { return r.Verifier(Audit, id) }})
	want := fmt.Sprintf(`{"head":%q}`, message)
	return err == nil && string(claims) == want
}

const headType = "audit-head+jws"
