package apikey

import (
	"hash/crc32"
	"strings"

	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// A key is its kind, 43 characters of base64url that hold 32 random bytes, and 6 characters of
// base62 that hold the CRC-32 (IEEE) of all that stands before them. A scanner for leaked secrets
// finds it by
//
//	sk_(live|test)_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}
//
// and knows by the checksum, without asking anybody, that it is no accident (KEY-05).
const (
	live = "sk_live_"
	test = "sk_test_"

	digits    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sumLength = 6

	// Length is the number of characters of a key.
	Length = len(live) + secret.Length + sumLength
	// PrefixLength is how many of its first characters are kept to show (KEY-04).
	PrefixLength = 12
)

// draw returns a new key.
func draw(kind string) string {
	body := kind + secret.New()
	return body + checksum(body)
}

// Begins reports whether a text says that it is an API key. It tells keys apart from access
// tokens, which begin otherwise (BUG-11).
func Begins(text string) bool { return strings.HasPrefix(text, live) || strings.HasPrefix(text, test) }

// Wellformed reports whether a text can be an API key of some house: its shape and its checksum
// are right. It says nothing of whether there is such a key.
func Wellformed(text string) bool {
	if len(text) != Length || !Begins(text) {
		return false
	}
	body, sum := text[:Length-sumLength], text[Length-sumLength:]
	return strings.IndexFunc(body, foreign) < 0 && sum == checksum(body)
}

// foreign reports whether a character is none of base64url (RFC 4648 section 5).
func foreign(r rune) bool { return r != '-' && r != '_' && !strings.ContainsRune(digits, r) }

// checksum is the CRC-32 of a text in base62, most significant digit first, with leading zeros.
func checksum(text string) string {
	var sum [sumLength]byte
	n := crc32.ChecksumIEEE([]byte(text))
	for i := sumLength - 1; i >= 0; i-- {
		sum[i] = digits[n%62]
		n /= 62
	}
	return string(sum[:])
}
