package main

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// Captcha says who tells people from programs, once an account has failed often.
type Captcha struct {
	Provider   string  `help:"Who tells people from programs: work, for which the browser computes a moment and nobody is asked; turnstile, hcaptcha or recaptcha; off." enum:"work,turnstile,hcaptcha,recaptcha,off" default:"work"`
	Difficulty int     `help:"What the work costs, 100 to 100000: 4000 keep a phone busy for about half a second." default:"4000"`
	SiteKey    string  `help:"The site key that the vendor gave."`
	SecretFile string  `help:"The file of the vendor's secret, which only its owner may read." placeholder:"FILE"`
	WhenDown   string  `help:"What happens while the vendor gives no verdict: closed, nobody who is asked gets in, or open, everybody passes." enum:"closed,open" default:"closed"`
	Score      float64 `help:"The least score of reCAPTCHA that passes." default:"0.5"`
}

// captcha is what the settings say of CAPTCHAs.
func (s *Settings) captcha() (gatehouse.Captcha, error) {
	c := gatehouse.Captcha{
		Provider: s.Captcha.Provider, Difficulty: s.Captcha.Difficulty, SiteKey: s.Captcha.SiteKey,
		Open: s.Captcha.WhenDown == "open", Score: s.Captcha.Score, URL: s.DevWith.Captcha,
	}
	var err error
	if c.Secret, err = secretFile(s.Captcha.SecretFile); err != nil {
		return c, fmt.Errorf("captcha-secret-file: %w", err)
	}
	if err := c.Check(); err != nil {
		return c, fmt.Errorf("captcha: %w", err)
	}
	if u, err := url.Parse(c.URL); c.URL != "" && (err != nil || !web.Loopback(u.Hostname())) {
		return c, errors.New("dev-captcha-url must be a URL of this machine: http://localhost:PORT")
	}
	return c, nil
}
