package recovery

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// A Moving address is a change that waits for its links.
type Moving struct {
	From, To string
	AtNew    bool // the link was sent to the new address
}

// Movable says what a link of AskEmail is about, without spending it.
func (s *Restorer) Movable(ctx context.Context, token string) (Moving, error) {
	c, err := s.peek(ctx, emailPurpose, token)
	if err != nil {
		return Moving{}, err
	}
	m, err := readMove(c)
	return Moving{From: m.From, To: m.To, AtNew: m.AtNew}, err
}

func readMove(c *identity.Challenge) (m move, err error) {
	return m, json.Unmarshal(c.Data, &m)
}

// ConfirmEmail spends one of the two links, and reports whether that made the change; false
// means that the other address has not agreed yet. An address that somebody took meanwhile is
// identity.ErrLinkExpired.
func (s *Restorer) ConfirmEmail(ctx context.Context, token string) (changed bool, err error) {
	found, err := s.peek(ctx, emailPurpose, token)
	if err != nil {
		return false, err
	}
	err = s.Flow.DB.Tx(ctx, func(ctx context.Context) error {
		c, user, err := s.spend(ctx, found, token)
		if err != nil {
			return err
		}
		m, err := readMove(c)
		if err != nil {
			return err
		}
		if changed = m.Agreed; changed {
			return s.move(ctx, user, m)
		}
		return s.agree(ctx, c)
	})
	if errors.Is(err, account.ErrTaken) {
		err = identity.ErrLinkExpired.Because(err)
	}
	return changed && err == nil, err
}

// agree notes in the other link that this one was followed.
func (s *Restorer) agree(ctx context.Context, c *identity.Challenge) error {
	other, err := s.Accounts.Newest(ctx, emailPurpose, c.Subject)
	if err != nil {
		return err
	}
	m, err := readMove(other)
	if err != nil {
		return err
	}
	m.Agreed = true
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return s.Accounts.Update(ctx, other.ID, other.UserID, data)
}

// move makes the change, and tells both addresses. What was mailed to the old one opens
// nothing any more, but its owner can still say that it was not them.
func (s *Restorer) move(ctx context.Context, user *identity.User, m move) error {
	if user.Email != m.From {
		return identity.ErrLinkExpired
	}
	if err := s.Accounts.WithdrawAll(ctx, user.ID, authn.NotMePurpose); err != nil {
		return err
	}
	told := notify.Facts{NewEmail: m.To, Link: s.Flow.Link("/login")}
	if err := s.Flow.Notice(ctx, user, notify.EmailChanged, told); err != nil {
		return err
	}
	if err := s.Accounts.ChangeEmail(ctx, user.ID, m.From, m.To); err != nil {
		return err
	}
	return s.Flow.NoticeTo(ctx, user, m.To, notify.EmailChanged, told)
}
