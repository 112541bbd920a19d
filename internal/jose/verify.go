package jose

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// An Expect says which tokens are welcome. The zero value refuses every token.
type Expect struct {
	// Types are the accepted values of "typ", without "application/" and in any case
	// (RFC 7515 §4.1.9). An empty string welcomes a token without one.
	Types []string
	// Key returns the key of that name, or nil. kid is the sender's: printable, at most
	// 64 characters, empty when the token names none. Look it up in a map, nothing else.
	Key func(kid string) *Key
}

// Verify returns the claims of a compact JWS and the key that signed it, or the
// [Refusal] that says why not. It never panics on what a stranger sends. The claims
// are a JSON object without duplicate members; iss, aud and exp are not yet checked.
func Verify(token string, want Expect) (claims []byte, key *Key, err error) {
	p, err := split(token)
	if err != nil {
		return nil, nil, err
	}
	head, err := parseHeader(p.header)
	if err != nil {
		return nil, nil, err
	}
	if !want.welcomes(head.Type) {
		return nil, nil, ErrType
	}
	key = want.find(head.ID)
	switch {
	case key == nil:
		return nil, nil, ErrUnknownKey
	// The key decides, the token may only agree (JWT-02, RFC 8725 §3.1).
	case head.Algorithm != key.Algorithm:
		return nil, nil, ErrAlgorithm
	case !key.verify(p.input, p.signature):
		return nil, nil, ErrSignature
	case !isClaimSet(p.claims):
		return nil, nil, ErrClaims
	}
	return p.claims, key, nil
}

type parts struct {
	input                     []byte // what was signed: the first two parts as they came
	header, claims, signature []byte // decoded
}

func split(token string) (parts, error) {
	// Go's base64 skips line breaks even in strict mode: one token would have many spellings,
	// each with its own hash in a block list.
	if len(token) > maxToken || strings.Count(token, ".") != 2 || strings.ContainsAny(token, "\r\n") {
		return parts{}, ErrMalformed
	}
	end := strings.LastIndexByte(token, '.')
	raw := []byte(token)
	first, second, _ := bytes.Cut(raw[:end], []byte("."))
	header, err1 := base64url.AppendDecode(nil, first)
	claims, err2 := base64url.AppendDecode(nil, second)
	signature, err3 := base64url.AppendDecode(nil, raw[end+1:])
	if err1 != nil || err2 != nil || err3 != nil {
		return parts{}, ErrMalformed
	}
	return parts{raw[:end], header, claims, signature}, nil
}

// strict refuses every header member we do not know, and with it every one that
// would bring a key, a rule or a compression of the sender's choice: jwk, jku, x5u,
// x5c, crit, b64, zip (RFC 8725 §3.10). Duplicates and invalid UTF-8 are refused anyway.
var strict = json.RejectUnknownMembers(true)

func parseHeader(data []byte) (header, error) {
	var h header
	if err := json.Unmarshal(data, &h, strict); err != nil || !usableID(h.ID) {
		return header{}, ErrMalformed
	}
	if !h.Algorithm.allowed() {
		return header{}, ErrAlgorithm
	}
	return h, nil
}

func (e Expect) welcomes(typ string) bool {
	const prefix = "application/"
	if len(typ) > len(prefix) && strings.EqualFold(typ[:len(prefix)], prefix) {
		typ = typ[len(prefix):]
	}
	return slices.ContainsFunc(e.Types, func(t string) bool { return strings.EqualFold(t, typ) })
}

func (e Expect) find(kid string) *Key {
	if e.Key == nil {
		return nil
	}
	return e.Key(kid)
}

// isClaimSet refuses duplicate members, of which two parsers may each believe another
// (RFC 7519 §4).
func isClaimSet(data []byte) bool {
	v := jsontext.Value(data)
	return v.Kind() == jsontext.KindBeginObject && v.IsValid()
}
