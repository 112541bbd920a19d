package jose_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/jose"
)

func TestMarshalRoundTrip(t *testing.T) {
	for _, alg := range algorithms {
		t.Run(string(alg), func(t *testing.T) {
			k := generate(t, alg)
			der, err := k.MarshalPrivate()
			if err != nil {
				t.Fatal(err)
			}
			again, err := jose.ParsePrivate(alg, k.ID, der)
			if err != nil {
				t.Fatal(err)
			}
			clear(der) // the key must own its material
			if _, _, err := jose.Verify(sign(t, again, struct{}{}), only(k)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestPublicOnlyVerifies: GEN-11, downstream services never hold a signing key.
func TestPublicOnlyVerifies(t *testing.T) {
	for _, alg := range []jose.Algorithm{jose.ES256, jose.RS256, jose.EdDSA} {
		t.Run(string(alg), func(t *testing.T) {
			k := generate(t, alg)
			der, err := k.MarshalPublic()
			if err != nil {
				t.Fatal(err)
			}
			public, err := jose.ParsePublic(alg, k.ID, der)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := jose.Verify(sign(t, k, struct{}{}), only(public)); err != nil {
				t.Error(err)
			}
			if _, err := jose.Sign(public, "at+jwt", struct{}{}); !errors.Is(err, jose.ErrVerifyOnly) {
				t.Errorf("Sign: %v", err)
			}
			if _, err := public.MarshalPrivate(); !errors.Is(err, jose.ErrVerifyOnly) {
				t.Errorf("MarshalPrivate: %v", err)
			}
		})
	}
}

func TestSymmetricIsNeverPublic(t *testing.T) {
	k := generate(t, jose.HS256)
	_, errPublic := k.MarshalPublic()
	_, errJWK := k.JWK()
	_, errThumbprint := k.Thumbprint()
	_, errJWKS := jose.JWKS([]*jose.Key{generate(t, jose.ES256), k})
	for _, err := range []error{errPublic, errJWK, errThumbprint, errJWKS} {
		if !errors.Is(err, jose.ErrSymmetric) {
			t.Errorf("%v, want %v", err, jose.ErrSymmetric)
		}
	}
	mislabelled := *k
	mislabelled.Algorithm = jose.ES256
	if jwk, err := mislabelled.JWK(); err == nil {
		t.Errorf("a mislabelled secret was published: %s", jwk)
	}
	if der, err := mislabelled.MarshalPublic(); err == nil {
		t.Errorf("a mislabelled secret was published: %x", der)
	}
	for _, alg := range algorithms {
		if got, want := alg.Symmetric(), alg == jose.HS256; got != want {
			t.Errorf("%s.Symmetric() = %v", alg, got)
		}
	}
}

// TestMaterialFits: a key of one algorithm is none of another (JWT-04).
func TestMaterialFits(t *testing.T) {
	for _, made := range algorithms {
		private, err := generate(t, made).MarshalPrivate()
		if err != nil {
			t.Fatal(err)
		}
		for _, alg := range append(algorithms, "none", "") {
			// Any bytes are a secret: for HS256 only the length can be checked.
			fits := alg == made || alg == jose.HS256 && len(private) >= 64
			if k, err := jose.ParsePrivate(alg, "k", private); (err == nil) != fits {
				t.Errorf("%s as %q: %v, %v", made, alg, k, err)
			}
		}
	}
	for _, alg := range []jose.Algorithm{"", "none", "ES384", "es256"} {
		if _, err := jose.Generate(alg, "k"); !errors.Is(err, jose.ErrKey) {
			t.Errorf("Generate(%q): %v", alg, err)
		}
	}
}

func TestUnfitMaterial(t *testing.T) {
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	x25519, _ := ecdh.X25519().GenerateKey(rand.Reader)
	small, _ := rsa.GenerateKey(rand.Reader, 1024)
	for name, private := range map[string]any{"P-384": p384, "X25519": x25519, "RSA of 1024 bits": small} {
		der, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		for _, alg := range []jose.Algorithm{jose.ES256, jose.RS256, jose.EdDSA} {
			if _, err := jose.ParsePrivate(alg, "k", der); !errors.Is(err, jose.ErrKey) {
				t.Errorf("%s as %s: %v", name, alg, err)
			}
		}
	}
	odd := new(big.Int).Lsh(big.NewInt(1), 4096)
	for name, public := range map[string]any{
		"P-384":            p384.Public(),
		"RSA of 1024 bits": small.Public(),
		"RSA of 4097 bits": &rsa.PublicKey{N: odd.Add(odd, big.NewInt(1)), E: 65537},
		"RSA with e=3":     &rsa.PublicKey{N: new(big.Int).Rsh(odd, 1), E: 3},
	} {
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		for _, alg := range algorithms {
			if _, err := jose.ParsePublic(alg, "k", der); !errors.Is(err, jose.ErrKey) {
				t.Errorf("%s as %s: %v", name, alg, err)
			}
		}
	}
	// JWT-11, CON-07: 512 bits.
	if _, err := jose.ParsePrivate(jose.HS256, "k", bytes.Repeat([]byte{1}, 63)); !errors.Is(err, jose.ErrKey) {
		t.Errorf("a short secret: %v", err)
	}
	for _, alg := range []jose.Algorithm{jose.ES256, jose.RS256, jose.EdDSA, jose.HS256} {
		if _, err := jose.ParsePrivate(alg, "k", []byte("no key")); err == nil {
			t.Errorf("%s: garbage is a private key", alg)
		}
		if _, err := jose.ParsePublic(alg, "k", []byte("no key")); err == nil {
			t.Errorf("%s: garbage is a public key", alg)
		}
	}
}

func TestKeyID(t *testing.T) {
	tests := []struct {
		id   string
		fits bool
	}{
		{"", true},
		{strings.Repeat("k", 64), true},
		{"bilbo.baggins@hobbiton.example", true},
		{strings.Repeat("k", 65), false},
		{"two words", false},
		{"line\nbreak", false},
		{"schlüssel", false},
	}
	for _, test := range tests {
		if _, err := jose.Generate(jose.EdDSA, test.id); (err == nil) != test.fits {
			t.Errorf("%q: %v", test.id, err)
		}
	}
}
