package authn

import (
	"cmp"
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/apikey"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// keysPage is where the owner of API keys sees them.
const keysPage = "/account/keys"

// firm returns identity.ErrStale where a sign-in does not reach what the roles of the person demand.
// Threat: no key is ever asked for a second factor, so whoever has the password alone would make one
// and do by it what needs both.
func (f *Flow) firm(ctx context.Context) error {
	if f.Assured(identity.FromContext(ctx)) {
		return nil
	}
	weak := *identity.ErrStale
	weak.ACR = "aal2"
	return &weak
}

// CreateAPIKey makes an API key for a user and tells them by mail: a thief with their session would
// make one first of all. The key is worth the assurance of the caller. Its errors are those of
// apikey.Store.Create and account.DisplayName, and identity.ErrStale for a sign-in that does not
// reach what their roles demand.
func (f *Flow) CreateAPIKey(ctx context.Context, user identity.UserID, n apikey.New) (k apikey.Key, text string, err error) {
	if err = f.firm(ctx); err != nil {
		return k, "", err
	}
	if n.Name, err = account.DisplayName(n.Name); err != nil {
		return k, "", err
	}
	if p := identity.FromContext(ctx); p != nil {
		n.ACR = p.ACR
	}
	err = f.DB.Tx(ctx, func(ctx context.Context) error {
		if k, text, err = f.APIKeys.Create(ctx, user, n); err != nil {
			return err
		}
		return f.noticeOfKey(ctx, user, notify.KeyCreated, notify.Facts{Key: k.Prefix})
	})
	return k, text, err
}

// RotateAPIKey gives an API key of a user another secret in the place of the one with a prefix, ""
// for the one that is the newest now, and tells them by mail. Its errors are those of
// apikey.Store.Rotate, and identity.ErrStale as of CreateAPIKey.
func (f *Flow) RotateAPIKey(ctx context.Context, user identity.UserID, id identity.KeyID, prefix string, overlap time.Duration) (k *apikey.Key, text string, err error) {
	if err = f.firm(ctx); err != nil {
		return nil, "", err
	}
	if k, err = f.APIKeys.Get(ctx, user, id); err != nil {
		return nil, "", err
	}
	prefix = cmp.Or(prefix, k.Prefix)
	err = f.DB.Tx(ctx, func(ctx context.Context) error {
		if k, text, err = f.APIKeys.Rotate(ctx, user, id, prefix, overlap); err != nil {
			return err
		}
		return f.noticeOfKey(ctx, user, notify.KeyRotated, notify.Facts{Key: k.Prefix})
	})
	return k, text, err
}

// ChangeAPIKey changes an API key of a user. Its errors are those of apikey.Store.Change and
// account.DisplayName, and identity.ErrStale as of CreateAPIKey.
func (f *Flow) ChangeAPIKey(ctx context.Context, user identity.UserID, id identity.KeyID, c apikey.Change) error {
	if err := f.firm(ctx); err != nil {
		return err
	}
	if c.Name != nil {
		name, err := account.DisplayName(*c.Name)
		if err != nil {
			return err
		}
		c.Name = &name
	}
	return f.APIKeys.Change(ctx, user, id, c)
}

// WarnOfAPIKeys tells the owners of keys that expire soon: programs that use them will stop.
func (f *Flow) WarnOfAPIKeys(ctx context.Context) error {
	list, err := f.APIKeys.Expiring(ctx)
	if err != nil {
		return err
	}
	for _, k := range list {
		err := f.DB.Tx(ctx, func(ctx context.Context) error {
			if news, err := f.APIKeys.Warned(ctx, k.ID); err != nil || !news {
				return err
			}
			return f.noticeOfKey(ctx, k.UserID, notify.KeyExpiring, notify.Facts{Key: k.Prefix, Opens: k.ExpiresAt})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// noticeOfKey tells the owner of a key what happened, and names the key by what its list shows of
// it: a name could be a thief's words in our mail.
func (f *Flow) noticeOfKey(ctx context.Context, id identity.UserID, kind notify.Kind, facts notify.Facts) error {
	user, err := f.Accounts.ByID(ctx, id)
	if err != nil {
		return err
	}
	facts.Link = f.Link(keysPage)
	return f.Notice(ctx, user, kind, facts)
}
