package recovery

import (
	"context"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// resetLife is how long somebody who asked for a link has to use it (RST-02).
const resetLife = time.Hour

// Forgot mails a link by which the owner of an address can choose a new password. Known and
// unknown addresses get one answer; what is no address is identity.ErrInvalid.
func (s *Restorer) Forgot(ctx context.Context, email string) error {
	address, err := account.Address(email)
	if err != nil {
		return err
	}
	may, err := s.Flow.MayMail(ctx, address)
	if err != nil || !may {
		return err
	}
	return s.Flow.DB.Tx(ctx, func(ctx context.Context) error {
		user, err := s.Accounts.ByEmail(ctx, address)
		if errors.Is(err, identity.ErrNotFound) || err == nil && user.State != identity.Active {
			return s.decoy(ctx, address)
		}
		if err != nil {
			return err
		}
		return s.mailReset(ctx, user, address, notify.Reset, resetLife)
	})
}

// decoy does for an address of nobody what mailReset does, but sends nothing: whoever takes
// the time must not learn who has an account (RST-01). Its token is thrown away.
func (s *Restorer) decoy(ctx context.Context, address string) error {
	token, err := s.Accounts.Sole(ctx, identity.Challenge{
		Purpose: authn.ResetPurpose, Subject: address, Data: []byte(address), ExpiresAt: s.Now().Add(resetLife),
	})
	if err != nil {
		return err
	}
	return s.Flow.Decoy(ctx, notify.Reset, s.resetFacts(token, address, resetLife))
}

// mailReset mails the one link by which a user can choose a new password, to an address that
// is or was theirs; the ones before are dead (RST-03). The link remembers where it went.
func (s *Restorer) mailReset(ctx context.Context, user *identity.User, to string, kind notify.Kind, life time.Duration) error {
	token, err := s.Accounts.Sole(ctx, identity.Challenge{
		Purpose: authn.ResetPurpose, Subject: string(user.ID), UserID: user.ID, Data: []byte(to), ExpiresAt: s.Now().Add(life),
	})
	if err != nil {
		return err
	}
	facts := s.resetFacts(token, to, life)
	facts.Name = user.Name
	return s.Flow.Post(ctx, kind, facts, life)
}

func (s *Restorer) resetFacts(token, to string, life time.Duration) notify.Facts {
	return notify.Facts{Product: s.Flow.Product, Email: to, Expires: life, Link: s.Flow.Link("/reset-password?token=" + token)}
}

// Resettable returns the address that a reset link is about, without spending it. A malformed
// token is identity.ErrInvalidLink, one that is over or used identity.ErrLinkExpired; so it is
// with every link of a Restorer.
func (s *Restorer) Resettable(ctx context.Context, token string) (email string, err error) {
	c, err := s.peek(ctx, authn.ResetPurpose, token)
	if err != nil {
		return "", err
	}
	return string(c.Data), nil
}

// Reset spends a reset link and sets the password: every session, family, token and
// remembered device of the user is dead. Second factors stay, and nobody is signed in: a
// mailbox alone must not pass by what guards the account against its thief (ASVS 6.4.3). Of
// an account whose address nobody had proved they go.
func (s *Restorer) Reset(ctx context.Context, token, password string) error {
	found, err := s.peek(ctx, authn.ResetPurpose, token)
	if err != nil {
		return err
	}
	hash, err := s.hash(ctx, found, password)
	if err != nil {
		return err
	}
	err = s.Flow.DB.Tx(ctx, func(ctx context.Context) error {
		c, user, err := s.spend(ctx, found, token)
		if err != nil {
			return err
		}
		// Whoever made the account may not be who reads its mail (BUG-17).
		if !user.EmailVerified {
			if err := s.Flow.Strip(ctx, user.ID); err != nil {
				return err
			}
		}
		// A recovery that an administrator began goes on: it is about the factors, which stay.
		if err := s.renew(ctx, user.ID, hash, authn.NotMePurpose, recoveryPurpose, stopPurpose); err != nil {
			return err
		}
		if err := s.Accounts.Prove(ctx, user.ID, string(c.Data)); err != nil {
			return err
		}
		if err := s.record(ctx, identity.EventPasswordReset, user.ID); err != nil {
			return err
		}
		return s.Flow.Notice(ctx, user, notify.PasswordReset, notify.Facts{Link: s.Flow.Link("/login")})
	})
	if err != nil {
		return err
	}
	return s.Flow.Forgive(ctx, found.UserID, string(found.Data))
}
