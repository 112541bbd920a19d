package password_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/password"
)

// cost returns the work that one verification takes, by kind.
func cost(t *testing.T, h *password.Hasher, encoded string) map[string]uint64 {
	t.Helper()
	before := h.Worked()
	if _, err := h.Verify(t.Context(), encoded, "some other password"); !errors.Is(err, password.ErrMismatch) {
		t.Fatalf("%s: %v", encoded, err)
	}
	took := h.Worked()
	for name, n := range before {
		took[name] -= n
	}
	return took
}

// An unknown address, a user of today and users of every import take the same work, and so the same
// way and time (BUG-21, RAT-14).
func TestVerificationsAreAlike(t *testing.T) {
	h := password.Hasher{Params: cheap}
	bcrypt6 := strings.Replace(bcrypt2b, "$04$", "$06$", 1)
	pbkdf2Long := "$pbkdf2$1000$c29tZXNhbHRzb21lc2FsdA$" + strings.Repeat("A", 43) // two blocks of SHA-1
	live := []string{argon2i2, argon2id2, bcrypt2b, bcrypt6, scrypt4, pbkdf2, pbkdf2Long, strings.Replace(pbkdf2s256, "1000", "1003", 1), pbkdf2s256, "refused"}
	h.Live(live)
	want := cost(t, &h, "")
	if want["bcrypt"] != 64 || want["pbkdf2"] != 2000 || want["pbkdf2-sha256"] != 1003 || len(want) != 7 {
		t.Errorf("nobody costs %v", want)
	}
	for _, encoded := range append(live[:len(live)-1], hash(t, &h, phrase)) {
		if took := cost(t, &h, encoded); !maps.Equal(took, want) {
			t.Errorf("%s costs %v, nobody %v", encoded, took, want)
		}
	}
	h.Live(nil) // the last of them signed in and has a hash of today
	if took := cost(t, &h, ""); took["bcrypt"] != 0 || took["argon2id$v=19$m=8,t=1,p=1"] != 1 {
		t.Errorf("after the imports are gone nobody costs %v", took)
	}
}

// What was imported a moment ago is known from its first verification on.
func TestVerificationLearns(t *testing.T) {
	h := password.Hasher{Params: cheap}
	if n := len(cost(t, &h, "")); n != 1 {
		t.Errorf("%d kinds at first", n)
	}
	of := cost(t, &h, bcrypt2b)
	if nobody := cost(t, &h, ""); !maps.Equal(of, nobody) || of["bcrypt"] != 16 {
		t.Errorf("the first of an import cost %v, then nobody %v", of, nobody)
	}
}

// Threat: an import of many different costs makes every sign-in dear.
func TestKindsAreBounded(t *testing.T) {
	h := password.Hasher{Params: cheap}
	for i := range 2 * password.MaxKinds {
		cost(t, &h, fmt.Sprintf("$argon2id$v=19$m=%d,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$%s", 64+i, strings.Repeat("A", 43)))
	}
	kinds := h.Kinds()
	if len(kinds) != password.MaxKinds || !slices.Contains(kinds, "argon2id$v=19$m=8,t=1,p=1") {
		t.Errorf("padded to %v", kinds)
	}
}

// A password of a megabyte is refused before anything is made of it.
func TestHugePasswordsAreRefused(t *testing.T) {
	h := password.Hasher{Params: cheap}
	known, huge := hash(t, &h, phrase), strings.Repeat("x", 1<<20)
	before := h.Hashes()
	for _, encoded := range []string{known, ""} {
		if _, err := h.Verify(t.Context(), encoded, huge); !errors.Is(err, password.ErrMismatch) {
			t.Errorf("%q: %v", encoded, err)
		}
	}
	var e *identity.Error
	if _, err := h.Hash(t.Context(), huge); !errors.As(err, &e) || e.Kind != identity.Invalid {
		t.Errorf("a new one: %v", err)
	}
	if h.Hashes() != before {
		t.Errorf("%d hashes were computed", h.Hashes()-before)
	}
	longest := strings.Repeat("x", password.MaxBytes)
	if _, err := h.Verify(t.Context(), hash(t, &h, longest), longest); err != nil {
		t.Errorf("the longest: %v", err)
	}
}
