// Package jose is the project's only door to JWS, JWT, JWK and JWKS: an allow-list
// of algorithms and nothing else.
//
// It owns keys, each bound to one algorithm for life, the compact serialization of
// signed tokens (RFC 7515 §7.1, RFC 7519 §7) and public key sets (RFC 7517 §5, RFC
// 8037 §2), and follows the best current practice of RFC 8725. It does not know what
// a claim means: iss, aud and exp belong to the token package. It does not know where
// keys live or when they rotate: that is keyring. There is no JWE, no JSON
// serialization, no detached payload and no "none".
//
// JWKs are read and written by go-jose, behind a wall: it sees only members this
// package chose, and its answer must give back the same bytes. Signatures are made
// and checked by the standard library, because for four algorithms that is shorter
// than go-jose, spares its second parse of the header, and leaves one place, [Verify],
// in which a token can be refused.
package jose

// An Algorithm is an "alg" value of RFC 7518 §3.1 or RFC 8037 §3.1, spelled exactly.
// The zero value is no algorithm and fits no key.
type Algorithm string

// The allow-list (JWT-02, JWT-12).
const (
	ES256 Algorithm = "ES256" // ECDSA on P-256 with SHA-256
	RS256 Algorithm = "RS256" // RSASSA-PKCS1-v1_5 with SHA-256
	EdDSA Algorithm = "EdDSA" // Ed25519
	HS256 Algorithm = "HS256" // HMAC with SHA-256
)

// Symmetric reports whether whoever verifies could also sign, so that the key must
// never leave the service that made it (GEN-11).
func (a Algorithm) Symmetric() bool { return a == HS256 }

func (a Algorithm) allowed() bool {
	return a == ES256 || a == RS256 || a == EdDSA || a == HS256
}

// A Refusal is why this package refused a token, a key or a key set. It holds nothing
// of what was refused, so it is safe to log; clients are told less (JWT-19).
type Refusal string

// Why a token is refused by [Verify].
const (
	ErrMalformed  Refusal = "token is malformed"                       // length, parts, base64url, header
	ErrAlgorithm  Refusal = "token algorithm is not that of the key"   // JWT-02, JWT-03, JWT-04
	ErrType       Refusal = "token is of another type"                 // RFC 8725 §3.11
	ErrUnknownKey Refusal = "token names no known key"                 // "kid" was answered by nil
	ErrSignature  Refusal = "token signature does not hold"            //
	ErrClaims     Refusal = "token is signed but carries no claim set" // RFC 7519 §4
)

// Why a key or a key set is refused.
const (
	ErrKey        Refusal = "key does not fit its algorithm"
	ErrKeySet     Refusal = "key set is malformed"
	ErrPrivate    Refusal = "key set holds private members"
	ErrSymmetric  Refusal = "symmetric key has no public part" // GEN-11
	ErrVerifyOnly Refusal = "key can only verify"
)

// Error returns the reason, the same text for every input.
func (r Refusal) Error() string { return "jose: " + string(r) }
