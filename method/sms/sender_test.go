package sms_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/method/sms"
)

const number = "+4915123456742"

var message = notify.Message{ID: "mai_1", Channel: notify.SMS, To: number, Text: "123456 is your code.\n\n@id.example.com #123456", Code: "123456"}

// A provider answers with a status and keeps what it was sent.
type provider struct {
	*httptest.Server
	status int
	path   string
	header http.Header
	form   map[string][]string
	body   string
	user   string
	pass   string
	asked  int
}

func newProvider(t *testing.T) *provider {
	p := &provider{status: http.StatusCreated}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked++
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		_ = r.ParseForm()
		p.path, p.header, p.form, p.body = r.Method+" "+r.URL.Path, r.Header, r.PostForm, string(body)
		p.user, p.pass, _ = r.BasicAuth()
		w.Header().Set("Location", p.URL+"/elsewhere")
		w.WriteHeader(p.status)
		_, _ = io.WriteString(w, `{"message":"no text to `+number+`: 123456"}`)
	}))
	t.Cleanup(p.Close)
	return p
}

// Twilio gets a form, in the name of the account (MFA-12).
func TestTwilio(t *testing.T) {
	p := newProvider(t)
	for from, want := range map[string]string{"+15005550006": "From", "MG1234": "MessagingServiceSid"} {
		s := &sms.Twilio{AccountSID: "AC1/2", Token: "geheim", From: from, URL: p.URL + "/"}
		if err := s.Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		if p.path != "POST /2010-04-01/Accounts/AC1/2/Messages.json" || p.user != "AC1/2" || p.pass != "geheim" {
			t.Errorf("%s as %s:%s", p.path, p.user, p.pass)
		}
		if p.form["To"][0] != number || p.form["Body"][0] != message.Text || p.form[want][0] != from || len(p.form) != 3 {
			t.Errorf("%v", p.form)
		}
	}
}

// A webhook gets JSON, signed with the time, so that nobody else can have texts sent.
func TestWebhook(t *testing.T) {
	p := newProvider(t)
	s := &sms.Webhook{URL: p.URL + "/texts", Secret: "0123456789abcdef", Now: func() time.Time { return time.Unix(1767323045, 0) }}
	if err := s.Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	want := `{"id":"mai_1","to":"+4915123456742","text":"123456 is your code.\n\n@id.example.com #123456","code":"123456"}`
	if p.path != "POST /texts" || p.body != want || p.header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %s", p.path, p.body)
	}
	mac := hmac.New(sha256.New, []byte(s.Secret))
	mac.Write([]byte("1767323045." + p.body))
	if got, want := p.header.Get(sms.SignatureHeader), "t=1767323045,v1="+hex.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// What will never be taken is given up, everything else is tried again, no redirect is
// followed, and no error tells what was sent, to whom, or where (BUG-35).
func TestRefusals(t *testing.T) {
	p := newProvider(t)
	senders := map[string]notify.Sender{
		"twilio":  &sms.Twilio{AccountSID: "AC1", Token: "geheim", From: "+15005550006", URL: p.URL, Client: http.DefaultClient},
		"webhook": &sms.Webhook{URL: p.URL + "/heimlich", Secret: "0123456789abcdef"},
	}
	silent := func(what string, err error) {
		for _, word := range []string{number, "123456", "geheim", "heimlich", "AC1", p.URL} {
			if strings.Contains(err.Error(), word) {
				t.Errorf("%s: %v tells %q", what, err, word)
			}
		}
	}
	for name, s := range senders {
		for status, permanent := range map[int]bool{302: false, 307: false, 400: true, 401: true, 404: true, 429: false, 500: false, 503: false} {
			p.status, p.asked = status, 0
			err := s.Send(t.Context(), message)
			if err == nil || errors.Is(err, notify.ErrPermanent) != permanent || p.asked != 1 {
				t.Fatalf("%s %d: %v, asked %d times", name, status, err, p.asked)
			}
			silent(name, err)
		}
		p.status = http.StatusOK
		if err := s.Send(t.Context(), notify.Message{Channel: notify.Mail, To: "house.Alice@example.com"}); !errors.Is(err, notify.ErrPermanent) {
			t.Errorf("%s sent a mail: %v", name, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := s.Send(ctx, message)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		silent(name, err)
	}
	p.Close()
	for name, s := range senders {
		err := s.Send(t.Context(), message)
		if err == nil || errors.Is(err, notify.ErrPermanent) {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// A sender that lacks something, or would let codes travel in clear, says so.
func TestCheck(t *testing.T) {
	const secret = "0123456789abcdef"
	for name, c := range map[string]struct {
		check func() error
		good  bool
	}{
		"twilio":              {(&sms.Twilio{AccountSID: "AC1", Token: "x", From: "+1"}).Check, true},
		"twilio without name": {(&sms.Twilio{Token: "x", From: "+1"}).Check, false},
		"twilio in clear":     {(&sms.Twilio{AccountSID: "AC1", Token: "x", From: "+1", URL: "http://example.com"}).Check, false},
		"twilio here":         {(&sms.Twilio{AccountSID: "AC1", Token: "x", From: "+1", URL: "http://localhost:9"}).Check, true},
		"webhook":             {(&sms.Webhook{URL: "https://texts.example.com/x", Secret: secret}).Check, true},
		"webhook in clear":    {(&sms.Webhook{URL: "http://texts.example.com/x", Secret: secret}).Check, false},
		"webhook, weak":       {(&sms.Webhook{URL: "https://texts.example.com/x", Secret: "short"}).Check, false},
		"webhook nowhere":     {(&sms.Webhook{Secret: secret}).Check, false},
		"webhook, password":   {(&sms.Webhook{URL: "https://a:b@texts.example.com/x", Secret: secret}).Check, false},
	} {
		if err := c.check(); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
