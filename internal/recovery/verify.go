// Package recovery proves addresses, lets people back in who lost their way, and takes back
// what somebody else did.
//
// It owns what follows a link in a mail: the verification of an address that was
// registered, a new password, a new address, "this was not me", and the day on which all
// factors are lost. It does not know how registrations begin or how a method proves
// anything (authn does), nor in which page or program a link is opened. Links are spent by
// POST only, because mail scanners open what they find (BUG-28).
package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/password"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// A Verifier proves the addresses of registrations. All fields are required.
type Verifier struct {
	Accounts *account.Store
	Flow     *authn.Flow
	Now      func() time.Time
}

// A Pending registration is one that waits for its link.
type Pending struct {
	Email       string
	SameBrowser bool // else the password must come with the link
	reg         authn.Registration
}

// Pending finds the registration of a link without spending it. A malformed token is
// identity.ErrInvalidLink, one that is over or used identity.ErrLinkExpired.
func (v *Verifier) Pending(ctx context.Context, token, visit string) (*Pending, error) {
	if len(token) != secret.Length {
		return nil, identity.ErrInvalidLink
	}
	c, err := v.Accounts.Outstanding(ctx, authn.RegistrationPurpose, token)
	if err != nil {
		return nil, err
	}
	p := &Pending{Email: c.Subject, SameBrowser: len(c.Visit) > 0 && secret.Equal(c.Visit, secret.Hash(visit))}
	if err := json.Unmarshal(c.Data, &p.reg); err != nil {
		return nil, err
	}
	p.reg.Email = c.Subject
	return p, nil
}

var errPassword = identity.ErrInvalid.With("password", "is needed, because this is not the browser in which you registered")

// Verify spends a link and makes the user of its registration. From another browser than
// the one that registered the password must come along: who can read the mail but did not
// choose the password must not end up with an account somebody else can open, nor the
// other way round. The password chosen then replaces the first. All other registrations of
// the address die.
func (v *Verifier) Verify(ctx context.Context, token, chosen, visit string) error {
	p, err := v.Pending(ctx, token, visit)
	if err != nil {
		return err
	}
	if chosen == "" && !p.SameBrowser {
		return errPassword
	}
	if chosen != "" {
		if err := v.choose(ctx, p, chosen); err != nil {
			return err
		}
	}
	err = v.Flow.DB.Tx(ctx, func(ctx context.Context) (err error) {
		if err = v.Accounts.SpendAll(ctx, authn.RegistrationPurpose, token); err != nil {
			return err
		}
		_, err = v.Flow.Admit(ctx, p.reg, true)
		return err
	})
	if errors.Is(err, account.ErrTaken) {
		return identity.ErrLinkExpired.Because(err) // somebody proved the address first
	}
	return err
}

// choose takes the password that came with the link: the one chosen at registration, or a
// new one that the policy allows.
func (v *Verifier) choose(ctx context.Context, p *Pending, chosen string) error {
	_, err := v.Flow.Passwords.Hasher.Verify(ctx, p.reg.Hash, chosen)
	if !errors.Is(err, password.ErrMismatch) {
		return err
	}
	p.reg.Hash, err = v.Flow.Passwords.Hash(ctx, chosen, p.Email, p.reg.Name)
	return err
}

// Resend mails a new link for the registration of this browser, else for the newest of the
// address; the old link dies. Where nothing waits it does nothing, and nobody is told. What
// is no address is identity.ErrInvalid.
func (v *Verifier) Resend(ctx context.Context, email, visit string) error {
	address, err := account.Address(email)
	if err != nil {
		return err
	}
	may, err := v.Flow.MayMail(ctx, address)
	if err != nil || !may {
		return err
	}
	return v.Flow.DB.Tx(ctx, func(ctx context.Context) error {
		c, err := v.waiting(ctx, address, visit)
		if errors.Is(err, identity.ErrLinkExpired) {
			return v.nothingWaits(ctx, address)
		}
		if err != nil {
			return err
		}
		reg := authn.Registration{Email: address}
		if err := json.Unmarshal(c.Data, &reg); err != nil {
			return err
		}
		link, err := v.Accounts.Renew(ctx, c.ID, v.Now().Add(authn.RegistrationLife))
		if err != nil {
			return err
		}
		return v.Flow.MailLink(ctx, reg, link)
	})
}

// nothingWaits costs what renewing a registration costs, and does nothing (BUG-21).
func (v *Verifier) nothingWaits(ctx context.Context, address string) error {
	link, err := v.Accounts.Renew(ctx, "", v.Now())
	if !errors.Is(err, identity.ErrLinkExpired) {
		return err
	}
	return v.Flow.Decoy(ctx, notify.Verify, v.Flow.LinkFacts(authn.Registration{Email: address}, link))
}

// waiting always looks for both, so that it costs the same whatever is found.
func (v *Verifier) waiting(ctx context.Context, address, visit string) (*identity.Challenge, error) {
	newest, none := v.Accounts.Newest(ctx, authn.RegistrationPurpose, address)
	own, err := v.Accounts.OfVisit(ctx, authn.RegistrationPurpose, address, secret.Hash(visit))
	if errors.Is(err, identity.ErrLinkExpired) {
		return newest, none
	}
	return own, err
}
