package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/method/sms"
)

// A texter delivers text messages, and knows what it lacks.
type texter interface {
	gatehouse.Mailer
	Check() error
}

// texter returns who delivers text messages, nil if nobody was named.
func (s *Settings) texter() (gatehouse.Mailer, error) {
	if s.SMS.Provider == "" {
		return nil, nil
	}
	token, err := secretFile(s.SMS.TokenFile)
	if err != nil {
		return nil, fmt.Errorf("sms-token-file: %w", err)
	}
	var t texter = &sms.Webhook{URL: s.SMS.URL, Secret: token}
	if s.SMS.Provider == "twilio" {
		t = &sms.Twilio{AccountSID: s.SMS.Account, Token: token, From: s.SMS.From, URL: s.SMS.URL}
	}
	if err := t.Check(); err != nil {
		return nil, fmt.Errorf("sms: %w", err)
	}
	return t, nil
}

// checkSMS refuses a list of countries that no number could be of, and a limit that is none.
func (s *Settings) checkSMS() error {
	for _, prefix := range s.SMS.Prefixes {
		if digits, ok := strings.CutPrefix(prefix, "+"); !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
			return fmt.Errorf("sms-prefixes has %q; a country is written +49", prefix)
		}
	}
	if s.SMS.Daily < 1 {
		return errors.New("sms-daily must be 1 at least; leave sms-provider empty to send no text messages")
	}
	return nil
}

// devTexter sends the texts of a development server to a service on this machine.
func (s *Settings) devTexter() (gatehouse.Mailer, error) {
	u, err := url.Parse(s.DevWith.SMS)
	if err != nil || !web.Loopback(u.Hostname()) {
		return nil, errors.New("dev-sms-url must be a URL of this machine: http://localhost:PORT")
	}
	return &sms.Twilio{AccountSID: "development", Token: "development", From: "+15005550006", URL: s.DevWith.SMS}, nil
}
