package keyring_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/jose"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/keyring"
)

var master = secret.Bytes(secret.Size)

// A clock is moved by the test.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

// newRing returns a ring of one process, not yet open.
func newRing(db *sqldb.DB, c *clock) *keyring.Ring {
	return &keyring.Ring{DB: db, Now: c.now, Master: master, Log: &audit.Log{DB: db, Now: c.now}}
}

func newClock() *clock { return &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

// open returns an open ring.
func open(t *testing.T, db *sqldb.DB, c *clock) *keyring.Ring {
	t.Helper()
	r := newRing(db, c)
	if err := r.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func rotate(t *testing.T, r *keyring.Ring, emergency bool) {
	t.Helper()
	if err := r.Rotate(t.Context(), emergency); err != nil {
		t.Fatal(err)
	}
}

// each runs fn with an open ring on every engine.
func each(t *testing.T, fn func(*testing.T, *keyring.Ring, *clock)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newClock()
		fn(t, open(t, db, c), c)
	})
}

// wellFormed fails unless each use has one current and one next key of each algorithm.
func wellFormed(t *testing.T, r *keyring.Ring) {
	t.Helper()
	if err := r.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, k := range r.List() {
		count[string(k.Use)+" "+k.State]++
	}
	for _, use := range []keyring.Use{keyring.Access, keyring.Audit, keyring.Refresh, keyring.CSRF, keyring.Seal, keyring.Captcha} {
		for _, state := range []string{" current", " next"} {
			if n := count[string(use)+state]; n != 1 {
				t.Errorf("%d keys are %s%s, want 1", n, use, state)
			}
		}
	}
}

// rotations counts the events of the ring by what they say of an emergency; "" is the making
// of the first keys.
func rotations(t *testing.T, r *keyring.Ring) map[string]int {
	t.Helper()
	all, _, err := r.Log.List(t.Context(), audit.Query{Type: identity.EventKeyRotated, Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range all {
		count[e.Data["emergency"]]++
	}
	return count
}

func TestOpen(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if exist, err := keyring.Exist(t.Context(), db); exist || err != nil {
			t.Errorf("an empty database has keys: %v, %v", exist, err)
		}
		c := newClock()
		first := open(t, db, c)
		wellFormed(t, first)
		if made := rotations(t, first)[""]; len(first.List()) != 12 || made != 1 {
			t.Errorf("made %v, and %d events", first.List(), made)
		}
		if exist, err := keyring.Exist(t.Context(), db); !exist || err != nil {
			t.Errorf("the keys are not there: %v, %v", exist, err)
		}
		c.Time = c.Add(time.Hour)
		if second := open(t, db, c); !reflect.DeepEqual(first.List(), second.List()) || rotations(t, second)[""] != 1 {
			t.Errorf("opened again, %v became %v", first.List(), second.List())
		}
	})
}

// Whoever has the database but not its master key gets nothing, and destroys nothing (F22).
func TestOpenWithWrongMaster(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, c *clock) {
		for name, wrong := range map[string][]byte{"another": secret.Bytes(secret.Size), "short": master[:31], "none": nil} {
			other := newRing(r.DB, c)
			other.Master = wrong
			if err := other.Open(t.Context()); err == nil || (name == "another") != errors.Is(err, keyring.ErrMaster) {
				t.Errorf("%s master key: %v", name, err)
			}
		}
		if again := open(t, r.DB, c); !reflect.DeepEqual(r.List(), again.List()) {
			t.Errorf("%v became %v", r.List(), again.List())
		}
	})
}

// Over a database that was in use no new keys are made.
func TestOpenWithoutKeys(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, c *clock) {
		if _, err := r.DB.Exec(t.Context(), `DELETE FROM keys`); err != nil {
			t.Fatal(err)
		}
		if err := newRing(r.DB, c).Open(t.Context()); !errors.Is(err, keyring.ErrLost) {
			t.Errorf("Open returned %v", err)
		}
		if exist, err := keyring.Exist(t.Context(), r.DB); exist || err != nil {
			t.Errorf("keys were made: %v, %v", exist, err)
		}
	})
}

// A private part that was moved to another row does not open there.
func TestSealedKeyIsBoundToItsRow(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, c *clock) {
		if _, err := r.DB.Exec(t.Context(), `UPDATE keys SET sealed = (SELECT sealed FROM keys WHERE use = 'csrf' AND state = 'next')
			WHERE use = 'csrf' AND state = 'current'`); err != nil {
			t.Fatal(err)
		}
		if err := newRing(r.DB, c).Open(t.Context()); !errors.Is(err, keyring.ErrMaster) {
			t.Errorf("Open returned %v", err)
		}
	})
}

func TestSeal(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, c *clock) {
		sealed, err := r.Seal([]byte("totp seed"), "credentials/cre_1")
		if err != nil {
			t.Fatal(err)
		}
		rotate(t, r, false)
		c.Time = c.Add(10 * 365 * 24 * time.Hour)
		if err := r.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if plain, err := open(t, r.DB, c).OpenSealed(sealed, "credentials/cre_1"); string(plain) != "totp seed" || err != nil {
			t.Errorf("ten years and a rotation later: %q, %v", plain, err)
		}
		for name, forged := range map[string][]byte{
			"nothing":         nil,
			"too short":       sealed[:11],
			"only the key ID": sealed[:12],
			"cut":             sealed[:len(sealed)-1],
			"unknown key":     append([]byte("0123456789ab"), sealed[12:]...),
		} {
			if _, err := r.OpenSealed(forged, "credentials/cre_1"); !errors.Is(err, secret.ErrSealed) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := r.OpenSealed(sealed, "credentials/cre_2"); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("of another record: %v", err)
		}
	})
}

// The head of the audit log, signed under a key that has since been rotated away, is ours.
func TestAuditHead(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, c *clock) {
		r.Log.Sign, r.Log.Authentic = r.SignHead, r.AuthenticHead
		for _, emergency := range []bool{false, true, false} {
			if _, err := r.Log.Seal(t.Context()); err != nil {
				t.Fatal(err)
			}
			rotate(t, r, emergency)
			report, err := r.Log.Verify(t.Context())
			if err != nil || len(report.Problems) > 0 || report.Sealed == 0 || report.Unsealed != 1 {
				t.Errorf("%+v, %v", report, err)
			}
		}
		signature, err := r.SignHead([]byte("one"))
		if err != nil || !r.AuthenticHead([]byte("one"), signature) || r.AuthenticHead([]byte("two"), signature) {
			t.Errorf("a signature of one head, %v", err)
		}
		// An access token is no head, even if somebody gets us to sign the words.
		if signature, err = jose.Sign(r.AccessSigner(), "at+jwt", map[string]string{"head": "one"}); err != nil || r.AuthenticHead([]byte("one"), signature) {
			t.Errorf("an access token passed for a head, %v", err)
		}
	})
}
