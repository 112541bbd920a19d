package apikey_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/apikey"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// A key tells whose it is, what it may do and which roles its owner has now (KEY-06, KEY-12).
func TestCheck(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.user("alice", "user", "editor")
		made, text := f.key(user)
		k, roles, err := f.Check(f.Context(), text, here)
		f.must(err)
		if k.ID != made.ID || k.UserID != user || !slices.Equal(k.Scopes, []string{"read"}) || !slices.Equal(roles, []string{"editor", "user"}) {
			t.Errorf("%+v, %v", k, roles)
		}
		f.must(f.accounts.SetRoles(f.Context(), user, []string{"user"}))
		if _, roles, err = f.Check(f.Context(), text, here); err != nil || !slices.Equal(roles, []string{"user"}) {
			t.Errorf("after a role was taken away: %v, %v", roles, err)
		}
		list, err := f.List(f.Context(), user)
		f.must(err)
		want := made
		want.UsedAt = start
		if len(list) != 1 || fmt.Sprint(list[0]) != fmt.Sprint(want) {
			t.Errorf("listed as %+v, made as %+v", list, want)
		}
	})
}

// Whatever ends a key, or shuts its owner out, is in force with the next request; what signs the
// owner out everywhere is not, for a key is a machine's (KEY-08, BUG-46).
func TestEnds(t *testing.T) {
	each(t, func(f *fixture) {
		ctx := f.Context()
		for _, c := range []struct {
			what string
			end  func(identity.UserID, identity.KeyID) error
			good bool
		}{
			{"nothing", func(identity.UserID, identity.KeyID) error { return nil }, true},
			{"revoked", func(u identity.UserID, k identity.KeyID) error { return f.Revoke(ctx, u, k) }, false},
			{"all revoked", func(u identity.UserID, _ identity.KeyID) error { _, err := f.RevokeAll(ctx, u); return err }, false},
			{"revoked by another", func(u identity.UserID, k identity.KeyID) error {
				f.refuses("another", f.Revoke(ctx, u+"x", k), identity.ErrNotFound)
				return nil
			}, true},
			{"owner disabled", func(u identity.UserID, _ identity.KeyID) error { return f.accounts.SetState(ctx, u, identity.Disabled) }, false},
			{"owner enabled again", func(u identity.UserID, _ identity.KeyID) error {
				f.must(f.accounts.SetState(ctx, u, identity.Disabled))
				return f.accounts.SetState(ctx, u, identity.Active)
			}, true},
			{"owner must reset", func(u identity.UserID, _ identity.KeyID) error { return f.accounts.SetMustReset(ctx, u, true) }, false},
			{"owner deleted", func(u identity.UserID, _ identity.KeyID) error { return f.accounts.Delete(ctx, u) }, false},
			{"owner signed out everywhere", func(u identity.UserID, _ identity.KeyID) error {
				_, err := f.accounts.EndGeneration(ctx, u)
				return err
			}, true},
		} {
			user := f.user(strings.ReplaceAll(c.what, " ", "-"))
			k, text := f.key(user)
			f.must(c.end(user, k.ID))
			f.is(c.what, text, c.good)
		}
	})
}

// A key ends on time, and can be given more of it.
func TestExpiry(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.user("alice")
		k, text := f.key(user, func(n *apikey.New) { n.ExpiresAt = f.now().Add(time.Hour) })
		f.wait(time.Hour - time.Microsecond)
		f.is("just before", text, true)
		f.wait(time.Microsecond)
		f.is("on time", text, false)
		_, _, err := f.Rotate(f.Context(), user, k.ID, k.Prefix, day)
		f.refuses("to rotate one that has expired", err, identity.ErrConflict)
		later := f.now().Add(time.Hour)
		f.must(f.Change(f.Context(), user, k.ID, apikey.Change{ExpiresAt: &later}))
		f.is("with more time", text, true)
		f.must(f.Change(f.Context(), user, k.ID, apikey.Change{ExpiresAt: &time.Time{}}))
		f.wait(100 * 365 * day)
		f.is("without an end", text, true)
	})
}

// What no key can have is refused, and the member is named; what a change does not name stays.
func TestChange(t *testing.T) {
	each(t, func(f *fixture) {
		user, ctx := f.user("alice"), f.Context()
		k, text := f.key(user, func(n *apikey.New) { n.Networks, _ = apikey.Networks([]string{here}) })
		empty, past := "", f.now()
		for member, c := range map[string]apikey.Change{"name": {Name: &empty}, "scopes": {Scopes: []string{}}, "expiresAt": {ExpiresAt: &past}} {
			f.refuses(member, f.Change(ctx, user, k.ID, c), identity.ErrInvalid)
		}
		f.refuses("an unknown scope", f.Change(ctx, user, k.ID, apikey.Change{Scopes: []string{"fly"}}), identity.ErrInvalid)
		f.refuses("fifty-one scopes", f.Change(ctx, user, k.ID, apikey.Change{Scopes: make([]string, 51)}), identity.ErrInvalid)
		name := "deploy"
		f.refuses("somebody else's", f.Change(ctx, f.user("bob"), k.ID, apikey.Change{Name: &name}), identity.ErrNotFound)
		f.must(f.Change(ctx, user, k.ID, apikey.Change{Name: &name}))
		f.must(f.Change(ctx, user, k.ID, apikey.Change{Scopes: []string{"write", "read", "write"}}))
		got, err := f.Get(ctx, user, k.ID)
		f.must(err)
		if got.Name != name || !slices.Equal(got.Scopes, []string{"read", "write"}) || len(got.Networks) != 1 {
			t.Errorf("%+v", got)
		}
		elsewhere, _ := apikey.Networks([]string{"198.51.100.0/24"})
		f.must(f.Change(ctx, user, k.ID, apikey.Change{Networks: &elsewhere}))
		f.is("from a network that is not on the list any more", text, false)
		f.must(f.Change(ctx, user, k.ID, apikey.Change{Networks: &[]netip.Prefix{}}))
		f.is("from everywhere", text, true)
		f.must(f.Revoke(ctx, user, k.ID))
		f.refuses("a revoked one", f.Change(ctx, user, k.ID, apikey.Change{Name: &name}), identity.ErrNotFound)
		if n := f.events(user); n[identity.EventAPIKeyChanged] != 4 || n[identity.EventAPIKeyCreated] != 1 || n[identity.EventAPIKeyRevoked] != 1 {
			t.Errorf("recorded: %v", n)
		}
	})
}

// A dump of the database holds no key, and nothing but the prefix that is shown (KEY-02, KEY-03).
func TestDump(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.user("alice")
		k, first := f.key(user)
		_, second, err := f.Rotate(f.Context(), user, k.ID, k.Prefix, day)
		f.must(err)
		f.is("used", second, true)
		var dump bytes.Buffer
		for _, query := range []string{
			`SELECT id || user_id || name || scopes || networks FROM api_keys`, `SELECT key_id || prefix FROM api_key_secrets`,
			`SELECT type || actor || subject || data || personal FROM events`, `SELECT hash FROM api_key_secrets`,
		} {
			rows, err := all(f, query)
			f.must(err)
			dump.WriteString(strings.Join(rows, "\n"))
		}
		for _, key := range []string{first, second} {
			if strings.Contains(dump.String(), key[8:20]) || strings.Contains(dump.String(), hex.EncodeToString(secret.Hash(key))) {
				t.Error("the database tells more of a key than its prefix")
			}
			if !strings.Contains(dump.String(), key[:apikey.PrefixLength]) {
				t.Error("the prefix is not kept")
			}
		}
	})
}

// A house for development makes keys that open no other house, and takes no others.
func TestKinds(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.user("alice")
		_, live := f.key(user)
		f.Test = true
		_, test := f.key(user)
		if !strings.HasPrefix(test, "sk_test_") {
			t.Errorf("it begins with %s", test[:8])
		}
		f.is("a live key in a house for development", live, false)
		f.is("a test key in a house for development", test, true)
		f.Test = false
		f.is("a test key in a live house", test, false)
	})
}
