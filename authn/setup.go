package authn

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/password"
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
func (f *Flow) CreateUser(ctx context.Context, n account.NewUser, password string) (*identity.User, error) {
	reg, err := f.registration(ctx, NewAccount{Email: n.Email, Name: n.Name, Password: password})
	if err != nil {
		return nil, err
	}
	n.Email, n.Name = reg.Email, reg.Name
	return f.create(ctx, n, reg.Hash)
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
		_, err = f.create(ctx, account.NewUser{Email: reg.Email, Verified: true, Name: reg.Name, Roles: []string{"admin", "user"}}, reg.Hash)
		return err
	})
}

// SetRoles gives a user exactly these roles, which must be configured. A session that has not
// proved what a role demands gets nothing of it: the guard and a refresh see to that.
func (f *Flow) SetRoles(ctx context.Context, id identity.UserID, roles []string) error {
	if err := f.Access.Policy().Known(roles, false); err != nil {
		return err
	}
	return f.Accounts.SetRoles(ctx, id, roles)
}

// Import makes a user of another system with the password hash it had there, which their
// next sign-in replaces. A hash that cannot be taken is identity.ErrInvalid, an address
// that belongs to somebody account.ErrTaken.
func (f *Flow) Import(ctx context.Context, n account.NewUser, hash string) (user *identity.User, err error) {
	if err := password.Importable(hash); err != nil {
		return nil, identity.ErrInvalid.Because(err).With("hash", "is not of a make that can be imported")
	}
	if n.Email, err = account.Address(n.Email); err != nil {
		return nil, err
	}
	if n.Name, err = account.DisplayName(n.Name); err != nil {
		return nil, err
	}
	return f.create(ctx, n, hash)
}

func (f *Flow) create(ctx context.Context, n account.NewUser, hash string) (user *identity.User, err error) {
	if err := f.Access.Policy().Known(n.Roles, false); err != nil {
		return nil, err
	}
	err = f.DB.Tx(ctx, func(ctx context.Context) (err error) {
		if user, err = f.Accounts.Create(ctx, n); err != nil {
			return err
		}
		return f.Passwords.Set(ctx, user.ID, hash)
	})
	return user, err
}
