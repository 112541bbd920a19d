// Package breach says whether a password is known from a breach: one that stands in a list that
// attackers have is the first that they try (NIST SP 800-63B-4 section 3.1.1.2).
//
// It owns the range check of Have I Been Pwned, which tells nobody more of a password than five of
// the forty digits of its hash (k-anonymity), and the file of a filter that needs no network. It
// does not know how a range is fetched, nor what becomes of a password that was found.
package breach

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // the lists are of SHA-1; nothing rests on its strength here
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
)

// A Digest is the SHA-1 of a password, as the lists have it. It is as secret as the password: only
// its Prefix leaves the house.
type Digest [sha1.Size]byte

// Of returns the digest of a password, of its bytes as they were typed.
func Of(password string) Digest { return sha1.Sum([]byte(password)) } //nolint:gosec // see the import

// ParseDigest reads the forty hexadecimal digits of a digest.
func ParseDigest(text string) (d Digest, err error) {
	if len(text) != hex.EncodedLen(len(d)) {
		return d, ErrLine
	}
	if _, err := hex.Decode(d[:], []byte(text)); err != nil {
		return d, ErrLine
	}
	return d, nil
}

const prefixLength = 5

// Prefix returns what a range is asked for by: five digits, upper case (PWD-09).
func (d Digest) Prefix() string { return strings.ToUpper(hex.EncodeToString(d[:]))[:prefixLength] }

func (d Digest) suffix() string { return strings.ToUpper(hex.EncodeToString(d[:]))[prefixLength:] }

// key is what the filter knows a digest by.
func (d Digest) key() uint64 { return binary.BigEndian.Uint64(d[:8]) }

var (
	// ErrLine is a line that is no digest with a count.
	ErrLine = errors.New("this is no list of SHA-1 digests with counts")
	// ErrRange is an answer that is no range.
	ErrRange = errors.New("the answer is no range of digests")
)

// In reports whether a range has the digest. A line with the count 0 was put in to hide how long the
// range is, and counts as none (BUG-32). A range with a line that is none is ErrRange: what answers
// is not what was asked.
func In(text []byte, d Digest) (bool, error) {
	want, found := d.suffix(), false
	for line := range bytes.Lines(text) {
		suffix, count, _ := strings.Cut(strings.TrimSpace(string(line)), ":")
		if suffix == "" {
			continue
		}
		n, err := strconv.ParseUint(count, 10, 64)
		if err != nil || len(suffix) != len(want) {
			return false, ErrRange
		}
		found = found || n > 0 && strings.EqualFold(suffix, want)
	}
	return found, nil
}

// A Checker looks a digest up. The zero Checker finds nothing.
type Checker struct {
	Fetch  func(ctx context.Context, prefix string) ([]byte, error) // nil: no range is asked for
	Filter *Filter                                                  // nil: there is none
}

// Check reports whether a digest is known: by the filter first, which costs nothing. An error says
// that the range could not be had, and then nothing is known of the digest.
func (c *Checker) Check(ctx context.Context, d Digest) (bool, error) {
	if c.Filter != nil && c.Filter.Has(d) {
		return true, nil
	}
	if c.Fetch == nil {
		return false, nil
	}
	text, err := c.Fetch(ctx, d.Prefix())
	if err != nil {
		return false, err
	}
	return In(text, d)
}
