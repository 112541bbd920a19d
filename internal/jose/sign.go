package jose

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// maxToken bounds a token in bytes: more than any header line our peers would send.
const maxToken = 16 << 10

// base64url is the encoding of RFC 7515 §2: no padding, no stray trailing bits.
var base64url = base64.RawURLEncoding.Strict()

// header is every JOSE header member this package writes or reads (RFC 7515 §4).
type header struct {
	Algorithm Algorithm `json:"alg"`
	Type      string    `json:"typ,omitempty"`
	ID        string    `json:"kid,omitempty"`
}

// Sign returns claims as a compact JWS of type typ, such as "at+jwt" (RFC 9068 §2.1);
// an empty typ or key id is left out. claims is marshalled by encoding/json and must
// become an object without duplicate members, or the error is [ErrClaims]; a token
// that [Verify] would find too long is [ErrMalformed].
func Sign(k *Key, typ string, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("marshal claims: %w", err)
	}
	if !isClaimSet(payload) {
		return "", ErrClaims
	}
	head, err := json.Marshal(header{k.Algorithm, typ, k.ID})
	if err != nil {
		return "", fmt.Errorf("marshal header: %w", err)
	}
	token := make([]byte, 0, base64url.EncodedLen(len(head)+len(payload)+maxRSA/8)+len(".."))
	token = base64url.AppendEncode(token, head)
	token = append(token, '.')
	token = base64url.AppendEncode(token, payload)
	signature, err := k.sign(token)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	token = append(token, '.')
	token = base64url.AppendEncode(token, signature)
	if len(token) > maxToken {
		return "", ErrMalformed
	}
	return string(token), nil
}
