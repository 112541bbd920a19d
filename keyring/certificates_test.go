package keyring_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/keyring"
)

func put(t *testing.T, c *keyring.Certificates, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := c.Put(t.Context(), name, []byte("value of "+name)); err != nil {
			t.Fatal(err)
		}
	}
}

// What is put is got, the last of it, and what is not there is not found.
func TestCertificates(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, clock *clock) {
		c := &keyring.Certificates{Ring: r}
		put(t, c, "a/b.key")
		clock.Time = clock.Add(time.Hour)
		if err := c.Put(t.Context(), "a/b.key", []byte("newer")); err != nil {
			t.Fatal(err)
		}
		value, changed, err := c.Get(t.Context(), "a/b.key")
		if err != nil || string(value) != "newer" || !changed.Equal(clock.Time) {
			t.Errorf("%q of %v, %v", value, changed, err)
		}
		if _, _, err := c.Get(t.Context(), "a"); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("a folder is found: %v", err)
		}
		rotate(t, r, true)
		if value, _, err := c.Get(t.Context(), "a/b.key"); err != nil || string(value) != "newer" {
			t.Errorf("after the emergency rotation %q, %v", value, err)
		}
	})
}

// Names are paths: what is below one is listed and deleted with it, and nothing beside it,
// whatever signs it is written with.
func TestCertificateNames(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, _ *clock) {
		c := &keyring.Certificates{Ring: r}
		put(t, c, "a/b", "a/b/c", "a/b/d/é", "a/bc", "a/b%", "A/b/x", "a_b/c", "z")
		names := func(below string, want ...string) {
			t.Helper()
			got, err := c.Names(t.Context(), below)
			slices.Sort(got) // engines have different orders of letters
			if slices.Sort(want); err != nil || !slices.Equal(got, want) {
				t.Errorf("below %q are %q, %v; want %q", below, got, err, want)
			}
		}
		names("a/b", "a/b/c", "a/b/d/é")
		names("a/b/d", "a/b/d/é")
		put(t, c, "ä/x/y", "ä/xy")
		names("ä/x", "ä/x/y")
		if err := c.Delete(t.Context(), "ä"); err != nil {
			t.Fatal(err)
		}
		names("a", "a/b", "a/b/c", "a/b/d/é", "a/bc", "a/b%")
		for range 2 { // the second time there is nothing
			if err := c.Delete(t.Context(), "a/b"); err != nil {
				t.Fatal(err)
			}
		}
		names("", "A/b/x", "a/b%", "a/bc", "a_b/c", "z")
	})
}

// Nothing is readable in the database, and no value opens in the place of another.
func TestCertificatesAreSealed(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, _ *clock) {
		c := &keyring.Certificates{Ring: r}
		put(t, c, "a.key", "b.key")
		sealed, err := sqldb.All(t.Context(), r.DB, func(row func(...any) error) (b []byte, err error) {
			err = row(&b)
			return b, err
		}, `SELECT sealed FROM certificates`)
		if err != nil || len(sealed) != 2 || bytes.Contains(bytes.Join(sealed, nil), []byte("value")) {
			t.Errorf("%q, %v", sealed, err)
		}
		if _, err := r.DB.Exec(t.Context(), `UPDATE certificates SET sealed = (SELECT sealed FROM certificates WHERE name = 'a.key')`); err != nil {
			t.Fatal(err)
		}
		if value, _, err := c.Get(t.Context(), "b.key"); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("a.key opens as b.key: %q, %v", value, err)
		}
	})
}
