package token_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/token"
)

// A step is one refresh. Tokens have names: "a" is the first of the family, and gives
// names the successor, which must be new when the name is and the same when it is not.
type step struct {
	after   time.Duration
	present string
	agent   string
	want    string
	gives   string
}

const (
	grace = token.Grace
	late  = token.Grace + time.Microsecond
)

// The rotation table (RFC 9700 section 4.14.2, CON-05, BUG-01).
var rotations = map[string][]step{
	"current": {
		{0, "a", firefox, "rotated", "b"}, {0, "b", firefox, "rotated", "c"}, {day, "c", firefox, "rotated", "d"},
	},
	"current, from another browser": {
		{0, "a", safari, "rotated", "b"}, {0, "b", firefox, "rotated", "c"},
	},
	"parent in time": {
		{0, "a", firefox, "rotated", "b"}, {grace, "a", firefox, "repeated", "b"}, {0, "a", firefox, "repeated", "b"}, {0, "b", firefox, "rotated", "c"},
	},
	"parent in time does not prolong the time": {
		{0, "a", firefox, "rotated", "b"}, {grace, "a", firefox, "repeated", "b"}, {grace, "a", firefox, "replaced", "c"},
	},
	"parent in time, from another browser": {
		{0, "a", firefox, "rotated", "b"}, {0, "a", safari, "reused", ""}, {0, "b", firefox, "TOKEN_REUSED", ""}, {0, "a", firefox, "TOKEN_REUSED", ""},
	},
	"the browser is the one that rotated": {
		{0, "a", safari, "rotated", "b"}, {time.Second, "a", safari, "repeated", "b"}, {time.Second, "a", firefox, "reused", ""},
	},
	"parent late": {
		{0, "a", firefox, "rotated", "b"}, {late, "a", firefox, "replaced", "c"}, {0, "c", firefox, "rotated", "d"},
	},
	"parent late, then its unused child": {
		{0, "a", firefox, "rotated", "b"}, {late, "a", firefox, "replaced", "c"}, {0, "b", firefox, "reused", ""}, {0, "c", firefox, "TOKEN_REUSED", ""},
	},
	"parent late, then its unused child much later": {
		{0, "a", firefox, "rotated", "b"}, {late, "a", firefox, "replaced", "c"}, {day, "b", safari, "reused", ""},
	},
	"parent late, from another browser": {
		{0, "a", firefox, "rotated", "b"}, {late, "a", safari, "replaced", "c"}, {0, "a", safari, "repeated", "c"}, {0, "a", firefox, "reused", ""},
	},
	"parent once more after replacement": {
		{0, "a", firefox, "rotated", "b"},
		{late, "a", firefox, "replaced", "c"},
		{grace, "a", firefox, "repeated", "c"},
		{late, "a", firefox, "replaced", "d"},
		{day, "a", firefox, "replaced", "e"},
		{0, "e", firefox, "rotated", "f"},
	},
	"replacements kill each other": {
		{0, "a", firefox, "rotated", "b"}, {late, "a", firefox, "replaced", "c"}, {late, "a", firefox, "replaced", "d"}, {0, "c", firefox, "reused", ""},
	},
	"parent of a used replacement": {
		{0, "a", firefox, "rotated", "b"}, {late, "a", firefox, "replaced", "c"}, {0, "c", firefox, "rotated", "d"}, {0, "a", firefox, "reused", ""},
	},
	"killed child after the replacement was used": {
		{0, "a", firefox, "rotated", "b"}, {late, "a", firefox, "replaced", "c"}, {0, "c", firefox, "rotated", "d"}, {0, "b", firefox, "reused", ""},
	},
	"grandparent at once": {
		{0, "a", firefox, "rotated", "b"}, {0, "b", firefox, "rotated", "c"}, {0, "a", firefox, "reused", ""}, {0, "c", firefox, "TOKEN_REUSED", ""},
	},
	"grandparent days later": {
		{0, "a", firefox, "rotated", "b"}, {day, "b", firefox, "rotated", "c"}, {3 * day, "a", firefox, "reused", ""},
	},
	"after reuse everything, for ever": {
		{0, "a", firefox, "rotated", "b"},
		{0, "b", firefox, "rotated", "c"},
		{0, "a", firefox, "reused", ""},
		{0, "a", firefox, "TOKEN_REUSED", ""},
		{late, "b", firefox, "TOKEN_REUSED", ""},
		{day, "c", firefox, "TOKEN_REUSED", ""},
		{lifetime, "c", firefox, "TOKEN_REUSED", ""},
	},
}

func TestRotation(t *testing.T) {
	each(t, func(f *fixture) {
		for name, steps := range rotations {
			tokens := map[string]string{"a": f.signIn().refresh}
			for i, s := range steps {
				f.wait(s.after)
				next, what := f.present(s.agent, tokens[s.present])
				if what != s.want || (next == "") != (s.gives == "") {
					f.Errorf("%s: step %d: %s, want %s", name, i+1, what, s.want)
				}
				f.name(tokens, s.gives, next)
			}
		}
	})
}

// name gives a token its name. Two names are two tokens and one name is one, letter by letter.
func (f *fixture) name(tokens map[string]string, name, refresh string) {
	f.Helper()
	if known, ok := tokens[name]; ok && known != refresh {
		f.Errorf("%s is %q and %q", name, known, refresh)
	}
	for other, known := range tokens {
		if other != name && known == refresh {
			f.Errorf("%s and %s are both %q", other, name, refresh)
		}
	}
	if name != "" {
		tokens[name] = refresh
	}
}

// Families know nothing of each other (REF-07, REF-12).
func TestFamiliesApart(t *testing.T) {
	each(t, func(f *fixture) {
		u := f.user("user")
		one, two := f.signInAs(u, idle), f.signInAs(u, idle)
		next, _ := f.present(firefox, one.refresh)
		_, _ = f.present(firefox, next)
		if _, what := f.present(firefox, one.refresh); what != "reused" {
			f.Errorf("the grandparent is %s", what)
		}
		if _, what := f.present(firefox, two.refresh); what != "rotated" {
			f.Errorf("the other family: %s", what)
		}
	})
}

var errAgain = errors.New("once more")

// A transaction that is run again must decide as if it were the first: what Rotate
// learned in the one that was undone did not happen.
func TestRotateAgain(t *testing.T) {
	each(t, func(f *fixture) {
		for name, c := range map[string]struct {
			before    []step // until "x" is presented
			present   string
			meanwhile *step // while the transaction is undone
			want      token.Verdict
		}{
			"current":                  {nil, "a", nil, token.Rotated},
			"parent late":              {[]step{{0, "a", firefox, "", "b"}, {late, "", "", "", ""}}, "a", nil, token.Replaced},
			"grandparent":              {[]step{{0, "a", firefox, "", "b"}, {0, "b", firefox, "", "c"}}, "a", nil, token.Reused},
			"another was faster":       {nil, "a", &step{0, "a", firefox, "", ""}, token.Repeated},
			"a thief was faster":       {nil, "a", &step{0, "a", safari, "", ""}, token.Reused},
			"it was killed meanwhile":  {[]step{{0, "a", firefox, "", "b"}, {late, "", "", "", ""}}, "b", &step{0, "a", firefox, "", ""}, token.Reused},
			"it became a grandparent":  {[]step{{0, "a", firefox, "", "b"}, {late, "", "", "", ""}}, "a", &step{0, "b", firefox, "", ""}, token.Reused},
			"both replaced the parent": {[]step{{0, "a", firefox, "", "b"}, {late, "", "", "", ""}}, "a", &step{0, "a", firefox, "", ""}, token.Repeated},
		} {
			tokens := map[string]string{"a": f.signIn().refresh}
			for _, s := range c.before {
				if f.wait(s.after); s.present != "" {
					tokens[s.gives], _ = f.present(s.agent, tokens[s.present])
				}
			}
			ctx := with(f.Context(), firefox)
			family, number, err := f.tokens.Present(ctx, tokens[c.present])
			f.must(err)
			_, err = f.rotate(ctx, family, number, errAgain)
			f.refuses(name, err, errAgain)
			if c.meanwhile != nil {
				f.present(c.meanwhile.agent, tokens[c.meanwhile.present])
			}
			verdict, err := f.rotate(ctx, family, number, nil)
			if err != nil || verdict != c.want {
				f.Errorf("%s: %s, %v, want %s", name, words[verdict], err, words[c.want])
			}
			if next, err := f.tokens.Successor(family); err != nil || verdict != token.Reused && !f.current(next) {
				f.Errorf("%s: the successor is not current, %v", name, err)
			}
		}
	})
}

// rotate rotates in a transaction that ends as the caller says.
func (f *fixture) rotate(ctx context.Context, family *token.Family, number int64, end error) (verdict token.Verdict, err error) {
	err = f.db.Tx(ctx, func(ctx context.Context) error {
		if verdict, err = f.tokens.Rotate(ctx, family, number, true); err != nil {
			return err
		}
		return end
	})
	return verdict, err
}

func (f *fixture) current(refresh string) bool {
	f.Helper()
	_, what := f.present(firefox, refresh)
	return what == "rotated"
}

// Every refresh asks again whether user and session still stand (BUG-03).
func TestRefused(t *testing.T) {
	each(t, func(f *fixture) {
		for name, c := range map[string]struct {
			end  func(l *login) error
			want error
		}{
			"ended":           {func(l *login) error { return f.tokens.End(f.Context(), l.session.ID, "logout") }, identity.ErrTokenRevoked},
			"all ended":       {func(l *login) error { return f.tokens.EndAll(f.Context(), l.user.ID, "", "logout") }, identity.ErrTokenRevoked},
			"disabled":        {func(l *login) error { return f.accounts.SetState(f.Context(), l.user.ID, identity.Disabled) }, identity.ErrTokenRevoked},
			"new generation":  {func(l *login) error { _, err := f.accounts.EndGeneration(f.Context(), l.user.ID); return err }, identity.ErrTokenRevoked},
			"session revoked": {func(l *login) error { _, err := f.sessions.Revoke(f.Context(), l.user.ID, l.session.ID); return err }, identity.ErrTokenRevoked},
			"user deleted":    {func(l *login) error { return f.accounts.Delete(f.Context(), l.user.ID) }, identity.ErrInvalidToken},
			"must reset": {func(l *login) error {
				f.exec(`UPDATE users SET must_reset = TRUE WHERE id = $1`, string(l.user.ID))
				return nil
			}, identity.ErrTokenRevoked},
			"session over": {func(l *login) error {
				f.exec(`UPDATE sessions SET expires_at = $1 WHERE id = $2`, f.now().UnixMicro(), string(l.session.ID))
				return nil
			}, identity.ErrTokenRevoked},
		} {
			l := f.signIn()
			next, _ := f.present(firefox, l.refresh)
			f.must(c.end(l))
			for what, refresh := range map[string]string{"current": next, "parent in time": l.refresh} {
				if _, got := f.present(firefox, refresh); got != identity.CodeOf(c.want) {
					f.Errorf("%s: %s: %s, want %v", name, what, got, c.want)
				}
			}
			f.wait(late)
			if _, got := f.present(firefox, l.refresh); got != identity.CodeOf(c.want) {
				f.Errorf("%s: parent late: %s, want %v", name, got, c.want)
			}
		}
	})
}
