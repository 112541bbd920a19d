package authn

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/token"
)

// SignedIn is what a sign-in or a refresh hands to its client. Which of the secrets there
// are depends on the session's mode.
type SignedIn struct {
	User      *identity.User
	Session   *identity.Session
	Cookie    string        // the secret of the session cookie: mode cookie
	Access    string        // an access token: the other modes
	ExpiresIn time.Duration // of the access token
	Refresh   string        // a refresh token: the other modes
	Keep      time.Duration // how long cookies live; 0: as long as the browser runs
	Device    string        // the secret by which this device is remembered; "" leaves it as it is
	DeviceFor time.Duration
	Known     string // the mark of a browser that has signed in; "" leaves it as it is
}

// Cookies says which of the secrets go into which cookies.
func (in *SignedIn) Cookies() web.Secrets {
	s := web.Secrets{Keep: in.Keep, Device: in.Device, DeviceFor: in.DeviceFor, Known: in.Known}
	switch in.Session.Mode {
	case identity.ModeCookie:
		s.Session = in.Cookie
	case identity.ModeCookieToken:
		s.Access, s.AccessLife, s.Refresh = in.Access, in.ExpiresIn, in.Refresh
	case identity.ModeToken:
		s.Refresh = in.Refresh
	case identity.ModeNative:
		s.None = true
	}
	return s
}

// signIn ends the gathering of proofs: one transaction makes the session, and with it the
// refresh family, and tells the log. A session that this browser had before is over, so
// that none can be planted (SES-17, BUG-20).
func (f *Flow) signIn(ctx context.Context, user *identity.User, l *Login, old *identity.Principal) (*SignedIn, error) {
	in := &SignedIn{User: user, Session: f.session(user, l)}
	var err error
	if in.Known, err = f.marked(ctx, l.mark, user); err != nil {
		return nil, err
	}
	var family *token.Family
	err = f.DB.Tx(ctx, func(ctx context.Context) error {
		if err := f.spend(ctx, l); err != nil {
			return err
		}
		if old != nil {
			if err := f.end(ctx, old.UserID, old.SessionID, "replaced"); err != nil {
				return err
			}
		}
		var err error
		if in.Cookie, err = f.Sessions.Create(ctx, in.Session); err != nil {
			return err
		}
		if err = f.settle(ctx, user, in.Session); err != nil {
			return err
		}
		if in.Session.Mode != identity.ModeCookie {
			family, in.Refresh, err = f.Tokens.Begin(ctx, token.NewFamily{
				Session: in.Session, Idle: or(f.Lifetimes.TokenIdle, 7*day), Lifetime: f.tokenLife(),
			})
			if err != nil {
				return err
			}
		}
		if l.Remember && identity.MultiFactor(l.Proofs) && f.Policy.remember() > 0 {
			if in.Device, err = f.remember(ctx, user); err != nil {
				return err
			}
			in.DeviceFor = f.Policy.remember()
		}
		return f.Log.Record(ctx, identity.Event{
			Type: identity.EventLoginSucceeded, Actor: string(user.ID), Subject: user.ID,
			Data: map[string]string{"method": string(l.Proofs[len(l.Proofs)-1].Method), "session": string(in.Session.ID)},
		})
	})
	if err != nil {
		return nil, err
	}
	in.Keep = f.cookieLife(in.Session)
	if family != nil {
		err = f.issue(in, family.ID)
	}
	return in, err
}

const day = 24 * time.Hour

func (f *Flow) tokenLife() time.Duration { return or(f.Lifetimes.TokenLife, 30*day) }

// session prepares the session of a login: how long it lasts depends on its mode.
func (f *Flow) session(user *identity.User, l *Login) *identity.Session {
	v := &identity.Session{UserID: user.ID, Mode: l.Start.Mode, Generation: user.Generation, Proofs: l.Proofs}
	v.Persistent = l.Start.RememberMe == nil || *l.Start.RememberMe
	life := f.tokenLife() // and no idle time: the family decides
	if v.Mode == identity.ModeCookie {
		v.Idle, life = or(f.Lifetimes.CookieIdle, 30*time.Minute), or(f.Lifetimes.CookieLife, day)
		if l.Start.RememberMe != nil && *l.Start.RememberMe {
			life = or(f.Lifetimes.RememberLife, 30*day)
			v.Idle = life
		}
	}
	v.ExpiresAt = f.Now().Add(life)
	return v
}

// cookieLife is how long the cookies of a session live: to its end, or with the browser.
func (f *Flow) cookieLife(v *identity.Session) time.Duration {
	if !v.Persistent {
		return 0
	}
	return v.ExpiresAt.Sub(f.Now())
}

// handOver completes what a session that goes on is given after its proofs moved: its cookie
// lives as before, and in the token modes there is a new access token.
func (f *Flow) handOver(in *SignedIn, grant identity.GrantID) error {
	in.Keep = f.cookieLife(in.Session)
	if in.Session.Mode == identity.ModeCookie {
		return nil
	}
	return f.issue(in, grant)
}

// issue signs the access token of a sign-in, outside of any transaction.
func (f *Flow) issue(in *SignedIn, grant identity.GrantID) (err error) {
	in.ExpiresIn = f.Tokens.Life()
	in.Access, err = f.Tokens.Issue(in.User, in.Session, grant, token.Purpose{})
	return err
}
