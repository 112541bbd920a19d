package authn

import (
	"context"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// end ends one session with its refresh families, in the transaction of ctx.
func (f *Flow) end(ctx context.Context, user identity.UserID, id identity.SessionID, why string) error {
	if _, err := f.Sessions.Revoke(ctx, user, id); err != nil {
		return err
	}
	return f.Tokens.End(ctx, id, why)
}

// SignOut ends one session of a user, with its refresh family and its access tokens. It is
// durable when it returns. A session that the user does not have is identity.ErrNotFound.
func (f *Flow) SignOut(ctx context.Context, user identity.UserID, id identity.SessionID) error {
	return f.DB.Tx(ctx, func(ctx context.Context) error {
		had, err := f.Sessions.Revoke(ctx, user, id)
		if err != nil {
			return err
		}
		if !had {
			return identity.ErrNotFound
		}
		return f.Tokens.End(ctx, id, "signed out")
	})
}

// Holder returns who holds a refresh token, nil if it is none of ours. It renews nothing:
// a browser that has nothing else left may sign out by it, or sign in anew.
func (f *Flow) Holder(ctx context.Context, refresh string) (*identity.Principal, error) {
	family, _, err := f.Tokens.Present(ctx, refresh)
	if identity.KindOf(err) == identity.Unauthenticated {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &identity.Principal{UserID: family.UserID, SessionID: family.SessionID, GrantID: family.ID}, nil
}

// SignOutAll ends every session, refresh family and token of a user, but those of the
// session except, which may be "" (REF-13).
func (f *Flow) SignOutAll(ctx context.Context, user identity.UserID, except identity.SessionID) error {
	return f.DB.Tx(ctx, func(ctx context.Context) error {
		_, err := f.endOthers(ctx, user, except)
		return err
	})
}

// SignOutOther is SignOutAll by somebody else, of which the user is told.
func (f *Flow) SignOutOther(ctx context.Context, id identity.UserID) error {
	return f.DB.Tx(ctx, func(ctx context.Context) error {
		if err := f.SignOutAll(ctx, id, ""); err != nil {
			return err
		}
		user, err := f.Accounts.ByID(ctx, id)
		if err != nil {
			return err
		}
		return f.Notice(ctx, user, notify.SignedOut, notify.Facts{Link: f.Link("/login")})
	})
}

// endOthers raises the generation, which refuses whatever was begun before, and carries the
// one session that stays into the new one, which it returns.
func (f *Flow) endOthers(ctx context.Context, user identity.UserID, except identity.SessionID) (generation int64, err error) {
	if generation, err = f.Accounts.EndGeneration(ctx, user); err != nil {
		return 0, err
	}
	if _, err = f.Sessions.RevokeAll(ctx, user, except); err != nil {
		return 0, err
	}
	if err = f.Tokens.EndAll(ctx, user, except, "signed out everywhere"); err != nil || except == "" {
		return generation, err
	}
	if err = f.Sessions.Adopt(ctx, except, generation); err != nil {
		return 0, err
	}
	return generation, f.Tokens.Adopt(ctx, except, generation)
}

// Disable takes a user's access away, at once and everywhere; enabling gives none of the
// old sessions back.
func (f *Flow) Disable(ctx context.Context, user identity.UserID, disabled bool) error {
	state := identity.Active
	if disabled {
		state = identity.Disabled
	}
	return f.DB.Tx(ctx, func(ctx context.Context) error {
		if err := f.Accounts.SetState(ctx, user, state); err != nil || !disabled {
			return err
		}
		if _, err := f.Sessions.RevokeAll(ctx, user, ""); err != nil {
			return err
		}
		return f.Tokens.EndAll(ctx, user, "", "disabled")
	})
}
