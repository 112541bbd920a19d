package authn

import (
	"context"
	"errors"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/token"
)

// A Refresh is a request for a new access token.
type Refresh struct {
	Token  string
	Native bool // it came in a body; else in a cookie
	Active bool // a person was active since the last one; only then the idle expiry slides
}

// Refresh renews a sign-in of a token mode. The errors are token.ErrNoRefresh,
// identity.ErrInvalidToken, token.ErrRefreshExpired, token.ErrReused and
// identity.ErrTokenRevoked; nothing else signs anybody out.
func (f *Flow) Refresh(ctx context.Context, r Refresh) (*SignedIn, error) {
	family, number, err := f.Tokens.Present(ctx, r.Token)
	if err != nil {
		return nil, err
	}
	// A token for a cookie must not be moved into a body, where scripts could read it.
	if r.Native != (family.Mode == identity.ModeNative) {
		return nil, identity.ErrInvalidToken
	}
	verdict, err := f.rotate(ctx, family, number, r.Active)
	if err != nil {
		return nil, err
	}
	if verdict == token.Reused {
		return nil, token.ErrReused
	}
	return f.renewed(ctx, family)
}

// rotate lets the rotation rule decide and writes down what it decided, in one
// transaction. Reuse is no error in here: its revocation must be committed (BUG-01).
func (f *Flow) rotate(ctx context.Context, family *token.Family, number int64, active bool) (verdict token.Verdict, err error) {
	from, err := f.moved(ctx, family)
	if err != nil {
		return verdict, err
	}
	err = f.DB.Tx(ctx, func(ctx context.Context) error {
		if verdict, err = f.Tokens.Rotate(ctx, family, number, active); err != nil {
			return err
		}
		switch verdict {
		case token.Reused:
			return f.stolen(ctx, family)
		case token.Replaced:
			err = f.Log.Record(ctx, identity.Event{
				Type: identity.EventRefreshReplayed, Actor: string(family.UserID), Subject: family.UserID,
				Data: map[string]string{"grant": string(family.ID), "session": string(family.SessionID)},
			})
			if err != nil {
				return err
			}
		}
		if err = f.tellMoved(ctx, family, from); err != nil {
			return err
		}
		return f.Sessions.Touch(ctx, family.SessionID)
	})
	return verdict, err
}

// stolen ends a sign-in of which two parties hold tokens, and tells its owner. We cannot
// know which of the two is the owner, so both are out (REF-08).
func (f *Flow) stolen(ctx context.Context, family *token.Family) error {
	user, err := f.Accounts.ByID(ctx, family.UserID)
	if err != nil {
		return err
	}
	v, err := f.Sessions.Get(ctx, family.SessionID)
	if errors.Is(err, identity.ErrNotFound) {
		v, err = &identity.Session{}, nil
	}
	if err != nil {
		return err
	}
	if _, err := f.Sessions.Revoke(ctx, family.UserID, family.SessionID); err != nil {
		return err
	}
	err = f.Log.Record(ctx, identity.Event{
		Type: identity.EventReuseDetected, Actor: string(user.ID), Subject: user.ID,
		Data: map[string]string{"grant": string(family.ID), "session": string(family.SessionID)},
	})
	if err != nil {
		return err
	}
	return f.Notice(ctx, user, notify.TokenReuse, notify.Facts{Device: notify.Device(v.UserAgent), Link: f.Link("/account")})
}

// renewed reads the user and the session anew, so that the token claims what is true now
// (BUG-06), with the auth_time of the sign-in (BUG-09).
func (f *Flow) renewed(ctx context.Context, family *token.Family) (*SignedIn, error) {
	user, err := f.Accounts.ByID(ctx, family.UserID)
	if err != nil {
		return nil, gone(err)
	}
	v, err := f.Sessions.Get(ctx, family.SessionID)
	if err != nil {
		return nil, gone(err)
	}
	// Elsewhere roles may count without a look at acr, so a token that claims more than the
	// sign-in reached is not made: the person signs in anew.
	if f.Policy.Demand(user, Start{}) == "aal2" && !v.MultiFactor() {
		return nil, identity.ErrTokenRevoked
	}
	in := &SignedIn{User: user, Session: v}
	if in.Refresh, err = f.Tokens.Successor(family); err != nil {
		return nil, err
	}
	in.Keep = f.cookieLife(v)
	return in, f.issue(in, family.ID)
}

// gone is what a session that ended between two statements looks like.
func gone(err error) error {
	if errors.Is(err, identity.ErrNotFound) {
		return identity.ErrTokenRevoked
	}
	return err
}
