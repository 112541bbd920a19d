package authn

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// A Registration is an account that somebody asked for and whose address is not proved
// yet. It is kept as a challenge about that address: no user exists before the link in the
// mail was used, so nobody can hold an address in advance (BUG-17).
type Registration struct {
	Email string `json:"-"` // the challenge's subject
	Name  string `json:"name"`
	Hash  string `json:"hash"` // of the password
}

const (
	// RegistrationPurpose is the purpose of the challenges that hold registrations.
	RegistrationPurpose = "registration"
	// RegistrationLife is how long the link of a registration works.
	RegistrationLife = 24 * time.Hour
)

// A NewAccount is what a person fills in to register.
type NewAccount struct {
	Email    string
	Password string
	Name     string
	Visit    string // the secret of the browser; "" for a client without cookies
}

// Register begins a registration. Known and unknown addresses cost the same hash, the same
// statements and get the same answer; the owner of a known one is told by mail (CON-26). Where addresses are
// not verified it makes the user at once, and a known address is account.ErrTaken.
func (f *Flow) Register(ctx context.Context, n NewAccount) error {
	reg, err := f.registration(ctx, n)
	if err != nil {
		return err
	}
	if f.Unverified {
		return f.DB.Tx(ctx, func(ctx context.Context) error {
			_, err := f.Admit(ctx, reg, false)
			return err
		})
	}
	mayMail, err := f.MayMail(ctx, reg.Email)
	if err != nil {
		return err
	}
	return f.DB.Tx(ctx, func(ctx context.Context) error {
		user, err := f.Accounts.ByEmail(ctx, reg.Email)
		if errors.Is(err, identity.ErrNotFound) {
			return f.await(ctx, reg, n.Visit, mayMail)
		}
		if err != nil {
			return err
		}
		return f.known(ctx, user, mayMail)
	})
}

// known does what await does, for an address that is somebody's already.
func (f *Flow) known(ctx context.Context, user *identity.User, mail bool) error {
	if err := f.decoy(ctx); err != nil || !mail {
		return err
	}
	return f.Notice(ctx, user, notify.Known, notify.Facts{Link: f.Link("/login")})
}

// registration checks what was filled in and hashes the password, before anything is
// looked up.
func (f *Flow) registration(ctx context.Context, n NewAccount) (reg Registration, err error) {
	if reg.Email, err = account.Address(n.Email); err != nil {
		return reg, err
	}
	if reg.Name, err = account.DisplayName(n.Name); err != nil {
		return reg, err
	}
	if n.Password == "" {
		return reg, identity.ErrInvalid.With("password", "is missing")
	}
	reg.Hash, err = f.Passwords.Hash(ctx, n.Password, reg.Email, reg.Name)
	return reg, err
}

// MayMail counts a mail that somebody else can cause. Beyond the limit the address gets
// none, and whoever asked is not told (RAT-14).
func (f *Flow) MayMail(ctx context.Context, email string) (bool, error) {
	_, err := f.Limiter.Allow(ctx, "mail "+email, f.Limiter.Rate(throttle.MailAccount))
	if errors.Is(err, identity.ErrRateLimited) {
		return false, nil
	}
	return err == nil, err
}

// await keeps the registration until its link comes back, and mails the link.
func (f *Flow) await(ctx context.Context, reg Registration, visit string, mail bool) error {
	data, err := json.Marshal(reg)
	if err != nil {
		return err
	}
	c := identity.Challenge{Purpose: RegistrationPurpose, Subject: reg.Email, Data: data, ExpiresAt: f.Now().Add(RegistrationLife)}
	if visit != "" {
		c.Visit = secret.Hash(visit)
	}
	link, err := f.Accounts.Challenge(ctx, c)
	if err != nil || !mail {
		return err
	}
	return f.MailLink(ctx, reg, link)
}

// Admit makes the user of a registration, in the transaction of ctx. An address that was
// taken meanwhile is account.ErrTaken.
func (f *Flow) Admit(ctx context.Context, reg Registration, proved bool) (*identity.User, error) {
	user, err := f.Accounts.Create(ctx, account.NewUser{Email: reg.Email, Verified: proved, Name: reg.Name, Event: identity.EventUserRegistered})
	if err != nil {
		return nil, err
	}
	if err := f.Passwords.Set(ctx, user.ID, reg.Hash); err != nil {
		return nil, err
	}
	if proved {
		err = f.Log.Record(ctx, identity.Event{Type: identity.EventUserVerified, Actor: string(user.ID), Subject: user.ID})
	}
	return user, err
}

// MailLink sends the link of a registration to its address. It never arrives after the
// link has died.
func (f *Flow) MailLink(ctx context.Context, reg Registration, link string) error {
	return f.Post(ctx, notify.Verify, f.LinkFacts(reg, link), RegistrationLife)
}

// LinkFacts are what the mail with the link of a registration says.
func (f *Flow) LinkFacts(reg Registration, link string) notify.Facts {
	return notify.Facts{Name: reg.Name, Email: reg.Email, Expires: RegistrationLife, Link: f.Link("/verify-email?token=" + link)}
}
