package token_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/token"
)

// claims is what a token of the login says now.
func (f *fixture) claims(l *login) *token.Claims {
	f.Helper()
	c, err := f.tokens.Verify(f.issue(l))
	f.must(err)
	return c
}

// What was ended before its time is refused by the next request (JWT-20, JWT-24, JWT-25,
// CON-24).
func TestCheck(t *testing.T) {
	each(t, func(f *fixture) {
		for name, c := range map[string]struct {
			end  func(l *login, c *token.Claims) error
			want error
		}{
			"nothing":    {func(*login, *token.Claims) error { return nil }, nil},
			"a new name": {func(l *login, _ *token.Claims) error { return f.accounts.Rename(f.Context(), l.user.ID, "x") }, nil},
			"roles":      {func(l *login, _ *token.Claims) error { return f.accounts.SetRoles(f.Context(), l.user.ID, nil) }, identity.ErrTokenOutdated},
			"generation": {func(l *login, _ *token.Claims) error {
				_, err := f.accounts.EndGeneration(f.Context(), l.user.ID)
				return err
			}, identity.ErrTokenRevoked},
			"disabled": {func(l *login, _ *token.Claims) error {
				return f.accounts.SetState(f.Context(), l.user.ID, identity.Disabled)
			}, identity.ErrTokenRevoked},
			"deleted": {func(l *login, _ *token.Claims) error { return f.accounts.Delete(f.Context(), l.user.ID) }, identity.ErrTokenRevoked},
			"session revoked": {func(l *login, _ *token.Claims) error {
				_, err := f.sessions.RevokeAll(f.Context(), l.user.ID, "")
				return err
			}, identity.ErrTokenRevoked},
			"grant ended":   {func(l *login, _ *token.Claims) error { return f.tokens.End(f.Context(), l.session.ID, "logout") }, identity.ErrTokenRevoked},
			"grant stolen":  {func(l *login, _ *token.Claims) error { return f.steal(l) }, identity.ErrTokenRevoked},
			"token revoked": {func(_ *login, c *token.Claims) error { return f.tokens.Revoke(f.Context(), c) }, identity.ErrTokenRevoked},
			"must reset": {func(l *login, _ *token.Claims) error {
				f.exec(`UPDATE users SET must_reset = TRUE WHERE id = $1`, string(l.user.ID))
				return nil
			}, identity.ErrTokenRevoked},
			"session over": {func(l *login, _ *token.Claims) error {
				f.exec(`UPDATE sessions SET expires_at = $1 WHERE id = $2`, f.now().UnixMicro(), string(l.session.ID))
				return nil
			}, identity.ErrTokenRevoked},
		} {
			l, neighbour := f.signIn(), f.signIn()
			claims, theirs := f.claims(l), f.claims(neighbour)
			f.refuses(name+": before", f.tokens.Check(f.Context(), claims), nil)
			f.must(c.end(l, claims))
			f.refuses(name, f.tokens.Check(f.Context(), claims), c.want)
			f.refuses(name+": the neighbour's", f.tokens.Check(f.Context(), theirs), nil)
		}
	})
}

// steal makes the family end by reuse.
func (f *fixture) steal(l *login) error {
	f.present(firefox, l.refresh)
	_, what := f.present(safari, l.refresh)
	if what != "reused" {
		f.Errorf("the thief is %s", what)
	}
	return nil
}

// A signed token that mixes the things of several people stands for none of them.
func TestCheckMixed(t *testing.T) {
	each(t, func(f *fixture) {
		a, b := f.signIn(), f.signIn()
		for name, mix := range map[string]func(c *token.Claims){
			"another's session": func(c *token.Claims) { c.SessionID = b.session.ID },
			"another's grant":   func(c *token.Claims) { c.GrantID = b.family.ID },
			"another's subject": func(c *token.Claims) { c.Subject = b.user.ID },
			"an unknown grant":  func(c *token.Claims) { c.GrantID = "gra_0" },
			"no session":        func(c *token.Claims) { c.SessionID = "" },
		} {
			c := *f.claims(a)
			mix(&c)
			f.refuses(name, f.tokens.Check(f.Context(), &c), identity.ErrTokenRevoked)
		}
		c := *f.claims(a)
		c.GrantID = "" // as the tokens of POST /auth/token are
		f.refuses("no grant", f.tokens.Check(f.Context(), &c), nil)
		c.Version++
		f.refuses("a version of the future", f.tokens.Check(f.Context(), &c), identity.ErrTokenOutdated)
	})
}

// A token of a cookie session does not outlive the session's idle end.
func TestCheckIdleSession(t *testing.T) {
	each(t, func(f *fixture) {
		u := f.user("user")
		v := &identity.Session{UserID: u.ID, Mode: identity.ModeCookie, Idle: 10 * time.Minute, ExpiresAt: f.now().Add(day)}
		_, err := f.sessions.Create(f.Context(), v)
		f.must(err)
		access, err := f.tokens.Issue(u, v, "", token.Purpose{})
		f.must(err)
		c, err := f.tokens.Verify(access)
		f.must(err)
		f.wait(10*time.Minute - time.Microsecond)
		f.refuses("almost idle", f.tokens.Check(f.Context(), c), nil)
		f.wait(time.Microsecond)
		f.refuses("idle", f.tokens.Check(f.Context(), c), identity.ErrTokenRevoked)
	})
}

// A token without an ID is not revoked: one record would end all of its kind (BUG-08).
func TestRevoke(t *testing.T) {
	each(t, func(f *fixture) {
		l := f.signIn()
		one, other := f.claims(l), f.claims(l)
		f.must(f.tokens.Revoke(f.Context(), one))
		f.must(f.tokens.Revoke(f.Context(), one)) // twice is once
		f.refuses("the revoked one", f.tokens.Check(f.Context(), one), identity.ErrTokenRevoked)
		f.refuses("another of the same session", f.tokens.Check(f.Context(), other), nil)
		nameless := *other
		nameless.ID = ""
		f.refuses("one without an ID", f.tokens.Revoke(f.Context(), &nameless), identity.ErrInvalidToken)
		over := *other
		over.ID, over.Expires = "over", f.now().Unix()-1
		f.refuses("one that is over", f.tokens.Revoke(f.Context(), &over), nil)
		f.must(f.tokens.Sweep(f.Context()))
		f.refuses("after the sweep", f.tokens.Check(f.Context(), one), identity.ErrTokenRevoked)
		if n := f.accounts.Log.Counts()[identity.EventTokenRevoked]; n != 2 {
			f.Errorf("%d events, want 2", n)
		}
	})
}
