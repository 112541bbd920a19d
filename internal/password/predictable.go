package password

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// The most frequent passwords of eight characters and more, folded and sorted, whole
// passwords only (ASVS 6.2.4). NOTICE beside it names source and licence.
//
//go:embed blocklist.txt
var blocklistText string

var blocklist = sync.OnceValue(func() []string { return strings.Fields(blocklistText) })

// The paths that fingers and counting follow, in both directions and around the end.
var paths = []string{
	"0123456789",
	"abcdefghijklmnopqrstuvwxyz",
	"qwertyuiopasdfghjklzxcvbnm", // rows of the keyboard: QWERTY, QWERTZ, AZERTY
	"qwertzuiopasdfghjklyxcvbnm",
	"azertyuiopqsdfghjklmwxcvbn",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", // columns
	"qazwsxedcrfvtgbyhnujmikolp",
	"1q2w3e4r5t6y7u8i9o0p",
}

// predictable tells whether pw is a common password or two weak pieces in a row. Hardly
// any password of fifteen characters is common, but "password" and "12345678" are.
func predictable(pw string) bool {
	if common(pw) {
		return true
	}
	for i := range pw {
		if i > 0 && weakPiece(pw[:i]) && weakPiece(pw[i:]) {
			return true
		}
	}
	return false
}

func weakPiece(s string) bool {
	tail := len(s) <= 4 && !strings.ContainsFunc(s, unicode.IsLetter) // a year, an exclamation mark
	return tail || common(s) || patterned(s)
}

// common looks up s, or what s repeats: "passwordpassword" is no better than "password".
func common(s string) bool {
	_, found := slices.BinarySearch(blocklist(), unit(s))
	return found
}

// patterned tells whether s repeats fewer characters than the shortest password has, or
// follows a path.
func patterned(s string) bool {
	u := unit(s)
	if len(u) < len(s) && utf8.RuneCountInString(u) < leastMin {
		return true
	}
	steps := string(slices.Compact([]rune(u))) // "111222333" walks as "123" does
	return slices.ContainsFunc(paths, func(path string) bool { return walks(path, steps) || walks(path, reversed(steps)) })
}

func walks(path, s string) bool { return strings.Contains(path+path+path, s) }

// unit returns the shortest start of s that s consists of, at least twice and perhaps cut
// off in the end, or else s itself.
func unit(s string) string {
	for n := 1; n <= len(s)/2; n++ {
		if s[n:] == s[:len(s)-n] {
			return s[:n]
		}
	}
	return s
}

func reversed(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}
