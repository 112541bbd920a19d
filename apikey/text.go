package apikey

import (
	"strings"

	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// A key is a tagged token (package secret). A scanner for leaked secrets finds it by
//
//	sk_(live|test)_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}
//
// and knows by the checksum, without asking anybody, that it is no accident (KEY-05).
const (
	live = "sk_live_"
	test = "sk_test_"

	// Length is the number of characters of a key.
	Length = len(live) + secret.TaggedLength
	// PrefixLength is how many of its first characters are kept to show (KEY-04).
	PrefixLength = 12
)

// Begins reports whether a text says that it is an API key. It tells keys apart from access
// tokens, which begin otherwise (BUG-11).
func Begins(text string) bool { return strings.HasPrefix(text, live) || strings.HasPrefix(text, test) }

// Wellformed reports whether a text can be an API key of some house: its shape and its checksum
// are right. It says nothing of whether there is such a key.
func Wellformed(text string) bool { return secret.IsTagged(live, text) || secret.IsTagged(test, text) }
