// Package captcha tells people from programs: by work that a browser does by itself, or by a
// vendor.
//
// It knows the challenges of ALTCHA, version 2, and the call siteverify, which three vendors
// share. It does not know when a CAPTCHA is asked for, and owns no table: what was used is a
// challenge of account. Threat: a program that tries passwords without end. It can buy the work
// and hire people for the puzzles of vendors, so a CAPTCHA only makes each guess dear; what ends
// the guessing is the lock.
package captcha

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/outbound"
	"github.com/gatehouse-id/gatehouse/keyring"
)

// The providers of CAPTCHAs.
const (
	ByWork = "work" // the browser works for a moment; no vendor, no puzzle, no network
	Off    = "off"
)

// purpose is what all CAPTCHAs are for, until something else than a sign-in asks for one. An
// answer that was got for anything else does not count.
const purpose = "login"

// A Choice says who tells people from programs. The zero Choice is work of the difficulty that
// suits a phone.
type Choice struct {
	Provider   string  // work, turnstile, hcaptcha, recaptcha or off; "" means work
	Difficulty int     // of work, MinDifficulty to MaxDifficulty; 0 means DefaultDifficulty
	SiteKey    string  // of a vendor: what its widget shows
	Secret     string  // of a vendor: what proves to it who asks
	Open       bool    // let everybody pass whom the vendor does not judge, because it is down
	Score      float64 // of reCAPTCHA: the least that passes, up to 1; 0 means 0.5
	URL        string  // where the vendor is asked; "" means where it really is
}

// Check refuses a choice that could not work.
func (c Choice) Check() error {
	v := vendor(c.Provider)
	switch {
	case c.Provider != "" && c.Provider != ByWork && c.Provider != Off && v == nil:
		return fmt.Errorf("there is no provider %q; there are work, turnstile, hcaptcha, recaptcha and off", c.Provider)
	case v != nil && (c.SiteKey == "" || c.Secret == ""):
		return fmt.Errorf("%s needs a site key and a secret", c.Provider)
	case v == nil && (c.SiteKey != "" || c.Secret != "" || c.Open):
		return errors.New("a site key, a secret and what happens when a vendor is down need a vendor")
	case c.Difficulty != 0 && (c.Difficulty < MinDifficulty || c.Difficulty > MaxDifficulty):
		return fmt.Errorf("the difficulty is %d; it must be %d to %d", c.Difficulty, MinDifficulty, MaxDifficulty)
	case c.Score < 0 || c.Score > 1:
		return fmt.Errorf("the score is %v; it must be between 0 and 1", c.Score)
	}
	return nil
}

// A House is what a CAPTCHA needs of the house that it stands in. All fields are required.
type House struct {
	Accounts *account.Store
	Keys     *keyring.Ring
	Solved   ephemeral.Store // how much a network has solved lately
	Caller   *outbound.Client
	Hosts    []string // the hosts of the pages that may show a vendor's widget
	Now      func() time.Time
	Logger   *slog.Logger
}

// A Captcha is a kind of CAPTCHA, and what must be known to show it.
type Captcha interface {
	authn.Captcha
	Site() Site
}

// A Site is what a page must know to show a CAPTCHA.
type Site struct {
	Provider string `json:"provider"`
	SiteKey  string `json:"siteKey,omitempty"`
	Action   string `json:"action,omitempty"` // what the widget is told it is for

	Vendor *Vendor `json:"-"` // nil: work
}

// New returns what was chosen, nil for off. The choice was checked.
func New(c Choice, h House) Captcha {
	v := vendor(c.Provider)
	switch {
	case c.Provider == Off:
		return nil
	case v != nil:
		return &SiteVerify{Vendor: v, Choice: c, House: h}
	default:
		return &Work{Difficulty: c.Difficulty, House: h}
	}
}

func vendor(name string) *Vendor {
	list := []*Vendor{&turnstile, &hcaptcha, &recaptcha}
	if i := slices.IndexFunc(list, func(v *Vendor) bool { return v.Name == name }); i >= 0 {
		return list[i]
	}
	return nil
}

var errUsed = errors.New("the answer was used before")

// spend takes an answer out of the world, on every machine. It comes last, so that only good
// answers are kept.
func (h House) spend(ctx context.Context, answer string, until time.Time) error {
	err := h.Accounts.Claim(ctx, "captcha", answer, until)
	if errors.Is(err, identity.ErrLinkExpired) {
		return identity.ErrCaptcha.Because(errUsed)
	}
	return err
}
