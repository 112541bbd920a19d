package backupcode

import (
	"strings"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// alphabet is Crockford's base32: no letter in it looks like another or like a digit. The
// first of its characters are the places of the codes of a set.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const (
	length = 16 // characters of a code: its place and 15 that carry 5 bits each
	group  = 4  // characters that stand together
)

// A code is one of a set: its characters without dashes. The zero code is none.
type code string

// draw makes the code of a place. 32 divides 256, so that every character is as likely.
func draw(place int) code {
	text := make([]byte, length)
	for i, b := range secret.Bytes(length) {
		text[i] = alphabet[int(b)%len(alphabet)]
	}
	text[0] = alphabet[place]
	return code(text)
}

// String returns the code as people copy it: in four groups of four.
func (c code) String() string {
	var groups []string
	for i := 0; i < len(c); i += group {
		groups = append(groups, string(c[i:i+group]))
	}
	return strings.Join(groups, "-")
}

// lookup finds the credential of the code's place among those of a user.
func (c code) lookup(user identity.UserID) string {
	return string(user) + " " + string(c[:min(1, len(c))])
}

// forgiven is how people mistype what they read from paper.
var forgiven = strings.NewReplacer("-", "", " ", "", "\u00a0", "", "O", "0", "I", "1", "L", "1")

// read reads what was typed. What is no code is the zero code.
func read(typed string) code {
	text := forgiven.Replace(strings.ToUpper(typed))
	if len(text) != length || strings.Trim(text, alphabet) != "" {
		return ""
	}
	return code(text)
}
