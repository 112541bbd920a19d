package keyring_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/keyring"
)

// Processes that start at once on an empty database end with the same keys.
func TestOpenAtOnce(t *testing.T) {
	for range max(1, sqldbtest.Rounds(t)/4) {
		sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
			c := newClock()
			rings := make([]*keyring.Ring, 4)
			sqldbtest.Race(len(rings), func(i int) {
				rings[i] = newRing(db, c)
				if err := rings[i].Open(t.Context()); err != nil {
					t.Errorf("process %d: %v", i, err)
				}
			})
			if t.Failed() {
				return
			}
			wellFormed(t, rings[0])
			for i, r := range rings {
				if !reflect.DeepEqual(r.List(), rings[0].List()) || !bytes.Equal(r.JWKS(), rings[0].JWKS()) || !bytes.Equal(r.CSRFSecret(), rings[0].CSRFSecret()) {
					t.Errorf("process %d has other keys than the first", i)
				}
			}
		})
	}
}

// Of two that start at once with different master keys one learns that its key is wrong.
func TestOpenAtOnceWithOtherMaster(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newClock()
		var errs [2]error
		sqldbtest.Race(2, func(i int) {
			r := newRing(db, c)
			r.Master = secret.Bytes(secret.Size)
			errs[i] = r.Open(t.Context())
		})
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs[:]...), keyring.ErrMaster) {
			t.Errorf("Open returned %v and %v", errs[0], errs[1])
		}
	})
}

// What one process rotates the others learn from the first token that they do not know, and
// what an emergency has dropped they refuse after their next look.
func TestProcesses(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newClock()
		one, other := open(t, db, c), open(t, db, c)
		old := sign(t, one)
		rotate(t, one, true)
		if token := sign(t, one); !verifies(other, token) {
			t.Error("a process does not verify the token of an unknown key")
		}
		if verifies(other, old) {
			t.Error("a process has looked, and still verifies what an emergency has dropped")
		}
		old = sign(t, one)
		rotate(t, one, true)
		if err := other.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if verifies(other, old) || !verifies(other, sign(t, one)) || !verifies(one, sign(t, other)) {
			t.Error("after Reload the processes do not agree")
		}
	})
}

// An invented key is not found, and a flood of them does not become a flood of queries.
func TestUnknownKeys(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, c *clock) {
		begin := time.Now()
		if r.AccessVerifier("invented") != nil || r.SecretByID(keyring.Refresh, "invented") != nil {
			t.Error("an invented key was found")
		}
		dropped, _ := r.RefreshSecret()
		rotate(t, open(t, r.DB, c), true)
		for range 100 {
			_ = r.AccessVerifier("invented")
		}
		// Whoever had looked again would know that the key was dropped.
		if r.RefreshSecretByID(dropped) == nil && time.Since(begin) < time.Second {
			t.Error("looked again within a second")
		}
	})
}

// A key is for its use alone, even if its ID is known.
func TestUses(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, _ *clock) {
		for _, k := range r.List() {
			for _, use := range []keyring.Use{keyring.Access, keyring.Audit} {
				if k.Use != use && r.Verifier(use, k.ID) != nil {
					t.Errorf("the %s key verifies as %s", k.Use, use)
				}
			}
			for _, use := range []keyring.Use{keyring.Refresh, keyring.CSRF, keyring.Seal, keyring.Captcha} {
				if k.Use != use && r.SecretByID(use, k.ID) != nil {
					t.Errorf("the %s key serves as %s", k.Use, use)
				}
			}
		}
	})
}

// However many rotate at once, each use has one current and one next key afterwards, and the
// token of before is refused only after an emergency.
func TestRotateAtOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newClock()
		rings := make([]*keyring.Ring, 4)
		for i := range rings {
			rings[i] = open(t, db, c)
		}
		for round := range sqldbtest.Rounds(t) {
			emergency := round%4 == 3
			before := sign(t, rings[0])
			sqldbtest.Race(len(rings), func(i int) {
				if err := rings[i].Rotate(t.Context(), emergency && i == 0); err != nil {
					t.Errorf("round %d, process %d: %v", round, i, err)
				}
			})
			for _, r := range rings {
				wellFormed(t, r)
				if verifies(r, before) == emergency || !verifies(r, sign(t, rings[0])) {
					t.Errorf("round %d, emergency %v: the tokens are not judged right", round, emergency)
				}
			}
			if t.Failed() {
				return
			}
		}
	})
}

// A reading of the keys that began before an emergency does not bring the dropped ones back.
func TestReloadDuringEmergency(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, _ *clock) {
		for round := range sqldbtest.Rounds(t) {
			before := sign(t, r)
			sqldbtest.Race(5, func(i int) {
				if i > 0 {
					if err := r.Reload(t.Context()); err != nil {
						t.Error(err)
					}
				} else if err := r.Rotate(t.Context(), true); err != nil {
					t.Error(err)
				}
			})
			if verifies(r, before) {
				t.Fatalf("round %d: the old key is back", round)
			}
		}
	})
}
