package sms

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// SignatureHeader is the header field by which the receiver of a Webhook knows us:
// "t=1767323045,v1=…", the time in seconds and the HMAC-SHA256, in hexadecimal, of that time,
// a full stop and the body.
const SignatureHeader = "Gatehouse-Signature"

// A Webhook hands text messages to a program of the operator's, which sends them. URL and
// Secret are required.
type Webhook struct {
	URL    string
	Secret string           // the key of the signature
	Client *http.Client     // nil means one of its own; redirects are never followed
	Now    func() time.Time // nil means time.Now
}

// Check reports what is missing or not safe.
func (w *Webhook) Check() error {
	if len(w.Secret) < 16 {
		return errors.New("the secret of the webhook for text messages must have 16 characters at least")
	}
	return checkURL(w.URL)
}

// A text is the body of a request.
type text struct {
	ID   string `json:"id"` // the same at every attempt, so that no text is sent twice
	To   string `json:"to"` // E.164: +49…
	Text string `json:"text"`
	Code string `json:"code,omitempty"` // which the text contains, for those who have their own words
}

// Send implements notify.Sender. A status of 400 to 499 but 429 is notify.ErrPermanent.
func (w *Webhook) Send(ctx context.Context, m notify.Message) error {
	if err := only(m); err != nil {
		return err
	}
	body, err := json.Marshal(text{ID: string(m.ID), To: m.To, Text: m.Text, Code: m.Code})
	if err != nil {
		return err
	}
	r, err := request(ctx, w.URL, bytes.NewReader(body), "application/json")
	if err != nil {
		return err
	}
	now := time.Now
	if w.Now != nil {
		now = w.Now
	}
	r.Header.Set(SignatureHeader, w.sign(now(), body))
	return post(w.Client, r)
}

// sign binds the time to the body: an old request that somebody recorded is refused by it.
func (w *Webhook) sign(at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(w.Secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
