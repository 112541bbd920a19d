package recovery

import (
	"context"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// A Restorer lets people back in who lost a password or their factors, and takes back what
// somebody else did. All fields are required.
type Restorer struct {
	Accounts *account.Store
	Flow     *authn.Flow
	Now      func() time.Time
}

// The purposes of the challenges of a Restorer. All are about a user.
const (
	emailPurpose    = "email"
	recoveryPurpose = "recovery"
	stopPurpose     = "recovery-stop"
)

// peek finds what a link is about without spending it: mail scanners open what they find
// (BUG-28). A malformed token is identity.ErrInvalidLink, one that is over or used
// identity.ErrLinkExpired.
func (s *Restorer) peek(ctx context.Context, purpose, token string) (*identity.Challenge, error) {
	if len(token) != secret.Length {
		return nil, identity.ErrInvalidLink
	}
	return s.Accounts.Outstanding(ctx, purpose, token)
}

// spend spends a link that peek found, in the transaction of ctx, and returns it and its user
// as they are now: of all who come with it one passes. The user is held first, so that
// whatever else ends or uses a link of theirs comes before or after.
func (s *Restorer) spend(ctx context.Context, found *identity.Challenge, token string) (*identity.Challenge, *identity.User, error) {
	if err := s.Accounts.Hold(ctx, found.UserID); errors.Is(err, identity.ErrNotFound) {
		return nil, nil, identity.ErrLinkExpired.Because(err)
	} else if err != nil {
		return nil, nil, err
	}
	c, err := s.Accounts.Spend(ctx, found.Purpose, token)
	if err != nil {
		return nil, nil, err
	}
	user, err := s.active(ctx, c.UserID)
	return c, user, err
}

var errDisabled = errors.New("the user is disabled")

// active returns the user of a link. To one who is gone or disabled no link leads back:
// identity.ErrLinkExpired.
func (s *Restorer) active(ctx context.Context, id identity.UserID) (*identity.User, error) {
	user, err := s.Accounts.ByID(ctx, id)
	switch {
	case errors.Is(err, identity.ErrNotFound):
		return nil, identity.ErrLinkExpired.Because(err)
	case err != nil:
		return nil, err
	case user.State != identity.Active:
		return nil, identity.ErrLinkExpired.Because(errDisabled)
	}
	return user, nil
}

// hash checks and hashes a new password before its link is spent: one that is too weak must
// not burn the link (BUG-30).
func (s *Restorer) hash(ctx context.Context, c *identity.Challenge, password string) (string, error) {
	if password == "" {
		return "", identity.ErrInvalid.With("password", "is missing")
	}
	user, err := s.active(ctx, c.UserID)
	if err != nil {
		return "", err
	}
	return s.Flow.Passwords.Hash(ctx, password, user.Email, user.Name)
}

// renew gives a user the password of a hash, in the transaction of ctx, and ends all that was
// begun before: sessions, families, tokens, remembered devices, sign-ins and links under way,
// but those whose purposes are spared (RST-07).
func (s *Restorer) renew(ctx context.Context, user identity.UserID, hash string, spared ...string) error {
	if err := s.Flow.Passwords.Set(ctx, user, hash); err != nil {
		return err
	}
	if err := s.Accounts.SetMustReset(ctx, user, false); err != nil {
		return err
	}
	if err := s.Flow.SignOutAll(ctx, user, ""); err != nil {
		return err
	}
	return s.Accounts.WithdrawAll(ctx, user, spared...)
}

// record tells the log what somebody did who is known by a link of theirs only.
func (s *Restorer) record(ctx context.Context, event string, user identity.UserID) error {
	return s.Flow.Log.Record(ctx, identity.Event{Type: event, Actor: string(user), Subject: user})
}
