package apikey

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

type reason string

func (r reason) Error() string { return string(r) }

// The causes of refusals, for the log: the caller learns none of them.
const (
	malformed = reason("not an API key of this house: its kind, shape or checksum is wrong")
	dead      = reason("the API key is unknown, expired or revoked, or its owner is shut out")
	elsewhere = reason("the address is not on the list of the API key")
)

// usedEvery is how exactly the last use of a key is known.
const usedEvery = time.Minute

// Check finds the key of a secret that is used from an address, with the roles of its owner as
// they are now. Every refusal is identity.ErrAPIKey: for a key that is malformed, unknown, expired
// or revoked, for one whose owner is disabled or must reset their password, and for an address
// that is not on its list (BUG-46).
//
// What is no key of ours by its kind, shape or checksum costs no query. Of a key only ID, UserID,
// Scopes, Networks, ACR and UsedAt are filled in.
//
// It runs on every request: one statement by unique key, and a write at most once a minute.
func (s *Store) Check(ctx context.Context, text, ip string) (k *Key, roles []string, err error) {
	if !strings.HasPrefix(text, s.kind()) || !Wellformed(text) {
		return nil, nil, identity.ErrAPIKey.Because(malformed)
	}
	k = &Key{}
	var scopes, networks, held string
	var used int64
	now := s.Now()
	found, err := s.DB.Row(ctx, []any{&k.ID, &k.UserID, &scopes, &networks, &k.ACR, &used, &held},
		`SELECT k.id, k.user_id, k.scopes, k.networks, k.acr, k.used_at, COALESCE((SELECT string_agg(r.role, ' ') FROM user_roles r WHERE r.user_id = k.user_id), '')
		FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id JOIN users u ON u.id = k.user_id
		WHERE s.hash = $1 AND (s.expires_at = 0 OR s.expires_at > $2) AND (k.expires_at = 0 OR k.expires_at > $2) AND k.revoked_at = 0
			AND u.state = 'active' AND NOT u.must_reset`, secret.Hash(text), now.UnixMicro())
	if err != nil {
		return nil, nil, err
	}
	if !found {
		return nil, nil, identity.ErrAPIKey.Because(dead)
	}
	k.Scopes, k.Networks, k.UsedAt = strings.Fields(scopes), parted(networks), instant(used)
	if !within(k.Networks, ip) {
		return nil, nil, identity.ErrAPIKey.Because(elsewhere)
	}
	s.used(ctx, k, now)
	return k, slices.Sorted(slices.Values(strings.Fields(held))), nil
}

// used notes that a key was used, once a minute. Of many requests at once one writes, and the
// others do not wait for it. A use that could not be noted is noted the next time.
func (s *Store) used(ctx context.Context, k *Key, now time.Time) {
	if now.Sub(k.UsedAt) < usedEvery {
		return
	}
	if _, busy := s.using.LoadOrStore(k.ID, true); busy {
		return
	}
	defer s.using.Delete(k.ID)
	if _, err := s.DB.Exec(ctx, `UPDATE api_keys SET used_at = $1 WHERE id = $2 AND used_at = $3`, now.UnixMicro(), string(k.ID), micros(k.UsedAt)); err == nil {
		k.UsedAt = now
	}
}
