package password

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A Policy says which passwords are strong enough (NIST SP 800-63B-4 section 3.1.1.2).
// Lengths count code points after NFC. There are no rules of composition: the standard
// forbids them. The zero Policy is the standard's own.
type Policy struct {
	Min                 int      // where the password is the only factor; 0 is 15
	MinWithSecondFactor int      // where a second factor is enforced; 0 is 8, which is also the least
	Max                 int      // 0 is 128; the standard asks for 64 or more
	Context             []string // names of the product, the organisation and the hosts, refused as passwords (ASVS 6.1.2)
}

const (
	defaultMin    = 15
	leastMin      = 8
	defaultMax    = 128
	bytesPerPoint = 16 // received for one code point of NFC, generously: decomposed letters shrink
)

// Lengths returns how short and how long a password may be that is the only factor.
func (p Policy) Lengths() (shortest, longest int) {
	return max(cmp.Or(p.Min, defaultMin), leastMin), cmp.Or(p.Max, defaultMax)
}

// Check returns nil for a password that may be set, or a WEAK_PASSWORD whose field
// "password" says what to do about it. Second says that a second factor is enforced for
// the user; context holds what an attacker knows of them: name, addresses.
func (p Policy) Check(pw string, second bool, context ...string) error {
	shortest := cmp.Or(p.Min, defaultMin)
	if second {
		shortest = cmp.Or(p.MinWithSecondFactor, leastMin)
	}
	shortest, longest := max(shortest, leastMin), cmp.Or(p.Max, defaultMax)
	// Threat: normalising megabytes for a stranger. So the bytes are counted first.
	if len(pw) > bytesPerPoint*longest {
		return tooLong(longest)
	}
	folded := fold(pw)
	switch n := utf8.RuneCount(normalise(pw)); {
	case n < shortest:
		return weak("This password is too short.", fmt.Sprintf("Use at least %d characters. A few random words make a good password.", shortest))
	case n > longest:
		return tooLong(longest)
	case patterned(folded):
		return weak(tooEasy, "This repeats a pattern or follows a sequence. Choose something less regular.")
	case predictable(folded):
		return weak(tooEasy, "This is made of the most commonly used passwords and patterns. Choose something of your own.")
	case madeOf(folded, words(slices.Concat(p.Context, context))):
		return weak(tooEasy, "This is made of your name, your address or the name of this site. Choose something unrelated.")
	}
	return nil
}

const tooEasy = "This password is too easy to guess."

func tooLong(longest int) error {
	return weak("This password is too long.", fmt.Sprintf("Use at most %d characters.", longest))
}

func weak(message, reason string) error {
	e := &identity.Error{Kind: identity.Invalid, Code: "WEAK_PASSWORD", Message: message}
	return e.With("password", reason)
}

// fold is for comparison with what is known to be weak, never for hashing.
func fold(s string) string { return strings.ToLower(string(normalise(s))) }

// words returns the folded context and its parts, longest first. Parts of two letters and
// less would be found in everything.
func words(context []string) []string {
	var all []string
	for _, c := range context {
		c = fold(c)
		all = append(all, c)
		all = append(all, strings.FieldsFunc(c, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })...)
	}
	all = slices.DeleteFunc(all, func(w string) bool { return utf8.RuneCountInString(w) < 3 })
	slices.SortFunc(all, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return all
}

// madeOf tells whether pw is nothing but some of the words, digits and punctuation.
func madeOf(pw string, words []string) bool {
	rest := pw
	for _, w := range words {
		rest = strings.ReplaceAll(rest, w, " ")
	}
	return rest != pw && !strings.ContainsFunc(rest, unicode.IsLetter)
}
