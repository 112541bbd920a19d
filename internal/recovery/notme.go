package recovery

import (
	"context"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// forcedLife is how long somebody who disowned a notice has to choose a new password. They
// may have read it on a telephone, far from the device that they trust with passwords, and
// until then nobody gets in. It is the most that a link by mail may live (NIST SP 800-63B-4
// section 4.2.1.2).
const forcedLife = 24 * time.Hour

// plantLife is for how long the reader of a notice that a factor was set up can take it away by
// that notice alone. It outweighs that a mailbox alone should remove no factor (ASVS 6.4.3): a
// thief's passkey would else open the account again as soon as its owner has a new password.
// Whoever reads somebody's mail later than that removes nothing.
const plantLife = 24 * time.Hour

// Disownable reports whether the link of a notice still works.
func (s *Restorer) Disownable(ctx context.Context, token string) error {
	_, err := s.peek(ctx, authn.NotMePurpose, token)
	return err
}

// Disown spends the link by which the reader of a notice says that it was not them: all
// sessions end, an address that was changed comes back, a factor that was set up goes, within a
// day, and a new password must be chosen, for which a link is mailed.
func (s *Restorer) Disown(ctx context.Context, token string) error {
	found, err := s.peek(ctx, authn.NotMePurpose, token)
	if err != nil {
		return err
	}
	reader, err := authn.ReaderOf(found)
	if err != nil {
		return err
	}
	return s.Flow.DB.Tx(ctx, func(ctx context.Context) error {
		_, user, err := s.spend(ctx, found, token)
		if err != nil {
			return err
		}
		if err := s.takeBack(ctx, user, reader.Email); err != nil {
			return err
		}
		if s.Now().Sub(found.CreatedAt) < plantLife {
			if err := s.Flow.Disown(ctx, user, reader.Added); err != nil {
				return err
			}
		}
		if err := s.silence(ctx, user, reader); err != nil {
			return err
		}
		if err := s.shut(ctx, user); err != nil {
			return err
		}
		return s.mailReset(ctx, user, reader.Email, notify.ResetForced, forcedLife)
	})
}

// takeBack gives a user the address again that they had when the notice was sent. One that is
// somebody else's by now stays theirs.
func (s *Restorer) takeBack(ctx context.Context, user *identity.User, address string) error {
	if address == user.Email {
		return nil
	}
	_, err := s.Accounts.ByEmail(ctx, address)
	if errors.Is(err, identity.ErrNotFound) {
		return s.Accounts.ChangeEmail(ctx, user.ID, user.Email, address)
	}
	return err
}

// silence ends the links by which others would take the address back again: those of notices
// to addresses that became the user's later than the reader's. Threat: a thief who changed the
// address was told so, too.
func (s *Restorer) silence(ctx context.Context, user *identity.User, reader authn.Reader) error {
	list, err := s.Accounts.All(ctx, authn.NotMePurpose, string(user.ID))
	if err != nil {
		return err
	}
	for i := range list {
		other, err := authn.ReaderOf(&list[i])
		if err != nil {
			return err
		}
		if other.Email == reader.Email || !other.Since.After(reader.Since) {
			continue
		}
		if err := s.Accounts.SpendID(ctx, list[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// shut closes an account until its owner has chosen a new password. What was mailed before
// opens it no more, whoever asked for it. API keys, which outlive a new password, end for good:
// one of them may be the thief's.
func (s *Restorer) shut(ctx context.Context, user *identity.User) error {
	if err := s.Accounts.SetMustReset(ctx, user.ID, true); err != nil {
		return err
	}
	if _, err := s.Flow.APIKeys.RevokeAll(ctx, user.ID); err != nil {
		return err
	}
	if err := s.Flow.SignOutAll(ctx, user.ID, ""); err != nil {
		return err
	}
	if err := s.Accounts.WithdrawAll(ctx, user.ID, authn.NotMePurpose); err != nil {
		return err
	}
	return s.record(ctx, identity.EventResetForced, user.ID)
}
