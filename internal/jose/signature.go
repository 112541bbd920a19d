package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
)

// scalar is the length of each half, R and S, of an ES256 signature (RFC 7518 §3.4).
const scalar = 32

func (k *Key) sign(input []byte) ([]byte, error) {
	switch p := k.private.(type) {
	case *ecdsa.PrivateKey:
		return signECDSA(p, input)
	case *rsa.PrivateKey:
		digest := sha256.Sum256(input)
		return rsa.SignPKCS1v15(nil, p, crypto.SHA256, digest[:])
	case ed25519.PrivateKey:
		return ed25519.Sign(p, input), nil
	case secret:
		return p.mac(input), nil
	}
	return nil, ErrVerifyOnly
}

func (k *Key) verify(input, signature []byte) bool {
	switch p := k.public.(type) {
	case *ecdsa.PublicKey:
		return verifyECDSA(p, input, signature)
	case *rsa.PublicKey:
		digest := sha256.Sum256(input)
		return rsa.VerifyPKCS1v15(p, crypto.SHA256, digest[:], signature) == nil
	case ed25519.PublicKey:
		return ed25519.Verify(p, input, signature)
	case secret:
		return hmac.Equal(p.mac(input), signature)
	}
	return false
}

func signECDSA(private *ecdsa.PrivateKey, input []byte) ([]byte, error) {
	digest := sha256.Sum256(input)
	r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
	if err != nil {
		return nil, err
	}
	signature := make([]byte, 2*scalar)
	r.FillBytes(signature[:scalar])
	s.FillBytes(signature[scalar:])
	return signature, nil
}

func verifyECDSA(public *ecdsa.PublicKey, input, signature []byte) bool {
	// A shorter or longer form of the same numbers would be a second spelling of one token.
	if len(signature) != 2*scalar {
		return false
	}
	digest := sha256.Sum256(input)
	r := new(big.Int).SetBytes(signature[:scalar])
	s := new(big.Int).SetBytes(signature[scalar:])
	return ecdsa.Verify(public, digest[:], r, s)
}

func (s secret) mac(input []byte) []byte {
	h := hmac.New(sha256.New, s)
	h.Write(input)
	return h.Sum(nil)
}
