package authn

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
)

const (
	setupPurpose = "setup"
	setupLife    = 24 * time.Hour
)

// Invite returns the link by which the first administrator is made, "" once there is one.
// A new link ends the one before.
func (f *Flow) Invite(ctx context.Context) (link string, err error) {
	err = f.DB.Tx(ctx, func(ctx context.Context) error {
		link = ""
		n, err := f.Accounts.Count(ctx, "admin")
		if err != nil || n > 0 {
			return err
		}
		if err := f.Accounts.Withdraw(ctx, setupPurpose, ""); err != nil {
			return err
		}
		token, err := f.Accounts.Challenge(ctx, identity.Challenge{Purpose: setupPurpose, Data: []byte{}, ExpiresAt: f.Now().Add(setupLife)})
		link = f.Link("/setup?token=" + token)
		return err
	})
	return link, err
}

// Invited reports, by identity.ErrLinkExpired, whether a setup link still works; it does
// not spend it.
func (f *Flow) Invited(ctx context.Context, token string) error {
	_, err := f.Accounts.Outstanding(ctx, setupPurpose, token)
	return err
}

// CreateUser makes a user with a password, as an administrator does. An address that
// belongs to somebody is account.ErrTaken.
func (f *Flow) CreateUser(ctx context.Context, n account.NewUser, password string) (user *identity.User, err error) {
	reg, err := f.registration(ctx, NewAccount{Email: n.Email, Name: n.Name, Password: password})
	if err != nil {
		return nil, err
	}
	n.Email, n.Name = reg.Email, reg.Name
	err = f.DB.Tx(ctx, func(ctx context.Context) (err error) {
		if user, err = f.Accounts.Create(ctx, n); err != nil {
			return err
		}
		return f.Passwords.Set(ctx, user.ID, reg.Hash)
	})
	return user, err
}

// Setup makes the first administrator, whose address counts as proved: the link was read
// where the server runs. Of two who come with the link one passes.
func (f *Flow) Setup(ctx context.Context, token string, n NewAccount) error {
	if err := f.Invited(ctx, token); err != nil {
		return err
	}
	reg, err := f.registration(ctx, n)
	if err != nil {
		return err
	}
	return f.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := f.Accounts.Spend(ctx, setupPurpose, token); err != nil {
			return err
		}
		admins, err := f.Accounts.Count(ctx, "admin")
		if err != nil {
			return err
		}
		if admins > 0 {
			return identity.ErrLinkExpired
		}
		user, err := f.Accounts.Create(ctx, account.NewUser{Email: reg.Email, Verified: true, Name: reg.Name, Roles: []string{"admin", "user"}})
		if err != nil {
			return err
		}
		return f.Passwords.Set(ctx, user.ID, reg.Hash)
	})
}
