package recovery

import (
	"context"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// ErrTooEarly is a recovery link that does not work yet; Recoverable says from when on it does.
var ErrTooEarly = &identity.Error{Kind: identity.Conflict, Code: "CONFLICT", Message: "This link does not work yet."}

// Recover spends a recovery link: all second factors, sessions, tokens and remembered devices
// go, and the password is the one given. Before its time it is ErrTooEarly, and stays good.
func (s *Restorer) Recover(ctx context.Context, token, password string) error {
	found, err := s.peek(ctx, recoveryPurpose, token)
	if err != nil {
		return err
	}
	opens, err := opensAt(found)
	if err != nil {
		return err
	}
	if opens.After(s.Now()) {
		return ErrTooEarly
	}
	hash, err := s.hash(ctx, found, password)
	if err != nil {
		return err
	}
	var user *identity.User
	err = s.Flow.DB.Tx(ctx, func(ctx context.Context) (err error) {
		if _, user, err = s.spend(ctx, found, token); err != nil {
			return err
		}
		if err := s.Flow.Strip(ctx, user.ID); err != nil {
			return err
		}
		if err := s.renew(ctx, user.ID, hash, authn.NotMePurpose); err != nil {
			return err
		}
		if err := s.Accounts.Prove(ctx, user.ID, user.Email); err != nil {
			return err
		}
		if err := s.record(ctx, identity.EventRecovered, user.ID); err != nil {
			return err
		}
		return s.Flow.Notice(ctx, user, notify.Recovered, notify.Facts{Link: s.Flow.Link("/login")})
	})
	if err != nil {
		return err
	}
	return s.Flow.Forgive(ctx, user.ID, user.Email)
}
