package token

import (
	"bytes"
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A Verdict is what became of a refresh token that was presented.
type Verdict uint8

// The verdicts, in the order of the rotation rule (RFC 9700 section 4.14.2).
const (
	Refused  Verdict = iota // the zero Verdict: the family is over, the error says how
	Rotated                 // it was current: it is the parent now
	Repeated                // it was the parent, a moment ago: the same successor again
	Replaced                // it was the parent, its child was never used: another child
	Reused                  // it was used before: the family is revoked
)

// Rotate applies the rotation rule to number of a family, in the transaction of ctx:
//
//	the current number        it becomes the parent, a new number becomes current
//	the parent, within Grace  the same child again, for the same user-agent
//	the parent, later         another child; the unused one is thereby dead
//	anything else             reuse: the family is revoked
//
// One conditional statement decides each step and the loser looks at why it lost. Only an
// active person slides the idle expiry. A Reused verdict comes without an error, so that
// the caller's transaction commits and the refusal lasts.
func (s *Store) Rotate(ctx context.Context, f *Family, number int64, active bool) (Verdict, error) {
	for {
		if err := f.over(s.Now()); err != nil {
			return Refused, err
		}
		verdict, done, err := s.step(ctx, f, number, active)
		if err != nil || done {
			return verdict, err
		}
		fresh, err := s.family(ctx, f.ID) // somebody was faster: look again
		if err != nil {
			return Refused, err
		}
		if fresh == nil {
			return Refused, identity.ErrTokenRevoked
		}
		if unchanged(f, fresh) { // then it was not the numbers: user or session are gone
			return Refused, identity.ErrTokenRevoked
		}
		*f = *fresh
	}
}

func unchanged(a, b *Family) bool {
	return a.current == b.current && a.parent == b.parent && bytes.Equal(a.agent, b.agent) &&
		a.rotatedAt.Equal(b.rotatedAt) && a.RevokedAt.Equal(b.RevokedAt)
}

// over says how a dead family died.
func (f *Family) over(now time.Time) error {
	switch {
	case f.RevokedAt.IsZero() && now.Before(f.IdleAt) && now.Before(f.ExpiresAt):
		return nil
	case f.RevokedAt.IsZero():
		return ErrRefreshExpired
	case f.Reason == ReasonReuse:
		return ErrReused
	default:
		return identity.ErrTokenRevoked
	}
}

// step tries what the numbers as we know them call for, and reports whether it held.
func (s *Store) step(ctx context.Context, f *Family, number int64, active bool) (Verdict, bool, error) {
	recent := s.Now().Sub(f.rotatedAt) <= Grace
	switch {
	case number == f.current:
		won, err := s.advance(ctx, f, number, active)
		return Rotated, won, err
	case number == f.parent && recent && f.Served(ctx):
		stands, err := s.stands(ctx, f)
		return Repeated, stands, err
	case number == f.parent && !recent:
		won, err := s.advance(ctx, f, f.parent, active)
		return Replaced, won, err
	default:
		won, err := s.revoke(ctx, f.ID, ReasonReuse)
		return Reused, won, err
	}
}

// standing is the part of every condition that is not about numbers: the family lives, and
// so do its user and its session (BUG-03).
const standing = ` AND revoked_at = 0 AND idle_at > $2 AND expires_at > $2
	AND EXISTS (SELECT 1 FROM users u WHERE u.id = grants.user_id AND u.state = 'active' AND NOT u.must_reset AND u.generation = grants.generation)
	AND EXISTS (SELECT 1 FROM sessions s WHERE s.id = grants.session_id AND s.expires_at > $2)`

// advance makes a new number current, with parent as its parent. It holds only if nobody
// moved the numbers since f was read.
func (s *Store) advance(ctx context.Context, f *Family, parent int64, active bool) (bool, error) {
	now := s.Now()
	idleAt := f.IdleAt
	if active {
		idleAt = now.Add(f.idle)
	}
	agent := agentOf(ctx)
	n, err := s.DB.Exec(ctx, `UPDATE grants SET current = current + 1, parent = $3, rotated_at = $2, agent = $4, idle_at = $5
		WHERE id = $1 AND current = $6 AND parent = $7 AND rotated_at = $8`+standing,
		string(f.ID), now.UnixMicro(), parent, agent, idleAt.UnixMicro(), f.current, f.parent, f.rotatedAt.UnixMicro())
	if n == 1 {
		f.current, f.parent, f.rotatedAt, f.agent, f.IdleAt = f.current+1, parent, now, agent, idleAt
	}
	return n == 1, err
}

// stands reports whether the family is as we know it and may still be refreshed. All three
// are compared: what we know may come from a transaction that was undone.
func (s *Store) stands(ctx context.Context, f *Family) (bool, error) {
	var one int
	return s.DB.Row(ctx, []any{&one}, `SELECT 1 FROM grants WHERE id = $1 AND current = $3 AND parent = $4 AND agent = $5`+standing,
		string(f.ID), s.Now().UnixMicro(), f.current, f.parent, f.agent)
}

// revoke ends a family once; the first reason stays.
func (s *Store) revoke(ctx context.Context, id identity.GrantID, reason string) (bool, error) {
	n, err := s.DB.Exec(ctx, `UPDATE grants SET revoked_at = $1, reason = $2 WHERE id = $3 AND revoked_at = 0`, s.Now().UnixMicro(), reason, string(id))
	return n == 1, err
}

// Successor returns the refresh token that is current now: after Rotated, Repeated and
// Replaced, what the client gets.
func (s *Store) Successor(f *Family) (string, error) { return s.refreshToken(f, f.current) }

// End revokes the families of a session: it was signed out.
func (s *Store) End(ctx context.Context, session identity.SessionID, reason string) error {
	_, err := s.DB.Exec(ctx, `UPDATE grants SET revoked_at = $1, reason = $2 WHERE session_id = $3 AND revoked_at = 0`,
		s.Now().UnixMicro(), reason, string(session))
	return err
}

// EndAll revokes the families of a user but those of one session, which may be "".
func (s *Store) EndAll(ctx context.Context, user identity.UserID, except identity.SessionID, reason string) error {
	_, err := s.DB.Exec(ctx, `UPDATE grants SET revoked_at = $1, reason = $2 WHERE user_id = $3 AND session_id <> $4 AND revoked_at = 0`,
		s.Now().UnixMicro(), reason, string(user), string(except))
	return err
}

// Adopt carries the families of a session into a new generation of its user, after the
// others were ended.
func (s *Store) Adopt(ctx context.Context, session identity.SessionID, generation int64) error {
	_, err := s.DB.Exec(ctx, `UPDATE grants SET generation = $1 WHERE session_id = $2 AND revoked_at = 0`, generation, string(session))
	return err
}

// Sweep removes families a month after their end (the rows are evidence, CON-05) and the
// revocations of tokens that would be over by now.
func (s *Store) Sweep(ctx context.Context) error {
	now := s.Now()
	err := s.DB.Sweep(ctx, `DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE expires_at <= $1 LIMIT $2)`, now.Add(-30*24*time.Hour).UnixMicro())
	if err != nil {
		return err
	}
	return s.DB.Sweep(ctx, `DELETE FROM revoked_tokens WHERE jti IN (SELECT jti FROM revoked_tokens WHERE expires_at <= $1 LIMIT $2)`, now.Add(-skew).UnixMicro())
}
