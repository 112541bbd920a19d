// Package password signs people in by e-mail address and password.
//
// It proves knowledge (NIST SP 800-63B-4 section 3.1.1). Its threats are guessing, which
// the Flow throttles, and enumeration: an unknown address, an address without a password
// and a wrong password cost one hash each and get one answer. How passwords are hashed and
// changed is not its business.
package password

import (
	"context"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/password"
)

// A Method checks passwords. All fields are required.
type Method struct {
	Accounts  *account.Store
	Passwords *authn.Passwords
	Now       func() time.Time
}

var (
	_ authn.AtOnce = (*Method)(nil)
	_ authn.First  = (*Method)(nil)
)

// ID implements authn.Method.
func (m *Method) ID() identity.MethodID { return authn.Password }

// AtOnce implements authn.AtOnce.
func (m *Method) AtOnce() {}

// Opens implements authn.First.
func (m *Method) Opens(ctx context.Context, user *identity.User) (bool, error) {
	list, err := m.Accounts.Credentials(ctx, user.ID, authn.Password)
	return len(list) > 0, err
}

// Begin implements authn.Method; there is nothing to prepare.
func (m *Method) Begin(context.Context, *authn.Login, authn.Input) (authn.Prompt, error) {
	return authn.Prompt{}, nil
}

var errUnknown = errors.New("no such user")

// Finish implements authn.Method.
func (m *Method) Finish(ctx context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	user, err := m.user(ctx, l, in.Email)
	if err != nil {
		return identity.Proof{}, err
	}
	err = m.Passwords.Verify(ctx, user, in.Password)
	switch {
	case errors.Is(err, password.ErrMismatch) && user == nil:
		return identity.Proof{}, identity.ErrRejected.Because(errUnknown)
	case errors.Is(err, password.ErrMismatch):
		return identity.Proof{}, identity.ErrRejected.Because(err)
	case err != nil:
		return identity.Proof{}, err
	case user.State != identity.Active:
		return identity.Proof{}, identity.ErrRejected.Because(errors.New("user is " + string(user.State)))
	}
	return identity.Proof{Method: authn.Password, Factor: identity.Knowledge, At: m.Now()}, nil
}

// user finds whom the password is said to be of, nil if nobody. In a sign-in under way
// that is whoever it is about already.
func (m *Method) user(ctx context.Context, l *authn.Login, email string) (user *identity.User, err error) {
	if l.UserID != "" {
		return m.Accounts.ByID(ctx, l.UserID)
	}
	address, err := account.Address(email)
	if err != nil {
		return nil, nil // what is no address is nobody's, and costs the same
	}
	user, err = m.Accounts.ByEmail(ctx, address)
	if errors.Is(err, identity.ErrNotFound) {
		return nil, nil
	}
	if err == nil {
		l.About(user)
	}
	return user, err
}
