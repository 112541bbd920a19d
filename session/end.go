package session

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// Renew gives a session new proofs and, where it has a cookie, a new secret: after the
// privilege changed, what was known before must open nothing (BUG-20). It belongs to the
// generation given. A session that is gone is identity.ErrNoCredentials.
func (s *Store) Renew(ctx context.Context, id identity.SessionID, generation int64, proofs []identity.Proof) (token string, err error) {
	text, err := json.Marshal(proofs)
	if err != nil {
		return "", err
	}
	token = secret.New()
	var mode identity.Mode
	found, err := s.DB.Change(ctx, []any{&mode}, `UPDATE sessions
		SET hash = CASE WHEN hash IS NULL THEN hash ELSE $1 END, generation = $2, proofs = $3
		WHERE id = $4 RETURNING mode`, secret.Hash(token), generation, string(text), string(id))
	if err == nil && !found {
		err = identity.ErrNoCredentials
	}
	if mode != identity.ModeCookie {
		token = ""
	}
	return token, err
}

// Revoke ends one session of a user and reports whether there was one. It is over with the
// next request that uses it.
func (s *Store) Revoke(ctx context.Context, user identity.UserID, id identity.SessionID) (revoked bool, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `DELETE FROM sessions WHERE id = $1 AND user_id = $2`, string(id), string(user))
		if revoked = n == 1; err != nil || !revoked {
			return err
		}
		return s.Log.Record(ctx, identity.Event{Type: identity.EventSessionRevoked, Subject: user, Data: map[string]string{"session": string(id)}})
	})
	return revoked, err
}

// RevokeAll ends every session of a user but one, which may be "", and returns how many.
func (s *Store) RevokeAll(ctx context.Context, user identity.UserID, except identity.SessionID) (n int64, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err = s.DB.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND id <> $2`, string(user), string(except))
		if err != nil || n == 0 {
			return err
		}
		return s.Log.Record(ctx, identity.Event{Type: identity.EventSessionRevoked, Subject: user, Data: map[string]string{"count": strconv.FormatInt(n, 10)}})
	})
	return n, err
}

// Sweep removes the sessions that have run out, by themselves or because their refresh
// family did, and the places at which nobody signs in any more.
func (s *Store) Sweep(ctx context.Context) error {
	err := s.DB.Sweep(ctx, `DELETE FROM sessions WHERE id IN (SELECT s.id FROM sessions s WHERE s.expires_at <= $1 OR (s.idle > 0 AND s.seen_at + s.idle <= $1)
		OR (s.idle = 0 AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.session_id = s.id AND g.revoked_at = 0 AND g.idle_at > $1)) LIMIT $2)`,
		s.Now().UnixMicro())
	if err != nil {
		return err
	}
	return s.sweepPlaces(ctx)
}

// Adopt carries a session into a new generation of its user, after the others were ended.
func (s *Store) Adopt(ctx context.Context, id identity.SessionID, generation int64) error {
	_, err := s.DB.Exec(ctx, `UPDATE sessions SET generation = $1 WHERE id = $2`, generation, string(id))
	return err
}
