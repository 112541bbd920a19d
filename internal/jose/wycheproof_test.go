package jose_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/c2sp/wycheproof"

	"github.com/gatehouse-id/gatehouse/internal/jose"
)

type vectors struct {
	Groups []group `json:"testGroups"`
}

type group struct {
	Public  json.RawMessage
	Private json.RawMessage
	Tests   []vector
}

type vector struct {
	ID      int `json:"tcId"`
	Comment string
	JWS     json.RawMessage // a string, or an object in the JSON serialization
	Result  string
}

// token returns the compact token, or the JSON serialization as it stands.
func (v vector) token() string {
	var compact string
	if json.Unmarshal(v.JWS, &compact) == nil {
		return compact
	}
	return string(v.JWS)
}

// keys reads the group's key as this package's users would: public keys from a JWKS,
// a lone secret from its bytes. What we refuse as a key verifies nothing.
func (g group) keys(t *testing.T) []*jose.Key {
	t.Helper()
	raw := g.Public
	if raw == nil {
		raw = g.Private
	}
	var one struct{ Kty, Alg, Kid, K, Keys any }
	if err := json.Unmarshal(raw, &one); err != nil {
		t.Fatal(err)
	}
	if one.Keys == nil && one.Kty == "oct" {
		return secretKeys(t, one.Alg.(string), one.Kid.(string), one.K.(string))
	}
	if one.Keys == nil {
		raw = slices.Concat([]byte(`{"keys":[`), raw, []byte(`]}`))
	}
	keys, _ := jose.ParseJWKS(raw)
	return keys
}

// secretKeys pads a secret of full strength (RFC 7518 §3.2) with zeros to the length we
// demand: HMAC does the same (RFC 2104 §2), so the MAC stays what the vectors say.
func secretKeys(t *testing.T, alg, kid, k string) []*jose.Key {
	t.Helper()
	secret, err := base64.RawURLEncoding.DecodeString(k)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(secret); n >= 32 && n < 64 {
		secret = append(secret, bytes.Repeat([]byte{0}, 64-n)...)
	}
	key, err := jose.ParsePrivate(jose.Algorithm(alg), kid, secret)
	if err != nil {
		return nil
	}
	return []*jose.Key{key}
}

// foreign reports whether the token's algorithm is outside our list.
func foreign(token string) bool {
	header, _, _ := bytes.Cut([]byte(token), []byte("."))
	data, _ := base64.RawURLEncoding.DecodeString(string(header))
	var h struct{ Alg jose.Algorithm }
	return json.Unmarshal(data, &h) == nil && !slices.Contains(algorithms, h.Alg)
}

// TestWycheproof: no vector is accepted that must be refused, and every valid one of
// our algorithms holds, but for the exceptions named here. Most payloads are no JSON;
// ErrClaims then shows that the signature was found right. accepted keeps the test
// from passing for want of vectors.
func TestWycheproof(t *testing.T) {
	tests := []struct {
		file       string
		accepted   int
		exceptions map[int]string
	}{
		{"json_web_signature_test.json", 20, map[int]string{
			367: "marked invalid, but byte for byte vector 357, which is valid",
			370: "marked invalid, but byte for byte vector 357, which is valid",
			372: "marked valid, with a character outside base64url in the header",
			373: "marked valid, with a character outside base64url in the payload",
		}},
		{"json_web_crypto_test.json", 3, map[int]string{
			48: "its key set holds secrets (GEN-11)",
		}},
		{"json_web_key_test.json", 1, map[int]string{
			2:  "its key set holds secrets (GEN-11)",
			13: "its key set holds secrets (GEN-11)",
		}},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			accepted := 0
			for v, err := range run(t, test.file) {
				holds := err == nil || errors.Is(err, jose.ErrClaims)
				expected := v.Result == "valid" && !foreign(v.token())
				if _, excepted := test.exceptions[v.ID]; excepted {
					expected = !expected
				}
				if holds != expected {
					t.Errorf("vector %d, %s, %s: %v", v.ID, v.Result, v.Comment, err)
				}
				if holds {
					accepted++
				}
			}
			if accepted != test.accepted {
				t.Errorf("%d vectors accepted, want %d", accepted, test.accepted)
			}
		})
	}
}

// run yields every signed vector of file with what Verify said.
func run(t *testing.T, file string) func(func(vector, error) bool) {
	t.Helper()
	data, err := fs.ReadFile(wycheproof.TestVectors, file)
	if err != nil {
		t.Fatal(err)
	}
	var all vectors
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return func(yield func(vector, error) bool) {
		for _, g := range all.Groups {
			want := jose.Expect{Types: []string{""}, Key: ring(g.keys(t)...)}
			for _, v := range g.Tests {
				if v.JWS == nil {
					continue // an encrypted one
				}
				if _, _, err := jose.Verify(v.token(), want); !yield(v, err) {
					return
				}
			}
		}
	}
}
