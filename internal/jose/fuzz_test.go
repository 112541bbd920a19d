package jose_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/gatehouse-id/gatehouse/internal/jose"
)

// FuzzVerify: whatever is accepted is spelled in one way only, is an object, and is
// accepted by go-jose with the same claims; whatever is refused is refused with a reason.
func FuzzVerify(f *testing.F) {
	var keys []*jose.Key
	for _, alg := range algorithms {
		k := generate(f, alg)
		keys = append(keys, k)
		f.Add(sign(f, k, map[string]any{"sub": "alice", "exp": 1}))
	}
	secret := secretOf(f, keys[len(keys)-1])
	f.Add(forge(secret, goodHeader, `{"a":1,"a":2}`))
	f.Add(forge(secret, strings.Replace(goodHeader, "HS256", "none", 1), goodClaims))
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		claims, key, err := jose.Verify(token, only(keys...))
		if err != nil {
			if _, ok := errors.AsType[jose.Refusal](err); !ok || claims != nil || key != nil {
				t.Fatalf("Verify = %s, %v, %v", claims, key, err)
			}
			return
		}
		part := strings.Split(token, ".")
		if encode(string(claims)) != part[1] || !json.Valid(claims) || claims[0] != '{' {
			t.Fatalf("claims %q of %q", claims, token)
		}
		parsed, err := gojose.ParseSignedCompact(token, []gojose.SignatureAlgorithm{gojose.SignatureAlgorithm(key.Algorithm)})
		if err != nil {
			t.Fatal(err)
		}
		_, public := material(t, key)
		if again, err := parsed.Verify(public); err != nil || !bytes.Equal(again, claims) {
			t.Fatalf("go-jose reads %s, %v", again, err)
		}
	})
}

// FuzzParseJWKS: whatever is accepted can be published and read again as the same keys.
func FuzzParseJWKS(f *testing.F) {
	set, err := jose.JWKS([]*jose.Key{generate(f, jose.ES256), generate(f, jose.RS256), generate(f, jose.EdDSA)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(set)
	for _, jwk := range []string{rfc7515EC, rfc7515RSA, rfc8037OKP, rfc7638RSA, "{}", "null"} {
		f.Add([]byte(`{"keys":[` + jwk + `]}`))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := jose.ParseJWKS(data)
		if err != nil {
			return
		}
		set, err := jose.JWKS(keys)
		if err != nil {
			t.Fatal(err)
		}
		again, err := jose.ParseJWKS(set)
		if err != nil || len(again) != len(keys) {
			t.Fatalf("%s: %v, %v", set, again, err)
		}
		byID := ring(again...)
		for _, k := range keys {
			was, _ := k.Thumbprint()
			if is, err := byID(k.ID).Thumbprint(); err != nil || is != was {
				t.Fatalf("%v became %v: %v", k, byID(k.ID), err)
			}
		}
	})
}
