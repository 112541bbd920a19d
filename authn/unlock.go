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

// An unlock is what a link opens again.
type unlock struct {
	Who  string   `json:"who"`
	Keys []string `json:"keys,omitempty"` // those of a browser, beside the account's
}

// lock locks what has failed too often, in the transaction of ctx. Whose account it is gets a mail
// with a link that opens it again (RAT-12). Whoever failed cannot tell whether anybody did: for
// nobody's address the same is written, and thrown away.
func (f *Flow) lock(ctx context.Context, l *Login, method identity.MethodID, spent []throttle.Budget) error {
	if len(spent) == 0 {
		return nil
	}
	u := unlock{Who: l.account()}
	for _, b := range spent {
		if err := f.Limiter.Locks.Lock(ctx, b.Key, b.Rate.Per); err != nil {
			return err
		}
		u.Keys = append(u.Keys, b.Key)
	}
	user, err := f.holderOf(ctx, u.Who)
	if err != nil {
		return err
	}
	locked := identity.Event{Type: identity.EventLoginLocked, Data: map[string]string{"method": string(method)}}
	if user != nil {
		locked.Subject = user.ID
	}
	if err := f.Log.Record(ctx, locked); err != nil {
		return err
	}
	// Threat: each method locks by itself, four times an hour, and whoever knows an address could
	// fill its mailbox so. The link of the last mail opens what is locked after it as well.
	may, err := f.mayNotice(ctx, "lock "+u.Who)
	switch {
	case err != nil || !may:
		return err
	case user == nil:
		return f.decoyUnlock(ctx, u.Who)
	default:
		return f.mailUnlock(ctx, user, u)
	}
}

// holderOf finds whose account something is that was typed, or that is a user's ID; nil: nobody's.
func (f *Flow) holderOf(ctx context.Context, who string) (*identity.User, error) {
	user, err := f.Accounts.ByEmail(ctx, who)
	if errors.Is(err, identity.ErrNotFound) {
		user, err = f.Accounts.ByID(ctx, identity.UserID(who))
	}
	if errors.Is(err, identity.ErrNotFound) {
		return nil, nil
	}
	return user, err
}

func (f *Flow) mailUnlock(ctx context.Context, user *identity.User, u unlock) error {
	data, err := json.Marshal(u)
	if err != nil {
		return err
	}
	token, err := f.Accounts.Sole(ctx, identity.Challenge{
		Purpose: unlockPurpose, Subject: string(user.ID), UserID: user.ID, Data: data, ExpiresAt: f.Now().Add(unlockLife),
	})
	if err != nil {
		return err
	}
	return f.Notice(ctx, user, notify.Locked, notify.Facts{Link: f.Link("/unlock?token=" + token), Expires: unlockLife})
}

// decoyUnlock costs what mailUnlock costs, and is about nobody.
func (f *Flow) decoyUnlock(ctx context.Context, who string) error {
	token, err := f.Accounts.Sole(ctx, identity.Challenge{Purpose: decoyPurpose, Subject: who, ExpiresAt: f.Now()})
	if err != nil {
		return err
	}
	if err := f.decoy(ctx); err != nil { // for the link of whoever it was not
		return err
	}
	return f.Decoy(ctx, notify.Locked, notify.Facts{Link: f.Link("/unlock?token=" + token), Expires: unlockLife})
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
	var u unlock
	if err := json.Unmarshal(c.Data, &u); err != nil {
		return err
	}
	if err := f.Forgive(ctx, c.UserID, u.Who, u.Keys...); err != nil {
		return err
	}
	return f.Log.Record(ctx, identity.Event{Type: identity.EventLoginUnlocked, Actor: string(c.UserID), Subject: c.UserID})
}

// Forgive forgets the failures of an account: those of the address that was typed and of its
// user, those of both from where the request comes, and those of further keys. What a network
// failed in all stays.
func (f *Flow) Forgive(ctx context.Context, user identity.UserID, address string, keys ...string) error {
	ip := throttle.Network(identity.OriginOf(ctx).IP)
	for _, m := range f.Methods {
		keys = append(keys, accountKey(m.ID(), address), accountKey(m.ID(), string(user)), pairKey(m.ID(), ip, address))
	}
	return f.Limiter.Forgive(ctx, keys...)
}
