package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// moveLife is how long both addresses have to agree to a change. One of them may be a mailbox
// that is read at work only; a day is also the most that a link by mail may live (NIST SP
// 800-63B-4 section 4.2.1.2).
const moveLife = 24 * time.Hour

// A move is the private data of each of the two links of a change of address.
type move struct {
	From   string `json:"from"`
	To     string `json:"to"`
	AtNew  bool   `json:"atNew"`  // this link went to the new address
	Agreed bool   `json:"agreed"` // the other link was followed
}

// AskEmail begins a change of the caller's address: both addresses are sent a link, and both
// must be followed. An address that is somebody else's gets the same answer.
func (s *Restorer) AskEmail(ctx context.Context, p *identity.Principal, email string) error {
	to, err := account.Address(email)
	if err != nil {
		return err
	}
	user, err := s.Accounts.ByID(ctx, p.UserID)
	if err != nil {
		return err
	}
	if user.Email == "" {
		return identity.ErrConflict // there is no address that could agree
	}
	if to == user.Email {
		return identity.ErrInvalid.With("email", "is your address already")
	}
	may, err := s.Flow.MayMail(ctx, to)
	if err != nil || !may {
		return err
	}
	return s.Flow.DB.Tx(ctx, func(ctx context.Context) error { return s.mailMove(ctx, user, to) })
}

// mailMove makes both links and mails them; those of a change that was asked for before are
// dead. The link to an address that is somebody's is made and sent to nobody, so that the
// change can never be completed and nobody learns why, not by the time it takes either (BUG-21).
func (s *Restorer) mailMove(ctx context.Context, user *identity.User, to string) error {
	if err := s.Accounts.Hold(ctx, user.ID); err != nil {
		return err
	}
	if err := s.Accounts.Withdraw(ctx, emailPurpose, string(user.ID)); err != nil {
		return err
	}
	atOld, err := s.moveLink(ctx, user, move{From: user.Email, To: to})
	if err != nil {
		return err
	}
	atNew, err := s.moveLink(ctx, user, move{From: user.Email, To: to, AtNew: true})
	if err != nil {
		return err
	}
	if err := s.Flow.Notice(ctx, user, notify.EmailOld, notify.Facts{NewEmail: to, Link: atOld, Expires: moveLife}); err != nil {
		return err
	}
	facts := notify.Facts{Name: user.Name, Email: to, Link: atNew, Expires: moveLife}
	_, err = s.Accounts.ByEmail(ctx, to)
	if errors.Is(err, identity.ErrNotFound) {
		return s.Flow.Post(ctx, notify.EmailNew, facts, moveLife)
	}
	if err != nil {
		return err
	}
	return s.Flow.Decoy(ctx, notify.EmailNew, facts)
}

func (s *Restorer) moveLink(ctx context.Context, user *identity.User, m move) (string, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	token, err := s.Accounts.Challenge(ctx, identity.Challenge{
		Purpose: emailPurpose, Subject: string(user.ID), UserID: user.ID, Data: data, ExpiresAt: s.Now().Add(moveLife),
	})
	return s.Flow.Link("/email?token=" + token), err
}
