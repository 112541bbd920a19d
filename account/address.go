package account

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/gatehouse-id/gatehouse/identity"
)

// Address returns the one spelling of an e-mail address by which the house knows it:
// trimmed, NFC, lower case. What is no plain address (RFC 5321 section 4.1.2, at most 254
// bytes) is identity.ErrInvalid, naming the member "email".
func Address(text string) (string, error) {
	// NFC once more at the end: J with a caron is one character in lower case only.
	address := norm.NFC.String(strings.ToLower(norm.NFC.String(strings.TrimSpace(text))))
	if address == "" {
		return "", identity.ErrInvalid.With("email", "is missing")
	}
	at := strings.LastIndexByte(address, '@')
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || len(address) > 254 || at > 64 || strings.ContainsFunc(address, unseen) || !validDomain(address[at+1:]) {
		return "", identity.ErrInvalid.With("email", "is not an e-mail address")
	}
	return address, nil
}

// unseen is what a reader would not notice in an address: with it, one person's address
// could look like another's.
func unseen(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) || r == utf8.RuneError }

func validDomain(domain string) bool {
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				return false
			}
		}
	}
	return true
}

// DisplayName returns a name as it may be shown: NFC, trimmed, single spaces, without
// control characters (XSS-03; escaping is the output's business). More than 100 characters
// are identity.ErrInvalid, naming the member "name".
func DisplayName(text string) (string, error) {
	name := plain(text)
	if utf8.RuneCountInString(name) > 100 {
		return "", identity.ErrInvalid.With("name", "has more than 100 characters")
	}
	return name, nil
}

// fold is text as it is searched: the engines themselves agree on the case of ASCII only.
func fold(text string) string { return norm.NFC.String(strings.ToLower(plain(text))) }

// plain is text as names are stored, without what nobody sees.
func plain(text string) string {
	text = norm.NFC.String(strings.ToValidUTF8(text, string(utf8.RuneError)))
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	}), " ")
}
