package keyring_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/jose"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/keyring"
)

// A stolen dump opens nothing: no private part is readable in the database, in any of the
// shapes in which it could have been left.
func TestNothingSecretIsReadable(t *testing.T) {
	each(t, func(t *testing.T, r *keyring.Ring, _ *clock) {
		rotate(t, r, false)
		dump := dump(t, r.DB)
		if !bytes.Contains(dump, public(t, r.AccessSigner())) {
			t.Fatal("not even the public key is in the dump: this test sees nothing")
		}
		for name, private := range privates(t, r) {
			for shape, bytesOf := range map[string]func([]byte) []byte{
				"raw":       bytes.Clone,
				"hex":       func(b []byte) []byte { return []byte(hex.EncodeToString(b)) },
				"base64":    func(b []byte) []byte { return []byte(base64.RawStdEncoding.EncodeToString(b)) },
				"base64url": func(b []byte) []byte { return []byte(base64.RawURLEncoding.EncodeToString(b)) },
			} {
				if bytes.Contains(dump, bytesOf(private)) {
					t.Errorf("%s is readable as %s", name, shape)
				}
			}
		}
	})
}

func dump(t *testing.T, db *sqldb.DB) []byte {
	t.Helper()
	rows, err := sqldb.All(t.Context(), db, func(row func(...any) error) (all []byte, err error) {
		var id, use, alg, state string
		var public, sealed []byte
		err = row(&id, &use, &alg, &state, &public, &sealed)
		return bytes.Join([][]byte{[]byte(id + use + alg + state), public, sealed}, []byte{'\n'}), err
	}, `SELECT id, use, alg, state, public, sealed FROM keys`)
	if err != nil || len(rows) < 10 {
		t.Fatal(len(rows), err)
	}
	return bytes.Join(rows, []byte{'\n'})
}

func public(t *testing.T, k *jose.Key) []byte {
	t.Helper()
	der, err := k.MarshalPublic()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// privates are the private parts that the ring gives away, whole and in their core.
func privates(t *testing.T, r *keyring.Ring) map[string][]byte {
	t.Helper()
	all := map[string][]byte{"the master key": master}
	for _, use := range []keyring.Use{keyring.Access, keyring.Audit} {
		der, err := r.Signer(use).MarshalPrivate()
		if err != nil {
			t.Fatal(err)
		}
		all[fmt.Sprint("the PKCS #8 of ", use)] = der
	}
	key, err := x509.ParsePKCS8PrivateKey(all["the PKCS #8 of access"])
	if err != nil {
		t.Fatal(err)
	}
	if all["the scalar of access"], err = key.(*ecdsa.PrivateKey).Bytes(); err != nil {
		t.Fatal(err)
	}
	der := all["the PKCS #8 of audit"] // RFC 8410 section 7: the seed is its end
	all["the seed of audit"] = der[len(der)-32:]
	for _, use := range []keyring.Use{keyring.Refresh, keyring.CSRF, keyring.Seal, keyring.Captcha} {
		_, all[fmt.Sprint("the secret of ", use)] = r.Secret(use)
	}
	return all
}
