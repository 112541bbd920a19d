// Package secret makes and guards what must not be guessed or read: opaque tokens, the
// hashes the house keeps of them, message authentication codes and sealed records.
//
// It owns the choice of algorithm (SHA-256, HMAC-SHA-256 of RFC 2104, XChaCha20-Poly1305
// of draft-irtf-cfrg-xchacha) and nothing else: it does not know what a secret is for.
// Passwords are not its business; they need a slow hash (package password).
package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
)

// Size is the length in bytes of every key of this package, and the entropy of a token.
const Size = 32

// Bytes returns n bytes that nobody can guess.
func Bytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it crashes the program instead (crypto/rand)
	return b
}

// Length is the number of characters of a token.
const Length = 43

// New returns a token with 256 bits of entropy, in base64url.
func New() string { return base64.RawURLEncoding.EncodeToString(Bytes(Size)) }

// Hash returns what the database keeps of a token. One round of SHA-256 is enough for
// something nobody can guess, and a stolen table opens nothing.
func Hash(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// MAC returns HMAC-SHA-256 of the parts under key. Each part is preceded by its length,
// so that no two lists of parts are the same message.
func MAC(key []byte, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, key)
	var n [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		m.Write(n[:])
		m.Write(p)
	}
	return m.Sum(nil)
}

// Equal compares in constant time. Values of different length are unequal at once.
func Equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// Code returns n decimal digits that nobody can guess better than by chance.
func Code(n int) string {
	code := make([]byte, 0, n)
	for len(code) < n {
		for _, b := range Bytes(n) {
			if b < 250 && len(code) < n { // 250 is a multiple of ten: every digit is as likely
				code = append(code, '0'+b%10)
			}
		}
	}
	return string(code)
}
