package authn

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/throttle"
)

const (
	unlockPurpose = "unlock"
	unlockLife    = time.Hour
)

// limited answers an attempt for which there is no budget. Whose account it is that others
// have used up the budget of gets a mail with a link that opens it again, once a window
// (RAT-12). Whoever asked cannot tell whether anybody did.
func (f *Flow) limited(ctx context.Context, l *Login, refusal error) error {
	var spent throttle.Spent
	who := l.account()
	if !errors.As(refusal, &spent) || who == "" || !spent.Begins("login account ") {
		return refusal
	}
	once := f.Limits.account()
	once.N = 1
	if _, err := f.Limiter.Allow(ctx, "unlock mail "+who, once); err != nil {
		if errors.Is(err, identity.ErrRateLimited) {
			return refusal
		}
		return err
	}
	user, err := f.Accounts.ByEmail(ctx, who)
	if errors.Is(err, identity.ErrNotFound) {
		user, err = f.Accounts.ByID(ctx, identity.UserID(who))
	}
	if errors.Is(err, identity.ErrNotFound) {
		return refusal
	}
	if err != nil {
		return err
	}
	return errors.Join(refusal, f.lockedOut(ctx, user, who))
}

func (f *Flow) lockedOut(ctx context.Context, user *identity.User, who string) error {
	data, err := json.Marshal(who)
	if err != nil {
		return err
	}
	return f.DB.Tx(ctx, func(ctx context.Context) error {
		token, err := f.Accounts.Sole(ctx, identity.Challenge{
			Purpose: unlockPurpose, Subject: string(user.ID), UserID: user.ID, Data: data, ExpiresAt: f.Now().Add(unlockLife),
		})
		if err != nil {
			return err
		}
		if err := f.Log.Record(ctx, identity.Event{Type: identity.EventLoginLocked, Subject: user.ID}); err != nil {
			return err
		}
		return f.Notice(ctx, user, notify.Locked, notify.Facts{Link: f.Link("/unlock?token=" + token), Expires: unlockLife})
	})
}

// Locked reports, by identity.ErrLinkExpired, whether an unlock link still works; it does not
// spend it. A malformed one is identity.ErrInvalidLink.
func (f *Flow) Locked(ctx context.Context, token string) error {
	if len(token) != secret.Length {
		return identity.ErrInvalidLink
	}
	_, err := f.Accounts.Outstanding(ctx, unlockPurpose, token)
	return err
}

// Unlock spends an unlock link: the failures of its account, which others have caused, are
// forgotten. Those of their addresses are not.
func (f *Flow) Unlock(ctx context.Context, token string) error {
	if len(token) != secret.Length {
		return identity.ErrInvalidLink
	}
	c, err := f.Accounts.Spend(ctx, unlockPurpose, token)
	if err != nil {
		return err
	}
	var who string
	if err := json.Unmarshal(c.Data, &who); err != nil {
		return err
	}
	if err := f.Forgive(ctx, c.UserID, who); err != nil {
		return err
	}
	return f.Log.Record(ctx, identity.Event{Type: identity.EventLoginUnlocked, Actor: string(c.UserID), Subject: c.UserID})
}

// Forgive forgets the failures of an account: those of the address that was typed and of its
// user, and those of both from where the request comes. What a network failed in all stays.
func (f *Flow) Forgive(ctx context.Context, user identity.UserID, address string) error {
	ip := throttle.Network(identity.OriginOf(ctx).IP)
	for _, m := range f.Methods {
		for _, key := range []string{accountKey(m.ID(), address), accountKey(m.ID(), string(user)), pairKey(m.ID(), ip, address)} {
			if err := f.Limiter.Store.Forget(ctx, key); err != nil {
				return err
			}
		}
	}
	return nil
}
