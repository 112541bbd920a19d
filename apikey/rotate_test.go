package apikey_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/apikey"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// A rotated key keeps its ID; the new secret is good at once, the old one for the overlap, and
// there are never more than two (KEY-07).
func TestRotate(t *testing.T) {
	each(t, func(f *fixture) {
		user, ctx := f.user("alice"), f.Context()
		k, first := f.key(user)
		rotated, second, err := f.Rotate(ctx, user, k.ID, k.Prefix, time.Hour)
		f.must(err)
		if rotated.ID != k.ID || rotated.Prefix != second[:12] || !rotated.OldUntil.Equal(f.now().Add(time.Hour)) {
			t.Errorf("%+v", rotated)
		}
		f.is("the old secret", first, true)
		f.is("the new secret", second, true)
		_, _, err = f.Rotate(ctx, user, k.ID, rotated.Prefix, time.Hour)
		f.refuses("a third secret", err, apikey.ErrRotated)
		f.wait(time.Hour)
		f.is("the old secret after the overlap", first, false)
		_, third, err := f.Rotate(ctx, user, k.ID, rotated.Prefix, day)
		f.must(err)
		f.is("the second secret", second, true)
		now, fourth, err := f.Rotate(ctx, user, k.ID, third[:12], 0)
		f.must(err)
		for _, old := range []string{first, second, third} {
			f.is("an old secret after a rotation without overlap", old, false)
		}
		f.is("the only secret", fourth, true)
		if !now.OldUntil.IsZero() {
			t.Errorf("%+v", now)
		}
		f.must(f.Revoke(ctx, user, k.ID))
		f.is("after it was revoked", fourth, false)
		if n := f.events(user)[identity.EventAPIKeyRotated]; n != 3 {
			t.Errorf("%d rotations recorded", n)
		}
	})
}

// Both secrets end with the key.
func TestRevokeWhileRotating(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.user("alice")
		k, first := f.key(user)
		_, second, err := f.Rotate(f.Context(), user, k.ID, k.Prefix, day)
		f.must(err)
		f.must(f.Revoke(f.Context(), user, k.ID))
		f.is("the old secret", first, false)
		f.is("the new secret", second, false)
		_, _, err = f.Rotate(f.Context(), user, k.ID, second[:12], 0)
		f.refuses("to rotate a revoked key", err, identity.ErrNotFound)
		f.refuses("to revoke it again", f.Revoke(f.Context(), user, k.ID), identity.ErrNotFound)
	})
}

func TestOverlap(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	user := f.user("alice")
	k, _ := f.key(user)
	for _, overlap := range []time.Duration{-1, apikey.MaxOverlap + 1} {
		_, _, err := f.Rotate(f.Context(), user, k.ID, k.Prefix, overlap)
		f.refuses(overlap.String(), err, identity.ErrInvalid)
	}
	_, _, err := f.Rotate(f.Context(), f.user("bob"), k.ID, k.Prefix, day)
	f.refuses("somebody else's", err, identity.ErrNotFound)
	_, _, err = f.Rotate(f.Context(), user, k.ID, "sk_live_????", 0)
	f.refuses("a secret that is not the newest", err, apikey.ErrRotated)
}

// Of all who rotate a key at once one does, and holds the only new secret.
func TestRotateAtOnce(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.user("alice")
		for round := range sqldbtest.Rounds(t) {
			overlap := []time.Duration{0, day}[round%2]
			k, _ := f.key(user)
			var won atomic.Int32
			var text atomic.Value
			sqldbtest.Race(8, func(int) {
				_, secret, err := f.Rotate(f.Context(), user, k.ID, k.Prefix, overlap)
				if err == nil {
					won.Add(1)
					text.Store(secret)
				} else if !errors.Is(err, apikey.ErrRotated) {
					t.Error(err)
				}
			})
			if won.Load() != 1 {
				t.Fatalf("%d rotations with overlap %v", won.Load(), overlap)
			}
			f.is("the winner's", text.Load().(string), true)
			f.must(f.Revoke(f.Context(), user, k.ID))
		}
	})
}

// A key that is revoked while it is rotated is dead, whoever was first.
func TestRotateAndRevokeAtOnce(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.user("alice")
		for range sqldbtest.Rounds(t) {
			k, first := f.key(user)
			var second string
			sqldbtest.Race(2, func(i int) {
				if i == 0 {
					f.must(f.Revoke(f.Context(), user, k.ID))
					return
				}
				_, second, _ = f.Rotate(f.Context(), user, k.ID, k.Prefix, day)
			})
			f.is("the old secret", first, false)
			f.is("the new secret", second, false)
		}
	})
}

// Nobody has more keys than there may be, however many are made at once.
func TestMost(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.user("alice")
		for range apikey.Most - 3 {
			f.key(user)
		}
		var made atomic.Int32
		sqldbtest.Race(8, func(int) {
			_, _, err := f.Create(f.Context(), user, apikey.New{Name: "one more"})
			if err == nil {
				made.Add(1)
			} else {
				f.refuses("too many", err, apikey.ErrMost)
			}
		})
		list, err := f.List(f.Context(), user)
		f.must(err)
		if made.Load() != 3 || len(list) != apikey.Most {
			t.Errorf("%d were made, there are %d", made.Load(), len(list))
		}
		f.key(f.user("bob")) // the limit is each user's own
		f.must(f.Revoke(f.Context(), user, list[0].ID))
		f.key(user)
	})
}
