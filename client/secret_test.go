package client_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/client"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

func problems(err error) string {
	var e *identity.Error
	if !errors.As(err, &e) {
		return ""
	}
	return strings.Join(slices.Sorted(maps.Keys(e.Fields)), " ")
}

// Both the ID and the secret must be right (BUG-34), and every wrong one is the same answer.
func TestAuthenticate(t *testing.T) {
	each(t, func(f *fixture) {
		a, ours := f.client(client.New{Name: "a"})
		b, theirs := f.client(client.New{Name: "b"})
		f.refuses("ours", f.opens(a.ID, ours), nil)
		for _, c := range []struct{ id, secret string }{
			{string(a.ID), theirs},
			{string(b.ID), ours},
			{"cli_unknown", ours},
			{"", ours},
			{string(a.ID), ""},
			{string(a.ID), ours[:len(ours)-1]},
			{string(a.ID), ours + "x"},
			{string(a.ID), strings.ToUpper(ours)},
			{strings.ToUpper(string(a.ID)), ours},
			{string(a.ID) + " ", ours},
		} {
			err := f.opens(identity.ClientID(c.id), c.secret)
			f.refuses(c.id+":"+c.secret, err, identity.ErrRejected)
			if err.Error() != f.opens("cli_unknown", "x").Error() {
				f.Errorf("%s:%s: %v tells what was wrong", c.id, c.secret, err)
			}
		}
	})
}

// A secret is recognised by its prefix and its checksum, and no two are alike.
func TestSecretShape(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	seen := map[string]bool{}
	for range 200 {
		_, s := f.client(client.New{Name: "x"})
		if seen[s] || !strings.HasPrefix(s, client.Prefix) || !client.WellFormed(s) {
			t.Errorf("%s", s)
		}
		seen[s] = true
		for i := range s {
			if other := s[:i] + string(s[i]^1) + s[i+1:]; client.WellFormed(other) {
				t.Errorf("%s is well formed, and only %s should be", other, s)
			}
		}
	}
	for _, s := range []string{"", client.Prefix, "gcs_x", strings.Repeat("x", 53)} {
		if client.WellFormed(s) {
			t.Errorf("%q is well formed", s)
		}
	}
}

// A rotation leaves both secrets for the overlap, and without one nothing of the old one.
func TestRotate(t *testing.T) {
	each(t, func(f *fixture) {
		c, old := f.client(client.New{Name: "x"})
		next, err := f.clients.Rotate(f.Context(), c.ID, time.Hour)
		f.must(err)
		f.refuses("the old one within the overlap", f.opens(c.ID, old), nil)
		f.refuses("the next one", f.opens(c.ID, next), nil)
		f.wait(time.Hour)
		f.refuses("the old one behind the overlap", f.opens(c.ID, old), identity.ErrRejected)
		if version := f.read(c.ID).Version; version != 0 {
			f.Errorf("version %d: nobody had to stop", version)
		}
		f.must(f.clients.Sweep(f.Context()))
		if n := f.count(`SELECT COUNT(*) FROM client_secrets`); n != 1 {
			f.Errorf("%d secrets are left", n)
		}
		last, err := f.clients.Rotate(f.Context(), c.ID, 0)
		f.must(err)
		f.refuses("the one before, at once", f.opens(c.ID, next), identity.ErrRejected)
		f.refuses("the last one", f.opens(c.ID, last), nil)
		if version := f.read(c.ID).Version; version != 1 {
			f.Errorf("version %d: tokens of a stolen secret live on", version)
		}
		for _, overlap := range []time.Duration{-1, client.MaxOverlap + 1} {
			_, err := f.clients.Rotate(f.Context(), c.ID, overlap)
			f.refuses(overlap.String(), err, identity.ErrInvalid)
		}
	})
}

// An overlap never makes an old secret live longer than an earlier rotation let it.
func TestRotateAgain(t *testing.T) {
	each(t, func(f *fixture) {
		c, old := f.client(client.New{Name: "x"})
		for _, overlap := range []time.Duration{time.Hour, 24 * time.Hour} {
			_, err := f.clients.Rotate(f.Context(), c.ID, overlap)
			f.must(err)
		}
		f.wait(time.Hour)
		f.refuses("the first", f.opens(c.ID, old), identity.ErrRejected)
	})
}

// Of rotations at once, on any machine, one leaves the secret that does not end.
func TestRotateRace(t *testing.T) {
	each(t, func(f *fixture) {
		for range sqldbtest.Rounds(t) {
			c, _ := f.client(client.New{Name: "x"})
			var mu sync.Mutex
			var all []string
			sqldbtest.Race(4, func(int) {
				s, err := f.clients.Rotate(f.Context(), c.ID, time.Hour)
				mu.Lock()
				defer mu.Unlock()
				if all = append(all, s); err != nil {
					f.Error(err)
				}
			})
			if n := f.count(`SELECT COUNT(*) FROM client_secrets WHERE client_id = $1 AND expires_at = 0`, string(c.ID)); n != 1 {
				f.Fatalf("%d secrets do not end", n)
			}
			f.wait(time.Hour)
			opening := slices.DeleteFunc(all, func(s string) bool { return f.opens(c.ID, s) != nil })
			if len(opening) != 1 {
				f.Fatalf("%d secrets open", len(opening))
			}
		}
	})
}

// The last use is written down once a minute at most.
func TestUsed(t *testing.T) {
	each(t, func(f *fixture) {
		c, secret := f.client(client.New{Name: "x"})
		for _, step := range []struct{ wait, used time.Duration }{{0, 0}, {59 * time.Second, 0}, {time.Second, time.Minute}, {time.Hour, 61 * time.Minute}} {
			begin := c.CreatedAt
			f.wait(step.wait)
			f.must(f.opens(c.ID, secret))
			if got := f.read(c.ID).UsedAt.Sub(begin); got != step.used {
				f.Errorf("used %v after the start, want %v", got, step.used)
			}
		}
	})
}

// A dump of the database holds nothing that a secret could be made of.
func TestDump(t *testing.T) {
	each(t, func(f *fixture) {
		c, first := f.client(client.New{Name: "x", Scopes: []string{"posts:read"}})
		second, err := f.clients.Rotate(f.Context(), c.ID, time.Hour)
		f.must(err)
		f.must(f.opens(c.ID, second))
		dump := dumped(f)
		for _, s := range []string{first, second} {
			raw, err := base64.RawURLEncoding.DecodeString(s[len(client.Prefix):][:43])
			f.must(err)
			if bytes.Contains(dump, []byte(s)) || bytes.Contains(dump, []byte(s[10:30])) || bytes.Contains(dump, raw) {
				f.Errorf("%s is in the database", s)
			}
		}
	})
}

func dumped(f *fixture) []byte {
	f.Helper()
	texts, err := sqldb.All(f.Context(), f.db, func(row func(...any) error) ([]byte, error) {
		var hash, rest []byte
		err := row(&hash, &rest)
		return append(hash, rest...), err
	}, `SELECT hash, client_id || created_at FROM client_secrets
		UNION ALL SELECT salt, type || actor || subject || data || personal FROM events
		UNION ALL SELECT NULL, id || name || state || roles || scopes || uri FROM clients`)
	f.must(err)
	if len(texts) < 4 {
		f.Fatalf("%d rows", len(texts))
	}
	return bytes.Join(texts, []byte("\n"))
}
