package jose

import (
	"bytes"
	"cmp"
	"crypto"
	"encoding/json"
	"fmt"
	"slices"

	gojose "github.com/go-jose/go-jose/v4"
)

// JWK returns the public key as a JWK with kid, alg and use (RFC 7517 §4), or
// [ErrSymmetric].
func (k *Key) JWK() (json.RawMessage, error) {
	if k.Algorithm.Symmetric() {
		return nil, ErrSymmetric
	}
	jwk := gojose.JSONWebKey{Key: k.public, KeyID: k.ID, Algorithm: string(k.Algorithm), Use: "sig"}
	return jwk.MarshalJSON()
}

// Thumbprint returns the base64url SHA-256 thumbprint of the public key (RFC 7638 §3),
// or [ErrSymmetric]: the digest of a secret helps to guess it (§7).
func (k *Key) Thumbprint() (string, error) {
	if k.Algorithm.Symmetric() {
		return "", ErrSymmetric
	}
	jwk := gojose.JSONWebKey{Key: k.public}
	sum, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("thumbprint: %w", err)
	}
	return base64url.EncodeToString(sum), nil
}

// JWKS returns the public keys as a JWK Set (RFC 7517 §5) in the order of their ids.
// A symmetric key among them is [ErrSymmetric]: better no set than a leaked secret.
func JWKS(keys []*Key) ([]byte, error) {
	sorted := slices.SortedStableFunc(slices.Values(keys), func(a, b *Key) int { return cmp.Compare(a.ID, b.ID) })
	set := bytes.NewBufferString(`{"keys":[`)
	for i, k := range sorted {
		jwk, err := k.JWK()
		if err != nil {
			return nil, err
		}
		if i > 0 {
			set.WriteByte(',')
		}
		set.Write(jwk)
	}
	set.WriteString("]}")
	return set.Bytes(), nil
}
