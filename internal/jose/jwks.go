package jose

import (
	"bytes"
	"slices"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The most a stranger's key set may cost us.
const (
	maxSet  = 64 << 10 // bytes
	maxKeys = 64
)

// jwk is what we read of a JWK (RFC 7517 §4). Certificates are not read: trust comes
// from where the set came from.
type jwk struct {
	parameters
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Algorithm  string   `json:"alg"`
	ID         string   `json:"kid"`
}

// parameters are the public key itself (RFC 7518 §6, RFC 8037 §2), in the order in
// which go-jose writes them.
type parameters struct {
	Type  string `json:"kty"`
	Curve string `json:"crv,omitempty"`
	X     string `json:"x,omitempty"`
	Y     string `json:"y,omitempty"`
	N     string `json:"n,omitempty"`
	E     string `json:"e,omitempty"`
}

// privateMembers are those no public set may hold (RFC 7518 §6, RFC 9964).
var privateMembers = []string{"k", "d", "p", "q", "dp", "dq", "qi", "oth", "priv"}

// ParseJWKS reads a set of public keys, which can only verify. A key we have no use
// for is skipped (RFC 7517 §5): another type or algorithm, another use, out of range.
// A set that is too large, ambiguous or no JSON is [ErrKeySet] as a whole, and one
// that gives away a private key is [ErrPrivate].
func ParseJWKS(data []byte) ([]*Key, error) {
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if len(data) > maxSet || json.Unmarshal(data, &set) != nil || set.Keys == nil || len(set.Keys) > maxKeys {
		return nil, ErrKeySet
	}
	keys := make([]*Key, 0, len(set.Keys))
	for _, value := range set.Keys {
		j, err := parseJWK(value)
		if err != nil {
			return nil, err
		}
		k, err := j.key()
		if err != nil {
			continue
		}
		// Two keys of one name: which one verifies would be the attacker's luck.
		if slices.ContainsFunc(keys, func(other *Key) bool { return other.ID == k.ID }) {
			return nil, ErrKeySet
		}
		keys = append(keys, k)
	}
	return keys, nil
}

func parseJWK(value jsontext.Value) (j jwk, err error) {
	var members map[string]jsontext.Value
	if json.Unmarshal(value, &members) != nil || json.Unmarshal(value, &j) != nil {
		return jwk{}, ErrKeySet
	}
	for _, name := range privateMembers {
		if _, found := members[name]; found {
			return jwk{}, ErrPrivate
		}
	}
	return j, nil
}

func (j jwk) key() (*Key, error) {
	alg := j.algorithm()
	named := j.Algorithm == "" || j.Algorithm == string(alg)
	signs := (j.Use == "" || j.Use == "sig") && (j.Operations == nil || slices.Contains(j.Operations, "verify"))
	if !named || !signs {
		return nil, ErrKey
	}
	public, err := j.public()
	if err != nil {
		return nil, err
	}
	return bind(alg, j.ID, nil, public)
}

// algorithm is the only one of the allow-list that the material can have, so that a
// key set without "alg" binds its keys too.
func (j jwk) algorithm() Algorithm {
	switch [2]string{j.Type, j.Curve} {
	case [2]string{"EC", "P-256"}:
		return ES256
	case [2]string{"RSA", ""}:
		return RS256
	case [2]string{"OKP", "Ed25519"}:
		return EdDSA
	}
	return ""
}

// public lets go-jose decode the parameters and do its checks: on the curve, of full
// length, not of low order. go-jose is lax about base64, so its own rendering of the
// key must equal what it read: one key, one spelling.
func (p parameters) public() (any, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	var k gojose.JSONWebKey
	if err := k.UnmarshalJSON(data); err != nil {
		return nil, err
	}
	again, err := k.MarshalJSON()
	if err != nil || !bytes.Equal(data, again) {
		return nil, ErrKey
	}
	return k.Key, nil
}
