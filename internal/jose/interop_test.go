package jose_test

import (
	"crypto/x509"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/gatehouse-id/gatehouse/internal/jose"
)

// material returns the keys of k as go-jose takes them: to sign and to verify.
func material(t testing.TB, k *jose.Key) (private, public any) {
	t.Helper()
	der := secretOf(t, k)
	if k.Algorithm.Symmetric() {
		return der, der
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	jwk := gojose.JSONWebKey{Key: private}
	return private, jwk.Public().Key
}

// TestInterop: an independent implementation reads what we write, and we what it writes.
func TestInterop(t *testing.T) {
	for _, alg := range algorithms {
		t.Run(string(alg), func(t *testing.T) {
			k := generate(t, alg)
			private, public := material(t, k)

			ours := sign(t, k, map[string]string{"sub": "alice"})
			parsed, err := gojose.ParseSignedCompact(ours, []gojose.SignatureAlgorithm{gojose.SignatureAlgorithm(alg)})
			if err != nil {
				t.Fatal(err)
			}
			if claims, err := parsed.Verify(public); err != nil || string(claims) != goodClaims {
				t.Errorf("go-jose reads %s, %v", claims, err)
			}

			options := (&gojose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", k.ID)
			signer, err := gojose.NewSigner(gojose.SigningKey{Algorithm: gojose.SignatureAlgorithm(alg), Key: private}, options)
			if err != nil {
				t.Fatal(err)
			}
			signed, err := signer.Sign([]byte(goodClaims))
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := signed.CompactSerialize()
			if err != nil {
				t.Fatal(err)
			}
			if claims, _, err := jose.Verify(theirs, only(k)); err != nil || string(claims) != goodClaims {
				t.Errorf("we read %s, %v", claims, err)
			}
		})
	}
}
