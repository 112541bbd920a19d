package webhook

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// LongestOverlap is how long an old secret may go on signing beside the new one.
const LongestOverlap = 30 * 24 * time.Hour

// newSecret makes a secret as receivers keep it.
func newSecret() string {
	return "whsec_" + base64.StdEncoding.EncodeToString(secret.Bytes(secret.Size))
}

// secrets are those of one endpoint, as they are sealed.
type secrets struct {
	Current  string `json:"current"`
	Previous string `json:"previous,omitempty"`
	Until    int64  `json:"until,omitempty"` // when the previous one ends, in microseconds
}

// inForce are the secrets that sign at a time.
func (s secrets) inForce(now time.Time) []string {
	if s.Previous != "" && now.UnixMicro() < s.Until {
		return []string{s.Current, s.Previous}
	}
	return []string{s.Current}
}

// sealContext binds secrets to their row.
func sealContext(id identity.WebhookID) string { return "webhooks/" + string(id) }

func (s *Store) sealSecrets(id identity.WebhookID, v secrets) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	sealed, err := s.Seal(plain, sealContext(id))
	if err != nil {
		return nil, fmt.Errorf("seal the secret of a webhook: %w", err)
	}
	return sealed, nil
}

func (s *Store) openSecrets(id identity.WebhookID, sealed []byte) (v secrets, err error) {
	plain, err := s.Open(sealed, sealContext(id))
	if err != nil {
		return v, fmt.Errorf("open the secret of a webhook: %w", err)
	}
	return v, json.Unmarshal(plain, &v)
}

// Rotate gives an endpoint a new secret and returns it; it is shown once. Until the overlap ends
// each delivery is signed by both, so that receivers can change in their own time. Of two that
// rotate at once one is identity.ErrConflict.
func (s *Store) Rotate(ctx context.Context, org identity.TenantID, id identity.WebhookID, overlap time.Duration) (key string, until time.Time, err error) {
	if overlap < 0 || overlap > LongestOverlap {
		return "", until, identity.ErrInvalid.With("overlap", "must be a duration from 0s to 720h")
	}
	e, err := s.ByID(ctx, org, id)
	if err != nil {
		return "", until, err
	}
	before, old, err := s.secretsOf(ctx, id)
	if err != nil {
		return "", until, err
	}
	until = s.Now().Add(overlap).UTC().Truncate(time.Microsecond)
	key = newSecret()
	sealed, err := s.sealSecrets(id, secrets{Current: key, Previous: old.Current, Until: until.UnixMicro()})
	if err != nil {
		return "", until, err
	}
	return key, until, s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE webhooks SET sealed = $1 WHERE id = $2 AND sealed = $3`, sealed, string(id), before)
		if err != nil {
			return err
		}
		if n == 0 {
			return identity.ErrConflict
		}
		return s.record(ctx, identity.EventWebhookRotated, e, map[string]string{"overlap": overlap.String()})
	})
}

func (s *Store) secretsOf(ctx context.Context, id identity.WebhookID) (sealed []byte, v secrets, err error) {
	found, err := s.DB.Row(ctx, []any{&sealed}, `SELECT sealed FROM webhooks WHERE id = $1`, string(id))
	if err == nil && !found {
		err = identity.ErrNotFound
	}
	if err == nil {
		v, err = s.openSecrets(id, sealed)
	}
	return sealed, v, err
}

// sign returns the signatures of a message by all secrets in force.
func sign(keys []string, id identity.DeliveryID, at time.Time, body []byte) (string, error) {
	var all []string
	for _, key := range keys {
		signer, err := standard.NewWebhook(key)
		if err != nil {
			return "", err
		}
		signature, err := signer.Sign(string(id), at, body)
		if err != nil {
			return "", err
		}
		all = append(all, signature)
	}
	return strings.Join(all, " "), nil
}
