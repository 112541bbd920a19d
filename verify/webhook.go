package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What is wrong with a webhook. Answer each with 400 or 401; the sender tries again.
var (
	// ErrWebhookHeader is a request without one webhook-id, one webhook-timestamp and one
	// webhook-signature, or with a timestamp that is no number.
	ErrWebhookHeader = errors.New("verify: webhook-id, webhook-timestamp or webhook-signature is missing or malformed")
	// ErrWebhookTime is a request that is older than five minutes, or of the future: an old one
	// that somebody recorded, or a clock that is wrong.
	ErrWebhookTime = errors.New("verify: the webhook-timestamp is more than five minutes off")
	// ErrWebhookSignature is a request that none of the secrets signed.
	ErrWebhookSignature = errors.New("verify: no webhook-signature is of a secret of ours")
	// ErrWebhookSize is a body of more than 1 MiB.
	ErrWebhookSize = errors.New("verify: the body of the webhook is over 1 MiB")
	// ErrWebhookSecret is a secret of ours that is none: nothing could be verified by it.
	ErrWebhookSecret = errors.New("verify: a secret of a webhook must be whsec_ and the base64 of 24 bytes at least")
)

const (
	webhookTolerance = 5 * time.Minute
	longestWebhook   = 1 << 20
	shortestSecret   = 24 // bytes; Standard Webhooks makes none below
)

// Webhook returns the body of a request that Gatehouse, or anybody else who follows Standard
// Webhooks, sent and signed with one of the secrets: the new one and the old one while a secret
// is being changed. Read nothing of the request before. The same webhook-id can come more than
// once: remember those that you have done.
func Webhook(r *http.Request, secrets ...string) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, longestWebhook+1))
	if err != nil {
		return nil, fmt.Errorf("verify: read the body of a webhook: %w", err)
	}
	if len(body) > longestWebhook {
		return nil, ErrWebhookSize
	}
	if err := WebhookMessage(r.Header, body, time.Now(), secrets...); err != nil {
		return nil, err
	}
	return body, nil
}

// WebhookMessage verifies a message whose body was read already, as it was at a time.
func WebhookMessage(header http.Header, body []byte, now time.Time, secrets ...string) error {
	keys, err := webhookKeys(secrets)
	if err != nil {
		return err
	}
	var values [3]string // Two fields of one name could be read differently elsewhere: neither counts.
	for i, name := range []string{"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"} {
		if all := header[name]; len(all) == 1 {
			values[i] = all[0]
		}
		if values[i] == "" {
			return ErrWebhookHeader
		}
	}
	id, timestamp, signatures := values[0], values[1], values[2]
	seconds, err := strconv.ParseUint(timestamp, 10, 40)
	if err != nil {
		return ErrWebhookHeader
	}
	if off := now.Unix() - int64(seconds); off > int64(webhookTolerance.Seconds()) || -off > int64(webhookTolerance.Seconds()) {
		return ErrWebhookTime
	}
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		if webhookSigned(signatures, mac.Sum(nil)) {
			return nil
		}
	}
	return ErrWebhookSignature
}

// webhookSigned reports whether one of the signatures is the one wanted, in constant time for
// each.
func webhookSigned(signatures string, want []byte) bool {
	for _, s := range strings.Split(signatures, " ") {
		text, ok := strings.CutPrefix(s, "v1,")
		got, err := base64.StdEncoding.DecodeString(text)
		if ok && err == nil && hmac.Equal(got, want) {
			return true
		}
	}
	return false
}

// webhookKeys reads secrets. Threat: an empty one, of a setting that was forgotten, is a key that
// everybody has.
func webhookKeys(secrets []string) (keys [][]byte, err error) {
	for _, s := range secrets {
		text, ok := strings.CutPrefix(s, "whsec_")
		key, err := base64.StdEncoding.DecodeString(text)
		if !ok || err != nil || len(key) < shortestSecret {
			return nil, ErrWebhookSecret
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, ErrWebhookSecret
	}
	return keys, nil
}
