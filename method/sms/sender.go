package sms

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// checkURL refuses where texts would travel in clear: codes are in them.
func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil {
		return errors.New("the URL of the text messages is none")
	}
	local := u.Scheme == "http" && web.Loopback(u.Hostname())
	if u.Scheme != "https" && !local {
		return errors.New("the URL of the text messages must be https; plain http is for this machine only")
	}
	return nil
}

// post sends a request and judges the answer by its status. Neither the URL, in which there
// may be a secret, nor anything that was sent or answered gets into the error.
func post(client *http.Client, r *http.Request) error {
	c := http.Client{}
	if client != nil {
		c = *client
	}
	// A redirect would carry the code, and our credentials, to somewhere else.
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := c.Do(r)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err
		}
		return fmt.Errorf("send a text message: %w", err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection can be used again
	switch {
	case answer.StatusCode/100 == 2:
		return nil
	case answer.StatusCode/100 == 4 && answer.StatusCode != http.StatusTooManyRequests:
		return fmt.Errorf("send a text message: answered %d: %w", answer.StatusCode, notify.ErrPermanent)
	default:
		return fmt.Errorf("send a text message: answered %d", answer.StatusCode)
	}
}

// only refuses messages of other channels: their texts may be long, and their recipient is no
// number.
func only(m notify.Message) error {
	if m.Channel != notify.SMS {
		return fmt.Errorf("a message of channel %q is no text: %w", m.Channel, notify.ErrPermanent)
	}
	return nil
}

var _, _ notify.Sender = (*Twilio)(nil), (*Webhook)(nil)

// request is http.NewRequestWithContext, whose error would show the URL.
func request(ctx context.Context, to string, body io.Reader, media string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, body)
	if err != nil {
		return nil, errors.New("the URL of the text messages is none")
	}
	r.Header.Set("Content-Type", media)
	return r, nil
}
