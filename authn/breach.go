package authn

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/breach"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

const (
	// mostSeen is how many passwords wait to be looked up after a sign-in. What comes when there are more
	// is looked up at another sign-in.
	mostSeen = 256
	// lookAgain is how long a password that was looked up is not looked up again.
	lookAgain = 3 * day
	// lastLooks is how long passwords are looked up while the house closes.
	lastLooks = 2 * time.Second
)

// A seen is a password that has just let somebody in, by its digest only.
type seen struct {
	user       identity.UserID
	credential identity.CredentialID
	hash       []byte // of the credential as it was
	digest     breach.Digest
}

// A Breaches looks passwords up in what is known from breaches. Check is required.
type Breaches struct {
	Check func(ctx context.Context, d breach.Digest) (bool, error)

	waiting chan seen
}

// NewBreaches returns a Breaches with room for what waits.
func NewBreaches(check func(ctx context.Context, d breach.Digest) (bool, error)) *Breaches {
	return &Breaches{Check: check, waiting: make(chan seen, mostSeen)}
}

// refuse returns identity.ErrBreached for a password that is known. A service that does not answer
// keeps nobody from choosing a password: it would else be a switch by which our sign-up is turned off.
func (b *Breaches) refuse(ctx context.Context, text string) error {
	if b == nil {
		return nil
	}
	if found, err := b.Check(ctx, breach.Of(text)); err != nil || !found {
		return nil //nolint:nilerr // told by /readyz
	}
	return identity.ErrBreached.With("password", "is known from a data breach; choose one that you use nowhere else")
}

// note remembers a password that has let its user in, to be looked up afterwards: nobody waits for it,
// and how long a sign-in takes tells nothing of the password.
func (b *Breaches) note(c identity.Credential, text string) {
	if b == nil {
		return
	}
	select {
	case b.waiting <- seen{c.UserID, c.ID, c.Data, breach.Of(text)}:
	default:
	}
}

// next returns a password that waits; it waits for one until ctx ends.
func (b *Breaches) next(ctx context.Context) (s seen, more bool) {
	select {
	case s = <-b.waiting:
		return s, true
	default:
	}
	select {
	case s = <-b.waiting:
		return s, true
	case <-ctx.Done():
		return s, false
	}
}

// WatchPasswords looks up the passwords that have let people in, until ctx ends, and then for two
// seconds at most what still waits. Whose password is known must choose another one: their sessions
// end, because whoever has just signed in may be one of those who have the list (PWD-14).
func (f *Flow) WatchPasswords(ctx context.Context, failed func(error)) {
	b := f.Passwords.Breaches
	if b == nil {
		return
	}
	lasting, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastLooks, end) })()
	for lasting.Err() == nil {
		s, more := b.next(ctx)
		if !more {
			return
		}
		if err := f.lookUp(lasting, s); err != nil && lasting.Err() == nil {
			failed(err)
		}
	}
}

func (f *Flow) lookUp(ctx context.Context, s seen) error {
	key := "breach " + string(s.credential) + " " + hex.EncodeToString(secret.Hash(string(s.hash))[:8])
	first, err := f.Limiter.Store.Claim(ctx, key, lookAgain)
	if err != nil || !first {
		return err
	}
	looked, err := f.judge(ctx, s)
	if looked {
		return nil
	}
	// To be looked up at the next sign-in, also where it is the end of the house that cut this short.
	return errors.Join(err, f.Limiter.Store.Forget(context.WithoutCancel(ctx), key))
}

// judge reports whether a password was looked up and what follows is written down. A service that
// does not answer is no error: /readyz tells of it.
func (f *Flow) judge(ctx context.Context, s seen) (bool, error) {
	found, err := f.Passwords.Breaches.Check(ctx, s.digest)
	if err != nil || !found {
		return err == nil, nil //nolint:nilerr // told by /readyz
	}
	err = f.DB.Tx(ctx, func(ctx context.Context) error { return f.breached(ctx, s) })
	return err == nil, err
}

func (f *Flow) breached(ctx context.Context, s seen) error {
	changed, err := f.Accounts.MustResetFor(ctx, s.user, s.credential, s.hash)
	if err != nil || !changed {
		return err
	}
	user, err := f.Accounts.ByID(ctx, s.user)
	if errors.Is(err, identity.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.Log.Record(ctx, identity.Event{Type: identity.EventPasswordBreached, Subject: user.ID}); err != nil {
		return err
	}
	return f.Post(ctx, notify.Breached, notify.Facts{Name: user.Name, Email: user.Email, At: f.Now(), Link: f.Link("/forgot")}, noticeLife)
}
