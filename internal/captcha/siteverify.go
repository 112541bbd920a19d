package captcha

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A Vendor is somebody who tells people from programs for others. Its page script watches the
// person; its server is asked by one POST, called siteverify, in which all vendors are alike.
type Vendor struct {
	Name    string
	Verify  string   // where it is asked
	Script  string   // what pages load
	Class   string   // of the element that its script fills; "": there is none to see
	Field   string   // of the form, in which the script leaves the answer
	Sources []string // what its pages load from, in the words of a Content-Security-Policy
	Acts    bool     // its verdict names the action that the widget was shown for
	Scores  bool     // its verdict is a score
}

const (
	patience     = 3 * time.Second // of a sign-in that waits for a vendor
	mostResponse = 16 << 10        // bytes; theirs have up to 2 KiB or so
	usedFor      = time.Hour       // longer than any vendor's answers are good
	defaultScore = 0.5
)

// SiteVerify asks a vendor. What decides is not success alone: an answer that the person's
// browser got on another site, or for something else, does not count here.
type SiteVerify struct {
	House
	Choice
	Vendor *Vendor
}

// A verdict is what vendors say.
type verdict struct {
	Success  *bool    `json:"success"`
	Hostname string   `json:"hostname"`
	Action   string   `json:"action"`
	Score    *float64 `json:"score"`
	Errors   []string `json:"error-codes"`
}

// Site implements Captcha.
func (s *SiteVerify) Site() Site {
	return Site{Provider: s.Vendor.Name, SiteKey: s.SiteKey, Action: purpose, Vendor: s.Vendor}
}

// Why an answer does not count, or nobody could say.
var (
	errNone      = errors.New("there is no answer")
	errRefused   = errors.New("the vendor does not accept the answer")
	errElsewhere = errors.New("the answer was given on another site")
	errAction    = errors.New("the answer was given for something else")
	errScore     = errors.New("the score is too low")
	errDown      = errors.New("the vendor gives no verdict")
)

// Verify implements authn.Captcha. It takes three seconds at most. A vendor that is down, slow
// or says what nobody understands gives no verdict; the operator chose what follows. An empty
// answer is the vendor's to judge too where that is to let people pass, because a vendor that is
// down shows no widget.
func (s *SiteVerify) Verify(ctx context.Context, response string) error {
	if len(response) > mostResponse || response == "" && !s.Open {
		return identity.ErrCaptcha.Because(errNone)
	}
	v, err := s.ask(ctx, response)
	if err != nil {
		s.Logger.WarnContext(ctx, "captcha: no verdict", "vendor", s.Vendor.Name, "passes", s.Open, "err", err)
		if s.Open {
			return nil
		}
		return identity.ErrCaptcha.Because(errDown)
	}
	if err := s.judge(ctx, v); err != nil {
		return identity.ErrCaptcha.Because(err)
	}
	return s.spend(ctx, s.Vendor.Name+" "+response, s.Now().Add(usedFor))
}

// ask returns the verdict. The error is for whoever reads the log; it tells neither the secret nor
// the answer.
func (s *SiteVerify) ask(ctx context.Context, response string) (v verdict, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	to := s.URL
	if to == "" {
		to = s.Vendor.Verify
	}
	form := url.Values{"secret": {s.Secret}, "response": {response}, "sitekey": {s.SiteKey}}
	a, err := s.Caller.Post(ctx, to, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, []byte(form.Encode()))
	if err != nil {
		return v, err
	}
	if a.Status >= 500 || a.Status == 429 {
		return v, fmt.Errorf("status %d", a.Status)
	}
	if json.Unmarshal(a.Body, &v) != nil || v.Success == nil {
		return v, fmt.Errorf("status %d, and no verdict", a.Status)
	}
	if slices.Contains(v.Errors, "internal-error") {
		return v, errors.New("internal-error")
	}
	return v, nil
}

// judge decides on a verdict.
func (s *SiteVerify) judge(ctx context.Context, v verdict) error {
	if !*v.Success {
		// Nobody gets in while the vendor does not know us; the operator must hear of it.
		if slices.ContainsFunc(v.Errors, func(code string) bool { return strings.Contains(code, "secret") || strings.Contains(code, "sitekey") }) {
			s.Logger.ErrorContext(ctx, "captcha: the vendor does not accept our secret or site key", "vendor", s.Vendor.Name)
		}
		return errRefused
	}
	least := s.Score
	if least == 0 {
		least = defaultScore
	}
	switch {
	case !slices.Contains(s.Hosts, strings.ToLower(v.Hostname)):
		return errElsewhere
	case s.Vendor.Acts && v.Action != purpose:
		return errAction
	case s.Vendor.Scores && (v.Score == nil || !(*v.Score >= least)):
		return errScore
	}
	return nil
}
