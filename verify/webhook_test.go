package verify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/gatehouse-id/gatehouse/verify"
)

var verdicts = map[string]error{
	"good": nil, "header": verify.ErrWebhookHeader, "time": verify.ErrWebhookTime, "signature": verify.ErrWebhookSignature, "secret": verify.ErrWebhookSecret,
}

// What we sign is accepted, and what somebody spoilt is refused with a reason (BAS-03).
func TestWebhookVectors(t *testing.T) {
	text, err := os.ReadFile("../test/vectors/webhook.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Name, Body, Verdict string
		Secrets             []string
		Header              map[string]string
		Now                 int64
	}
	if err := json.Unmarshal(text, &all); err != nil || len(all) < 20 {
		t.Fatal(len(all), err)
	}
	for _, v := range all {
		header := http.Header{}
		for name, value := range v.Header {
			header.Set(name, value)
		}
		want, known := verdicts[v.Verdict]
		if err := verify.WebhookMessage(header, []byte(v.Body), time.Unix(v.Now, 0), v.Secrets...); !known || !errors.Is(err, want) {
			t.Errorf("%s: %v, want %s", v.Name, err, v.Verdict)
		}
	}
}

const hushed = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

// request is one that the library of Standard Webhooks has signed.
func request(t testing.TB, body io.Reader, signed string) *http.Request {
	t.Helper()
	w, err := standard.NewWebhook(hushed)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	signature, err := w.Sign("msg_1", now, []byte(signed))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/hooks", body)
	r.Header.Set("webhook-id", "msg_1")
	r.Header.Set("webhook-timestamp", fmt.Sprint(now.Unix()))
	r.Header.Set("webhook-signature", signature)
	return r
}

func TestWebhook(t *testing.T) {
	if body, err := verify.Webhook(request(t, strings.NewReader("hello"), "hello"), hushed); string(body) != "hello" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
	if body, err := verify.Webhook(request(t, strings.NewReader("hello!"), "hello"), hushed); body != nil || !errors.Is(err, verify.ErrWebhookSignature) {
		t.Errorf("%q, %v", body, err)
	}
	large := strings.Repeat("x", 1<<20)
	if body, err := verify.Webhook(request(t, strings.NewReader(large), large), hushed); len(body) != 1<<20 || err != nil {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	if _, err := verify.Webhook(request(t, strings.NewReader(large+"x"), large+"x"), hushed); !errors.Is(err, verify.ErrWebhookSize) {
		t.Error(err)
	}
	if _, err := verify.Webhook(request(t, iotest.ErrReader(io.ErrUnexpectedEOF), ""), hushed); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	twice := request(t, strings.NewReader("hello"), "hello")
	twice.Header.Add("webhook-id", "msg_1")
	if _, err := verify.Webhook(twice, hushed); !errors.Is(err, verify.ErrWebhookHeader) {
		t.Error(err)
	}
}

// FuzzWebhook looks for header fields that are accepted without the secret.
func FuzzWebhook(f *testing.F) {
	f.Add("msg_1", "1767323045", "v1,AAAA v1a,x", []byte("{}"))
	f.Add("", "-1", "v1, v1,", []byte(nil))
	f.Fuzz(func(t *testing.T, id, at, signature string, body []byte) {
		header := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {at}, "Webhook-Signature": {signature}}
		if err := verify.WebhookMessage(header, bytes.Clone(body), time.Unix(1767323045, 0), hushed); err == nil {
			t.Fatalf("%q %q %q %q was accepted", id, at, signature, body)
		}
	})
}
