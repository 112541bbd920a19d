package token_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/jose"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/keyring"
)

// That a signature was good before never lets a token pass that is over now.
func TestSeenEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(f *fixture) error
		want error
	}{
		"nothing":             {func(*fixture) error { return nil }, nil},
		"a rotation of keys":  {func(f *fixture) error { return f.ring.Rotate(f.Context(), false) }, nil},
		"expired":             {func(f *fixture) error { f.wait(15 * time.Minute); return nil }, identity.ErrTokenExpired},
		"the clock went back": {func(f *fixture) error { f.wait(-time.Minute - time.Second); return nil }, identity.ErrInvalidToken},
		"an emergency":        {func(f *fixture) error { return f.ring.Rotate(f.Context(), true) }, identity.ErrInvalidToken},
		"its key was dropped": {func(f *fixture) error {
			f.must(f.ring.Rotate(f.Context(), false))
			f.wait(time.Hour)
			return nil
		}, identity.ErrInvalidToken},
	} {
		f := sqliteFixture(t)
		access := f.issue(f.signIn())
		_, err := f.tokens.Verify(access)
		f.must(err)
		f.must(c.end(f))
		_, seen := f.tokens.Verify(access)
		f.refuses(name, seen, c.want)
		_, first := f.storeAt(f.now).Verify(access)
		f.refuses(name+", never seen", first, c.want)
	}
}

// An impostor answers with a key of its own for every ID, so that only what was seen
// before can pass.
type impostor struct {
	*keyring.Ring
	key *jose.Key
}

func (i impostor) AccessVerifier(string) *jose.Key { return i.key }

// Good signatures are checked once, and forgotten when there are many newer ones.
func TestSeenBounded(t *testing.T) {
	f := sqliteFixture(t)
	l := f.signIn()
	first, last := f.issue(l), f.issue(l)
	verify := func(access string) error {
		_, err := f.tokens.Verify(access)
		return err
	}
	f.must(verify(first))
	for range 4096 {
		f.must(verify(f.issue(l)))
	}
	f.must(verify(last))
	key, err := jose.Generate(jose.ES256, "x")
	f.must(err)
	f.tokens.Keys = impostor{f.ring, key}
	f.refuses("seen a moment ago", verify(last), nil)
	f.refuses("seen 4096 tokens ago", verify(first), identity.ErrInvalidToken)
}

// Many requests with few tokens at once; the race detector watches.
func TestSeenTogether(t *testing.T) {
	f := sqliteFixture(t)
	l := f.signIn()
	tokens := make([]string, 8)
	for i := range tokens {
		tokens[i] = f.issue(l)
	}
	sqldbtest.Race(32, func(i int) {
		for range 50 {
			want := tokens[i%len(tokens)]
			c, err := f.tokens.Verify(want)
			if err != nil || c.ID != f.part(want, 1)["jti"] {
				t.Errorf("%+v, %v", c, err)
			}
		}
	})
}
