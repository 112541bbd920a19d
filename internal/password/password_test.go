package password_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/gatehouse-id/gatehouse/internal/password"
)

// cheap is the least cost that Argon2 knows.
var cheap = password.Params{Memory: 8, Time: 1, Parallelism: 1}

func hash(t *testing.T, h *password.Hasher, pw string) string {
	t.Helper()
	encoded, err := h.Hash(t.Context(), pw)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// PWD-01, PWD-02, PWD-05: the zero Hasher makes salted Argon2id of 64 MiB, 3, 1.
func TestHashIsSelfDescribing(t *testing.T) {
	var h password.Hasher
	a, b := hash(t, &h, "correct horse battery"), hash(t, &h, "correct horse battery")
	if shape := regexp.MustCompile(`^\$argon2id\$v=19\$m=65536,t=3,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`); !shape.MatchString(a) {
		t.Errorf("%q has the wrong shape", a)
	}
	if a == b {
		t.Error("two hashes share a salt")
	}
	if rehash, err := h.Verify(t.Context(), a, "correct horse battery"); err != nil || rehash {
		t.Errorf("rehash %v, err %v", rehash, err)
	}
	if h.Hashes() != 3 {
		t.Errorf("%d hashes counted, want 3", h.Hashes())
	}
}

func TestVerifyTakesThePasswordAsReceived(t *testing.T) {
	h := password.Hasher{Params: cheap}
	long := strings.Repeat("x", 72)
	for _, c := range []struct {
		name, set, given string
		want             error
	}{
		{"same", "correct horse", "correct horse", nil},
		{"wrong", "correct horse", "correct house", password.ErrMismatch},
		{"empty", "correct horse", "", password.ErrMismatch},
		{"case", "correct horse", "Correct horse", password.ErrMismatch},
		{"space behind", "correct horse", "correct horse ", password.ErrMismatch},
		{"NFC", "caf\u00e9 au lait", "cafe\u0301 au lait", nil},
		{"not NFKC", "\ufb01sh and chips", "fish and chips", password.ErrMismatch},
		{"byte 73 counts (PWD-06)", long + "a", long + "b", password.ErrMismatch},
		{"NUL does not end it", "a\x00b", "a\x00c", password.ErrMismatch},
	} {
		if _, err := h.Verify(t.Context(), hash(t, &h, c.set), c.given); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// BUG-21: a user who does not exist costs exactly one hash and never matches.
func TestVerifyOfNobodyCostsOneHash(t *testing.T) {
	h := password.Hasher{Params: cheap}
	encoded := hash(t, &h, "correct horse")
	for _, stored := range []string{encoded, ""} {
		before := h.Hashes()
		if _, err := h.Verify(t.Context(), stored, "wrong"); !errors.Is(err, password.ErrMismatch) {
			t.Errorf("%q: %v", stored, err)
		}
		if n := h.Hashes() - before; n != 1 {
			t.Errorf("%q cost %d hashes", stored, n)
		}
	}
}

// PWD-08.
func TestVerifyAsksForRehash(t *testing.T) {
	old := password.Hasher{Params: cheap}
	encoded := hash(t, &old, "correct horse")
	for _, c := range []struct {
		name    string
		encoded string
		params  password.Params
		want    bool
	}{
		{"same", encoded, cheap, false},
		{"memory", encoded, password.Params{Memory: 16, Time: 1, Parallelism: 1}, true},
		{"time", encoded, password.Params{Memory: 8, Time: 2, Parallelism: 1}, true},
		{"lanes", encoded, password.Params{Memory: 16, Time: 1, Parallelism: 2}, true},
		{"algorithm", strings.Replace(bcrypt2b, "$2b$", "$2y$", 1), cheap, true},
		{"shorter salt", short(t, encoded), cheap, true},
	} {
		h := password.Hasher{Params: c.params}
		pw := "correct horse"
		if c.name == "algorithm" {
			pw = phrase
		}
		if rehash, err := h.Verify(t.Context(), c.encoded, pw); err != nil || rehash != c.want {
			t.Errorf("%s: rehash %v, err %v", c.name, rehash, err)
		}
	}
}

// short returns a hash of "correct horse" with the prefix of encoded and a salt of 8 bytes.
func short(t *testing.T, encoded string) string {
	t.Helper()
	prefix := encoded[:len(encoded)-22-1-43]
	return prefix + raw64([]byte("somesalt")) + "$" + raw64(argon2.IDKey([]byte("correct horse"), []byte("somesalt"), 1, 8, 1, 32))
}

func TestImpossibleParamsAreRefused(t *testing.T) {
	h := password.Hasher{Params: password.Params{Memory: 1 << 30}}
	if _, err := h.Hash(t.Context(), "correct horse"); !errors.Is(err, password.ErrUnusable) {
		t.Errorf("hash: %v", err)
	}
	if _, err := h.Verify(t.Context(), "", "correct horse"); !errors.Is(err, password.ErrUnusable) || h.Hashes() != 0 {
		t.Errorf("verify: %v after %d hashes", err, h.Hashes())
	}
}

func BenchmarkHash(b *testing.B) {
	var h password.Hasher
	for b.Loop() {
		if _, err := h.Hash(context.Background(), "correct horse battery staple"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	var h password.Hasher
	encoded, err := h.Hash(context.Background(), "correct horse battery staple")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := h.Verify(context.Background(), encoded, "correct horse battery staple"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkArgon2 is what Hash and Verify are measured against.
func BenchmarkArgon2(b *testing.B) {
	for b.Loop() {
		argon2.IDKey([]byte("correct horse battery staple"), make([]byte, 16), 3, 64<<10, 1, 32)
	}
}
