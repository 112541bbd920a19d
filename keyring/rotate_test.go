package keyring_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/jose"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/keyring"
)

// sign returns an access token, signed now.
func sign(t *testing.T, r *keyring.Ring) string {
	t.Helper()
	token, err := jose.Sign(r.AccessSigner(), "at+jwt", map[string]string{"sub": "usr_ann"})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func verifies(r *keyring.Ring, token string) bool {
	_, _, err := jose.Verify(token, jose.Expect{Types: []string{"at+jwt"}, Key: r.AccessVerifier})
	return err == nil
}

// verifiesBy is what somebody does who has only a JWK Set.
func verifiesBy(t *testing.T, jwks []byte, token string) bool {
	t.Helper()
	keys, err := jose.ParseJWKS(jwks)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = jose.Verify(token, jose.Expect{Types: []string{"at+jwt"}, Key: func(kid string) *jose.Key {
		if i := slices.IndexFunc(keys, func(k *jose.Key) bool { return k.ID == kid }); i >= 0 {
			return keys[i]
		}
		return nil
	}})
	return err == nil
}

// A rotation signs nobody out and surprises no verifier (JWT-14, I5).
func TestRotate(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, c *clock) {
		before := sign(t, r)
		fetched := r.JWKS() // a verifier that keeps the set for long
		refresh, refreshKey := r.RefreshSecret()
		csrf := r.CSRFSecret()
		rotate(t, r, false)
		wellFormed(t, r)
		after := sign(t, r)
		if !verifies(r, before) || !verifies(r, after) || !verifiesBy(t, r.JWKS(), before) || !verifiesBy(t, r.JWKS(), after) {
			t.Error("a token does not verify after the rotation")
		}
		if !verifiesBy(t, fetched, after) {
			t.Error("the new key was not published before it signed")
		}
		id, key := r.RefreshSecret()
		if id == refresh || bytes.Equal(key, refreshKey) || !bytes.Equal(r.RefreshSecretByID(refresh), refreshKey) {
			t.Error("the refresh key was not rotated, or its predecessor is gone")
		}
		if bytes.Equal(r.CSRFSecret(), csrf) || !slices.ContainsFunc(r.CSRFSecrets(), func(k []byte) bool { return bytes.Equal(k, csrf) }) {
			t.Error("the CSRF key was not rotated, or its predecessor is gone")
		}
		if got := rotations(t, r); got["false"] != 1 || got["true"] != 0 {
			t.Errorf("events of rotations by emergency: %v", got)
		}
		c.Time = c.Add(keyring.MaxTokenLife)
		if err := r.Sweep(t.Context()); err != nil || !verifies(r, before) {
			t.Errorf("the key of a token that may still live was dropped, %v", err)
		}
	})
}

// When the last thing that a key signed is over, the key goes.
func TestSweep(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, c *clock) {
		before := sign(t, r)
		refresh, _ := r.RefreshSecret()
		rotate(t, r, false)
		after := sign(t, r)
		for _, step := range []struct {
			wait                  time.Duration
			access, csrf, refresh bool // is it still kept
			keys                  int  // in the database
		}{
			{time.Hour - time.Second, true, true, true, 18},
			{time.Second, false, true, true, 16},
			{23 * time.Hour, false, false, true, 15},
			{29 * 24 * time.Hour, false, false, false, 14},
		} {
			c.Time = c.Add(step.wait)
			// At its time it is refused, before anybody has swept.
			if verifies(r, before) != step.access || (r.RefreshSecretByID(refresh) != nil) != step.refresh || (len(r.CSRFSecrets()) == 2) != step.csrf {
				t.Errorf("after %v more a key is refused too early or too late", step.wait)
			}
			if err := r.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			wellFormed(t, r)
			if verifiesBy(t, r.JWKS(), before) != step.access || !verifiesBy(t, r.JWKS(), after) || !verifies(r, after) || len(r.List()) != step.keys {
				t.Errorf("after %v more there are %d keys: %+v", step.wait, len(r.List()), r.List())
			}
		}
	})
}

// After a theft every token is refused at once, and no sealed record is lost (BRE-02,
// CON-31).
func TestEmergency(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, c *clock) {
		sealed, err := r.Seal([]byte("totp seed"), "credentials/cre_1")
		if err != nil {
			t.Fatal(err)
		}
		oldest := sign(t, r)
		rotate(t, r, false)
		before, published := sign(t, r), r.JWKS()
		refresh, _ := r.RefreshSecret()
		csrf := r.CSRFSecret()
		rotate(t, r, true)
		wellFormed(t, r)
		after := sign(t, r)
		if verifies(r, oldest) || verifies(r, before) || verifiesBy(t, r.JWKS(), before) {
			t.Error("an old token still verifies")
		}
		if verifiesBy(t, published, after) {
			t.Error("signs with a key that lay beside the stolen ones")
		}
		if !verifies(r, after) || !verifiesBy(t, r.JWKS(), after) {
			t.Error("a new token does not verify")
		}
		if r.RefreshSecretByID(refresh) != nil || slices.ContainsFunc(r.CSRFSecrets(), func(k []byte) bool { return bytes.Equal(k, csrf) }) {
			t.Error("a refresh or CSRF key has survived")
		}
		if plain, err := r.OpenSealed(sealed, "credentials/cre_1"); string(plain) != "totp seed" || err != nil {
			t.Errorf("a sealed record is lost: %v", err)
		}
		if got := rotations(t, r); got["false"] != 1 || got["true"] != 1 {
			t.Errorf("events of rotations by emergency: %v", got)
		}
	})
}

func TestRotateOften(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, c *clock) {
		tokens := []string{sign(t, r)}
		for range 20 {
			c.Time = c.Add(time.Minute)
			rotate(t, r, false)
			tokens = append(tokens, sign(t, r))
		}
		wellFormed(t, r)
		for i, token := range tokens {
			if !verifies(r, token) || !verifiesBy(t, r.JWKS(), token) {
				t.Errorf("after 20 rotations in 20 minutes, token %d does not verify", i)
			}
		}
		if n := len(r.List()); n != 12+20*6 {
			t.Errorf("%d keys", n)
		}
	})
}

func TestDue(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, c *clock) {
		const age = 30 * 24 * time.Hour
		for _, step := range []struct {
			wait time.Duration
			want bool
		}{{age, false}, {time.Second, true}} {
			if c.Time = c.Add(step.wait); r.Due(age) != step.want {
				t.Errorf("at %v due is not %v", c.Time, step.want)
			}
		}
		if rotate(t, r, false); r.Due(age) { // the key was made long ago, but has just begun to sign
			t.Error("due right after a rotation")
		}
	})
}

// Another algorithm signs from the next start on; what the old one signed verifies (JWT-12),
// also by who has nothing but the published keys (GEN-10, JWT-28).
func TestAlgorithms(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newClock()
		tokens := map[jose.Algorithm]string{}
		for _, alg := range []jose.Algorithm{jose.ES256, jose.EdDSA, jose.RS256, jose.HS256, jose.ES256} {
			r := newRing(db, c)
			if r.Algorithm = alg; r.Open(t.Context()) != nil || r.AccessSigner().Algorithm != alg {
				t.Fatalf("%s: signs with %s", alg, r.AccessSigner().Algorithm)
			}
			tokens[alg] = sign(t, r)
			rotate(t, r, false)
			for old, token := range tokens {
				// What HS256 signed is verified by us and by nobody else (GEN-11).
				if !verifies(r, token) || verifiesBy(t, r.JWKS(), token) == old.Symmetric() {
					t.Errorf("%s: the token of %s does not verify, or a secret is published", alg, old)
				}
			}
		}
	})
}

// During an upgrade two processes may differ in the algorithm. Whichever rotates, both sign
// what both verify.
func TestAlgorithmsAtOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newClock()
		one, other := open(t, db, c), newRing(db, c)
		other.Algorithm = jose.EdDSA
		if err := other.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i, rotating := range []*keyring.Ring{one, other, other, one} {
			rotate(t, rotating, i == 3)
			for _, r := range []*keyring.Ring{one, other} {
				if err := r.Reload(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for _, r := range []*keyring.Ring{one, other} {
				if token := sign(t, r); !verifies(one, token) || !verifies(other, token) {
					t.Errorf("rotation %d: a token of %s does not verify everywhere", i, r.Algorithm)
				}
			}
		}
	})
}
