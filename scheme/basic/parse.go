package basic

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longest is how much of a field is looked at, in bytes.
const longest = 1024

var errMalformed = errors.New("the Authorization field is not one of Basic")

// parse reads what stands behind the scheme's name: one token68 (RFC 9110 section 11.2) that is
// strict base64, in it UTF-8 without control characters, cut at the first colon (RFC 7617 section
// 2).
//
// OAuth clients encode both parts as in a form (RFC 6749 section 2.3.1), other clients send them
// as they are. Both are read alike: no ID and no secret of ours has a "%" or a "+", so where there
// is one it is an encoding.
func parse(text string) (id, word string, err error) {
	if len(text) > longest || strings.ContainsAny(text, "\r\n") { // which the decoder would skip
		return "", "", errMalformed
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || !legible(string(raw)) {
		return "", "", errMalformed
	}
	id, word, found := strings.Cut(string(raw), ":")
	if !found {
		return "", "", errMalformed
	}
	if id, err = decoded(id); err == nil {
		word, err = decoded(word)
	}
	if err != nil || id == "" || word == "" {
		return "", "", errMalformed
	}
	return id, word, nil
}

// decoded returns text without the encoding of a form.
func decoded(text string) (string, error) {
	if !strings.ContainsAny(text, "%+") {
		return text, nil
	}
	plain, err := url.QueryUnescape(text)
	if err != nil || !legible(plain) {
		return "", errMalformed
	}
	return plain, nil
}

func legible(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
