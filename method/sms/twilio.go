package sms

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// Twilio sends text messages by Twilio's Messages API of 2010-04-01, or by one that is
// compatible. AccountSID, Token and From are required.
type Twilio struct {
	AccountSID string
	Token      string
	From       string       // a number of the account's, a sender's name, or MG… for a service
	URL        string       // "" means https://api.twilio.com
	Client     *http.Client // nil means one of its own; redirects are never followed
}

// Check reports what is missing or not safe.
func (t *Twilio) Check() error {
	if t.AccountSID == "" || t.Token == "" || t.From == "" {
		return errors.New("twilio needs an account, a token and a sender")
	}
	return checkURL(t.base())
}

func (t *Twilio) base() string {
	return strings.TrimRight(cmp.Or(t.URL, "https://api.twilio.com"), "/")
}

// Send implements notify.Sender. What Twilio will never take is notify.ErrPermanent.
func (t *Twilio) Send(ctx context.Context, m notify.Message) error {
	if err := only(m); err != nil {
		return err
	}
	form := url.Values{"To": {m.To}, "Body": {m.Text}}
	if strings.HasPrefix(t.From, "MG") {
		form.Set("MessagingServiceSid", t.From)
	} else {
		form.Set("From", t.From)
	}
	to := t.base() + "/2010-04-01/Accounts/" + url.PathEscape(t.AccountSID) + "/Messages.json"
	r, err := request(ctx, to, strings.NewReader(form.Encode()), "application/x-www-form-urlencoded")
	if err != nil {
		return err
	}
	r.SetBasicAuth(t.AccountSID, t.Token)
	return post(t.Client, r)
}
