package keyring

import "github.com/gatehouse-id/gatehouse/internal/jose"

// AccessSigner returns the key that signs access tokens now.
func (r *Ring) AccessSigner() *jose.Key { return r.Signer(Access) }

// AccessVerifier returns the key that signed an access token, nil if it was dropped.
func (r *Ring) AccessVerifier(kid string) *jose.Key { return r.Verifier(Access, kid) }

// RefreshSecret returns the key that authenticates refresh tokens now, and its ID.
func (r *Ring) RefreshSecret() (id string, key []byte) { return r.Secret(Refresh) }

// RefreshSecretByID returns the key of a refresh token, nil if it was dropped.
func (r *Ring) RefreshSecretByID(id string) []byte { return r.SecretByID(Refresh, id) }

// CSRFSecret returns the key that binds forms to sessions now.
func (r *Ring) CSRFSecret() []byte {
	_, key := r.Secret(CSRF)
	return key
}

// CSRFSecrets returns the current key and the retired ones: a page that was open during a
// rotation can still be sent.
func (r *Ring) CSRFSecrets() [][]byte {
	keys := [][]byte{r.CSRFSecret()}
	for _, e := range r.keys.Load().all {
		if e.use == CSRF && e.state == retired && r.Now().Before(e.dropAt) {
			keys = append(keys, e.raw)
		}
	}
	return keys
}

// CaptchaSecret returns the key that authenticates challenges now, and its ID.
func (r *Ring) CaptchaSecret() (id string, key []byte) { return r.Secret(Captcha) }

// CaptchaSecretByID returns the key of a challenge, nil if it was dropped.
func (r *Ring) CaptchaSecretByID(id string) []byte { return r.SecretByID(Captcha, id) }
