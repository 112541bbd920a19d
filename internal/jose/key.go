package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"strings"
)

const (
	maxID      = 64        // characters of a "kid"
	secretSize = 64        // bytes: the block of SHA-256 and the 512 bits of JWT-11
	exponent   = 1<<16 + 1 // the least "e" of FIPS 186-5 §A.1.1
	maxRSA     = 4096      // bits: a larger modulus only burns our time (RFC 8725 §2.3)

	// rsaSize is the least RFC 7518 §3.3 allows. A signature has only to withstand as
	// long as its key lives, and keyring rotates; 3072 bits would triple the cost of
	// signing and lengthen every token by 171 characters. RS256 is here for relying
	// parties that know nothing else, ES256 for everyone.
	rsaSize = 2048
)

// A Key signs, verifies or both, with one algorithm for life: the material decides
// what is computed, so no token can turn a public key into an HMAC secret (JWT-04).
// The zero value fits no token. It is safe for concurrent use.
type Key struct {
	ID        string    // "kid": opaque, printable ASCII, at most 64 characters, may be empty
	Algorithm Algorithm // "alg": the only one this key is used with

	private any // *ecdsa.PrivateKey, *rsa.PrivateKey, ed25519.PrivateKey, secret; nil: verify only
	public  any // *ecdsa.PublicKey, *rsa.PublicKey, ed25519.PublicKey, secret
}

// secret is HMAC material: its own type, so that no []byte passes for it by accident.
type secret []byte

// Generate makes a fresh key: P-256, RSA of 2048 bits, Ed25519 or 64 random bytes.
// It returns [ErrKey] for an algorithm outside the list or an unusable id.
func Generate(alg Algorithm, id string) (*Key, error) {
	private, err := random(alg)
	if err != nil {
		return nil, fmt.Errorf("generate %s key: %w", alg, err)
	}
	return pair(alg, id, private)
}

func random(alg Algorithm) (any, error) {
	switch alg {
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RS256:
		return rsa.GenerateKey(rand.Reader, rsaSize)
	case EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	case HS256:
		s := make(secret, secretSize)
		_, err := rand.Read(s)
		return s, err
	}
	return nil, ErrKey
}

// ParsePrivate reads what [Key.MarshalPrivate] wrote. It returns [ErrKey] when the
// material is not that of alg, too small or too large.
func ParsePrivate(alg Algorithm, id string, der []byte) (*Key, error) {
	if alg == HS256 {
		return pair(alg, id, secret(bytes.Clone(der)))
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("parse %s private key: %w", alg, err)
	}
	return pair(alg, id, private)
}

// ParsePublic reads what [Key.MarshalPublic] wrote; the key can only verify. It returns
// [ErrKey] when the material does not fit alg, as it never does for HS256.
func ParsePublic(alg Algorithm, id string, der []byte) (*Key, error) {
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("parse %s public key: %w", alg, err)
	}
	return bind(alg, id, nil, public)
}

// pair adds the public part to private.
func pair(alg Algorithm, id string, private any) (*Key, error) {
	switch p := private.(type) {
	case secret:
		return bind(alg, id, p, p)
	case crypto.Signer:
		return bind(alg, id, p, p.Public())
	}
	return nil, ErrKey
}

// bind is the only maker of keys: it ties material to the one algorithm it fits.
func bind(alg Algorithm, id string, private, public any) (*Key, error) {
	fits := false
	switch p := public.(type) {
	case *ecdsa.PublicKey:
		fits = alg == ES256 && p.Curve == elliptic.P256()
	case *rsa.PublicKey:
		bits := p.N.BitLen()
		fits = alg == RS256 && bits >= rsaSize && bits <= maxRSA && p.E >= exponent && !factorable(p.N)
	case ed25519.PublicKey:
		fits = alg == EdDSA
	case secret:
		fits = alg == HS256 && len(p) >= secretSize
	}
	if !fits || !usableID(id) {
		return nil, ErrKey
	}
	return &Key{ID: id, Algorithm: alg, private: private, public: public}, nil
}

// usableID bounds a "kid" that comes from outside: it is compared, never opened,
// queried or split, and it is fit to stand in a log.
func usableID(id string) bool {
	return len(id) <= maxID && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' })
}

// MarshalPrivate returns PKCS #8 DER (RFC 5958), or the bare bytes of an HS256 secret;
// [ErrVerifyOnly] when there is nothing private. The result is to be sealed at once.
func (k *Key) MarshalPrivate() ([]byte, error) {
	switch p := k.private.(type) {
	case nil:
		return nil, ErrVerifyOnly
	case secret:
		return bytes.Clone(p), nil
	}
	return x509.MarshalPKCS8PrivateKey(k.private)
}

// MarshalPublic returns SubjectPublicKeyInfo DER (RFC 5280 §4.1), or [ErrSymmetric].
func (k *Key) MarshalPublic() ([]byte, error) {
	if k.Algorithm.Symmetric() {
		return nil, ErrSymmetric
	}
	return x509.MarshalPKIXPublicKey(k.public)
}

// Format writes algorithm and id for every verb: printing a key, or a struct that
// holds one, must not print its material.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%s key %q", string(k.Algorithm), k.ID) }
