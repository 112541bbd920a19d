package token_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/token"
)

// Idle and absolute end hold whatever happens (CON-01, BUG-04).
func TestFamilyTimings(t *testing.T) {
	each(t, func(f *fixture) {
		for name, c := range map[string]struct {
			uses   int // refreshes that succeed, a day apart
			active bool
			then   time.Duration // after the last of them
			want   error
		}{
			"unused, almost idle":         {0, true, idle - time.Microsecond, nil},
			"unused, idle":                {0, true, idle, token.ErrRefreshExpired},
			"used, almost idle again":     {3, true, idle - time.Microsecond, nil},
			"used, idle again":            {3, true, idle, token.ErrRefreshExpired},
			"in the background":           {6, false, day - time.Microsecond, nil},
			"in the background for long":  {6, false, day, token.ErrRefreshExpired},
			"used daily, almost a month":  {29, true, day - time.Microsecond, nil},
			"used daily, a month":         {29, true, day, token.ErrRefreshExpired},
			"used daily, long thereafter": {29, true, 300 * day, token.ErrRefreshExpired},
		} {
			refresh, ctx := f.signIn().refresh, with(f.Context(), firefox)
			for range c.uses {
				f.wait(day)
				next, _, err := f.refresh(ctx, f.tokens, refresh, c.active)
				f.must(err)
				refresh = next
			}
			f.wait(c.then)
			_, _, err := f.refresh(ctx, f.tokens, refresh, true)
			f.refuses(name, err, c.want)
		}
	})
}

// A background tab neither prolongs nor shortens what an active person has left.
func TestInactiveReplay(t *testing.T) {
	each(t, func(f *fixture) {
		refresh, ctx := f.signIn().refresh, with(f.Context(), firefox)
		for _, s := range []struct {
			after  time.Duration
			active bool
			want   token.Verdict
		}{{day, true, token.Rotated}, {day, false, token.Replaced}, {time.Second, false, token.Repeated}, {idle - day - 2*time.Second, false, token.Replaced}} {
			f.wait(s.after)
			if _, verdict, err := f.refresh(ctx, f.tokens, refresh, s.active); err != nil || verdict != s.want {
				f.Errorf("%+v: %s, %v", s, words[verdict], err)
			}
		}
		f.wait(time.Second)
		_, _, err := f.refresh(ctx, f.tokens, refresh, true)
		f.refuses("idle since the person left", err, token.ErrRefreshExpired)
	})
}

// What a family knows: whose it is, of which sign-in, which token is next, and its two ends
// (REF-04).
func TestBegin(t *testing.T) {
	each(t, func(f *fixture) {
		l := f.signIn()
		got, number, err := f.tokens.Present(f.Context(), l.refresh)
		f.must(err)
		want := identity.Grant{
			ID: l.family.ID, UserID: l.user.ID, ClientID: identity.FirstParty, SessionID: l.session.ID,
			CreatedAt: start, IdleAt: start.Add(idle), ExpiresAt: start.Add(lifetime),
		}
		got.CreatedAt, got.IdleAt, got.ExpiresAt = got.CreatedAt.UTC(), got.IdleAt.UTC(), got.ExpiresAt.UTC()
		if number != 1 || got.Grant != want || l.family.Grant != want || got.Mode != identity.ModeToken {
			f.Errorf("number %d\nread  %+v\nbegun %+v\nwant  %+v", number, got.Grant, l.family.Grant, want)
		}
		_, refresh, err := f.tokens.Begin(f.Context(), token.NewFamily{Session: l.session, Idle: idle, Lifetime: time.Hour})
		f.must(err)
		again, _, err := f.tokens.Present(f.Context(), refresh)
		if err != nil || !again.ExpiresAt.Equal(start.Add(time.Hour)) {
			f.Errorf("%+v, %v", again, err)
		}
	})
}

func TestEnd(t *testing.T) {
	each(t, func(f *fixture) {
		alice := f.user("user")
		this, that, other, theirs := f.signInAs(alice, idle), f.signInAs(alice, idle), f.signInAs(alice, idle), f.signIn()
		f.must(f.tokens.End(f.Context(), that.session.ID, "logout"))
		f.must(f.tokens.EndAll(f.Context(), alice.ID, this.session.ID, "password"))
		for _, c := range []struct {
			what   string
			l      *login
			reason string
			want   string
		}{
			{"ended", that, "logout", "TOKEN_REVOKED"},
			{"the others", other, "password", "TOKEN_REVOKED"},
			{"this one", this, "", "rotated"},
			{"another user's", theirs, "", "rotated"},
		} {
			family, _, err := f.tokens.Present(f.Context(), c.l.refresh)
			if err != nil || family.Reason != c.reason || family.RevokedAt.IsZero() != (c.reason == "") {
				f.Errorf("%s: %+v, %v: the first reason stays", c.what, family, err)
			}
			if _, got := f.present(firefox, c.l.refresh); got != c.want {
				f.Errorf("%s: %s, want %s", c.what, got, c.want)
			}
		}
	})
}

// Theft stays theft, also when the family is ended afterwards.
func TestEndAfterReuse(t *testing.T) {
	each(t, func(f *fixture) {
		l := f.signIn()
		next, _ := f.present(firefox, l.refresh)
		f.present(safari, l.refresh)
		f.must(f.tokens.EndAll(f.Context(), l.user.ID, "", "logout"))
		if _, what := f.present(firefox, next); what != "TOKEN_REUSED" {
			f.Errorf("%s", what)
		}
	})
}

// After a change of password this session goes on in the new generation, the others end.
func TestAdopt(t *testing.T) {
	each(t, func(f *fixture) {
		alice := f.user("user")
		this, that := f.signInAs(alice, idle), f.signInAs(alice, idle)
		generation, err := f.accounts.EndGeneration(f.Context(), alice.ID)
		f.must(err)
		f.must(f.tokens.Adopt(f.Context(), this.session.ID, generation))
		if _, what := f.present(firefox, this.refresh); what != "rotated" {
			f.Errorf("this session: %s", what)
		}
		if _, what := f.present(firefox, that.refresh); what != "TOKEN_REVOKED" {
			f.Errorf("the other: %s", what)
		}
	})
}

// The rows of families that ended are evidence for a month more (CON-05).
func TestSweep(t *testing.T) {
	each(t, func(f *fixture) {
		l := f.signIn()
		next, _ := f.present(firefox, l.refresh)
		f.present(safari, l.refresh)
		c, err := f.tokens.Verify(f.issue(l))
		f.must(err)
		f.must(f.tokens.Revoke(f.Context(), c))
		for _, s := range []struct {
			after       time.Duration
			refresh     string
			revocations int
		}{
			{15 * time.Minute, "TOKEN_REUSED", 1}, // it could still pass a machine whose clock is late
			{time.Minute, "TOKEN_REUSED", 0},
			{60*day - 16*time.Minute - time.Microsecond, "TOKEN_REUSED", 0},
			{time.Microsecond, "INVALID_TOKEN", 0},
		} {
			f.wait(s.after)
			f.must(f.tokens.Sweep(f.Context()))
			var n int
			_, err := f.db.Row(f.Context(), []any{&n}, `SELECT COUNT(*) FROM revoked_tokens`)
			if _, what := f.present(firefox, next); what != s.refresh || n != s.revocations || err != nil {
				f.Errorf("after %v more: %s, %d revocations, %v, want %+v", s.after, what, n, err, s)
			}
		}
	})
}
