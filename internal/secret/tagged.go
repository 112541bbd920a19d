package secret

import (
	"hash/crc32"
	"strings"
)

const (
	digits    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sumLength = 6
)

// TaggedLength is the number of characters of a tagged token behind its tag.
const TaggedLength = Length + sumLength

// Tagged returns a new token that a scanner for leaked secrets knows without asking anybody: the
// tag, 43 characters of base64url that hold 32 random bytes, and 6 characters of base62 that hold
// the CRC-32 (IEEE) of all that stands before them.
func Tagged(tag string) string {
	body := tag + New()
	return body + checksum(body)
}

// IsTagged reports whether a text has the shape and the checksum of a token with the tag. It says
// nothing of whether there is such a token.
func IsTagged(tag, text string) bool {
	if len(text) != len(tag)+TaggedLength || !strings.HasPrefix(text, tag) {
		return false
	}
	body, sum := text[:len(text)-sumLength], text[len(text)-sumLength:]
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
