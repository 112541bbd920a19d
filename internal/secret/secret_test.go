package secret_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/secret"
)

func TestNew(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		s := secret.New()
		if len(s) != secret.Length || strings.ContainsAny(s, "+/=") || seen[s] {
			t.Fatalf("%q: wrong shape, or not new", s)
		}
		seen[s] = true
	}
}

func TestHash(t *testing.T) {
	// FIPS 180-2, appendix B.1.
	if got := hex.EncodeToString(secret.Hash("abc")); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("Hash(abc) = %s", got)
	}
}

func TestMACKeepsPartsApart(t *testing.T) {
	key := bytes.Repeat([]byte{1}, secret.Size)
	one := secret.MAC(key, []byte("ab"), []byte("c"))
	for name, other := range map[string][]byte{
		"other boundary": secret.MAC(key, []byte("a"), []byte("bc")),
		"one part":       secret.MAC(key, []byte("abc")),
		"empty part":     secret.MAC(key, []byte("ab"), []byte("c"), nil),
		"other key":      secret.MAC(key[1:], []byte("ab"), []byte("c")),
	} {
		if secret.Equal(one, other) {
			t.Errorf("%s: same code", name)
		}
	}
	if !secret.Equal(one, secret.MAC(key, []byte("ab"), []byte("c"))) {
		t.Error("the same parts give another code")
	}
}

func TestBox(t *testing.T) {
	box, err := secret.NewBox(bytes.Repeat([]byte{7}, secret.Size))
	if err != nil {
		t.Fatal(err)
	}
	other, _ := secret.NewBox(bytes.Repeat([]byte{8}, secret.Size))
	plain := []byte("the quick brown fox")
	sealed := box.Seal(plain, "users/1")
	if bytes.Contains(sealed, plain) || bytes.Equal(sealed, box.Seal(plain, "users/1")) {
		t.Error("the record is readable, or sealed twice the same")
	}
	if got, err := box.Open(sealed, "users/1"); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("Open = %q, %v", got, err)
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for name, try := range map[string]func() ([]byte, error){
		"moved to another record": func() ([]byte, error) { return box.Open(sealed, "users/2") },
		"one bit changed":         func() ([]byte, error) { return box.Open(changed, "users/1") },
		"cut short":               func() ([]byte, error) { return box.Open(sealed[:10], "users/1") },
		"nothing":                 func() ([]byte, error) { return box.Open(nil, "users/1") },
		"another key":             func() ([]byte, error) { return other.Open(sealed, "users/1") },
	} {
		if got, err := try(); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := secret.NewBox([]byte("short")); err == nil {
		t.Error("a short key was taken")
	}
}

// Every digit of a code is as likely as every other: each comes a tenth of the time, within
// what chance allows.
func TestCode(t *testing.T) {
	count := map[rune]int{}
	for range 2000 {
		code := secret.Code(6)
		if len(code) != 6 {
			t.Fatalf("%q", code)
		}
		for _, digit := range code {
			count[digit]++
		}
	}
	for digit := '0'; digit <= '9'; digit++ {
		if n := count[digit]; n < 1000 || n > 1400 { // 1200, and six times what it varies by
			t.Errorf("%c came %d times in 12,000", digit, n)
		}
	}
	if len(count) != 10 {
		t.Errorf("%v", count)
	}
}
