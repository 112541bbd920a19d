package jose_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/jose"
)

// accessToken has the claims of an access token (RFC 9068 §2.2).
type accessToken struct {
	Issuer  string   `json:"iss"`
	Subject string   `json:"sub"`
	Expires int64    `json:"exp"`
	Issued  int64    `json:"iat"`
	ID      string   `json:"jti"`
	Client  string   `json:"client_id"`
	Roles   []string `json:"roles"`
}

var benchClaims = accessToken{"https://id.example.com", "0198c0a2-6d5e-7b2f-9f00-3c1d2e4f5a6b", 1300819380, 1300818480, "AbCdEfGhIjKlMnOp", "app", []string{"admin"}}

func BenchmarkSign(b *testing.B) {
	for _, alg := range algorithms {
		k := generate(b, alg)
		b.Run(string(alg), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := jose.Sign(k, "at+jwt", &benchClaims); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range algorithms {
		k := generate(b, alg)
		token, want := sign(b, k, &benchClaims), only(k)
		b.Run(string(alg), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := jose.Verify(token, want); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
