package secret

import (
	"crypto/cipher"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrSealed is returned by Open for a record that was changed, that belongs elsewhere, or
// that was sealed by another key.
var ErrSealed = errors.New("sealed record cannot be opened")

// A Box seals records that must be read back. The 192-bit nonce of XChaCha20-Poly1305 may
// be drawn at random for every record that a key will ever seal.
type Box struct{ aead cipher.AEAD }

// NewBox returns a box for a key of Size bytes.
func NewBox(key []byte) (*Box, error) {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("key of %d bytes: %w", len(key), err)
	}
	return &Box{aead}, nil
}

// Seal encrypts plain for the record named by context. The context is not stored but must
// be given again to Open, so that a sealed value cannot be moved to another record.
func (b *Box) Seal(plain []byte, context string) []byte {
	nonce := Bytes(b.aead.NonceSize())
	return b.aead.Seal(nonce, nonce, plain, []byte(context))
}

// Open decrypts what Seal returned for the same context. It returns ErrSealed otherwise.
func (b *Box) Open(sealed []byte, context string) ([]byte, error) {
	n := b.aead.NonceSize()
	if len(sealed) < n {
		return nil, ErrSealed
	}
	plain, err := b.aead.Open(nil, sealed[:n], sealed[n:], []byte(context))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}
