package jose_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/jose"
)

func TestJWKSRoundTrip(t *testing.T) {
	es, rs, ed := generate(t, jose.ES256), generate(t, jose.RS256), generate(t, jose.EdDSA)
	set, err := jose.JWKS([]*jose.Key{rs, ed, es})
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := jose.JWKS([]*jose.Key{es, rs, ed}); !bytes.Equal(set, again) {
		t.Errorf("two orders, two sets:\n%s\n%s", set, again)
	}
	for _, member := range []string{`"d"`, `"p"`, `"k"`} {
		if bytes.Contains(set, []byte(member)) {
			t.Errorf("the set holds %s: %s", member, set)
		}
	}
	keys, err := jose.ParseJWKS(set)
	if err != nil || len(keys) != 3 {
		t.Fatalf("ParseJWKS(%s) = %v, %v", set, keys, err)
	}
	for _, k := range []*jose.Key{es, rs, ed} {
		if _, by, err := jose.Verify(sign(t, k, struct{}{}), only(keys...)); err != nil || by.ID != k.ID {
			t.Errorf("%s: %v, %v", k.ID, by, err)
		}
	}
	if empty, err := jose.JWKS(nil); err != nil || string(empty) != `{"keys":[]}` {
		t.Errorf("no keys: %s, %v", empty, err)
	}
}

func TestJWKMembers(t *testing.T) {
	k := publicKey(t, strings.Replace(rfc7515EC, "{", `{"kid":"k1",`, 1))
	jwk, err := k.JWK()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"use":"sig","kty":"EC","kid":"k1","crv":"P-256","alg":"ES256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	if string(jwk) != want {
		t.Errorf("%s, want %s", jwk, want)
	}
}

// TestJWKSSkips: what we cannot use does not spoil the set (RFC 7517 §5).
func TestJWKSSkips(t *testing.T) {
	with := func(jwk, member string) string { return strings.Replace(jwk, "{", "{"+member+",", 1) }
	tests := map[string]string{
		"unknown type":          `{"kty":"AKP","alg":"ML-DSA-44","pub":"AAAA"}`,
		"no type":               `{"kid":"k"}`,
		"another curve":         strings.Replace(rfc7515EC, "P-256", "P-384", 1),
		"type and curve differ": strings.Replace(rfc7515EC, `"EC"`, `"OKP"`, 1),
		"off the curve":         strings.Replace(rfc7515EC, `"x":"f8`, `"x":"f9`, 1),
		"short coordinate":      strings.Replace(rfc7515EC, `"x":"f83OJ3D2xF1B`, `"x":"`, 1),
		"another algorithm":     with(rfc7515RSA, `"alg":"RS512"`),
		"PSS":                   with(rfc7515RSA, `"alg":"PS256"`),
		"algorithm none":        with(rfc7515EC, `"alg":"none"`),
		"algorithm HS256":       with(rfc7515RSA, `"alg":"HS256"`),
		"for encryption":        with(rfc7515RSA, `"use":"enc"`),
		"operation encrypt":     with(rfc7515RSA, `"key_ops":["encrypt"]`),
		"no operation":          with(rfc7515RSA, `"key_ops":[]`),
		"long kid":              with(rfc7515RSA, `"kid":"`+strings.Repeat("k", 65)+`"`),
		"kid with line break":   with(rfc7515RSA, `"kid":"a\nb"`),
		"small modulus":         `{"kty":"RSA","n":"` + strings.Repeat("_", 171) + `","e":"AQAB"}`,
		"huge modulus":          `{"kty":"RSA","n":"` + strings.Repeat("_", 1024) + `","e":"AQAB"}`,
		"exponent 1":            strings.Replace(rfc7515RSA, "AQAB", "AQ", 1),
		"exponent 3":            strings.Replace(rfc7515RSA, "AQAB", "Aw", 1),
		"leading zero":          strings.Replace(rfc7515RSA, "AQAB", "AAEAAQ", 1),
		"low order point":       `{"kty":"OKP","crv":"Ed25519","x":"` + strings.Repeat("A", 43) + `"}`,
		"padding":               strings.Replace(rfc8037OKP, `HURo"`, `HURo="`, 1),
		"trailing bits":         strings.Replace(rfc8037OKP, `HURo"`, `HURp"`, 1),
		"line break in base64":  strings.Replace(rfc8037OKP, `HURo"`, `HURo\n"`, 1),
		"coordinates of RSA":    with(rfc7515RSA, `"x":"AAAA"`),
		"modulus of a point":    with(rfc8037OKP, `"n":"AAAA"`),
	}
	for name, jwk := range tests {
		keys, err := jose.ParseJWKS([]byte(`{"keys":[` + jwk + "," + rfc7638RSA + `]}`))
		if err != nil || len(keys) != 1 || keys[0].ID != "2011-04-29" {
			t.Errorf("%s: %v, %v", name, keys, err)
		}
	}
}

func TestJWKSRefuses(t *testing.T) {
	private := func(member string) string {
		return `{"keys":[` + strings.Replace(rfc7515EC, "{", `{"`+member+`":"AAAA",`, 1) + `]}`
	}
	tests := []struct {
		name, set string
		want      error
	}{
		{"nothing", "", jose.ErrKeySet},
		{"no keys", "{}", jose.ErrKeySet},
		{"null keys", `{"keys":null}`, jose.ErrKeySet},
		{"an array", "[]", jose.ErrKeySet},
		{"one bare key", rfc7515EC, jose.ErrKeySet},
		{"key is no object", `{"keys":["x"]}`, jose.ErrKeySet},
		{"kid is a number", `{"keys":[{"kty":"EC","kid":1}]}`, jose.ErrKeySet},
		{"duplicate keys member", `{"keys":[],"keys":[]}`, jose.ErrKeySet},
		{"duplicate member", `{"keys":[{"kty":"EC","kty":"RSA"}]}`, jose.ErrKeySet},
		{"one kid twice", `{"keys":[` + rfc7515EC + `,` + rfc8037OKP + `]}`, jose.ErrKeySet},
		{"too many", `{"keys":[` + strings.Repeat("{},", 64) + `{}]}`, jose.ErrKeySet},
		{"too long", `{"keys":[]` + strings.Repeat(" ", 64<<10) + `}`, jose.ErrKeySet},
		{"trailing data", `{"keys":[]}{}`, jose.ErrKeySet},
		{"private EC key", private("d"), jose.ErrPrivate},
		{"private RSA key", private("dp"), jose.ErrPrivate},
		{"private key of an unknown kind", `{"keys":[{"kty":"AKP","priv":"AAAA"}]}`, jose.ErrPrivate},
		{"a secret", `{"keys":[{"kty":"oct","alg":"HS256","k":"` + rfc7515Secret + `"}]}`, jose.ErrPrivate},
	}
	for _, test := range tests {
		if keys, err := jose.ParseJWKS([]byte(test.set)); !errors.Is(err, test.want) || keys != nil {
			t.Errorf("%s: %v, %v, want %v", test.name, keys, err, test.want)
		}
	}
}

// TestJWKSWithoutAlgorithm: material alone binds a key to its algorithm (JWT-04).
func TestJWKSWithoutAlgorithm(t *testing.T) {
	for jwk, want := range map[string]jose.Algorithm{rfc7515EC: jose.ES256, rfc7515RSA: jose.RS256, rfc8037OKP: jose.EdDSA} {
		if got := publicKey(t, jwk).Algorithm; got != want {
			t.Errorf("%s: %s", jwk, got)
		}
	}
}
