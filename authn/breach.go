package authn

import (
	"context"
	"encoding/hex"
	"errors"

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

// WatchPasswords looks up the passwords that have let people in, until ctx ends. Whose password is
// known must choose another one: their sessions end, because whoever has just signed in may be one
// of those who have the list (PWD-14).
func (f *Flow) WatchPasswords(ctx context.Context, failed func(error)) {
	b := f.Passwords.Breaches
	if b == nil {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-b.waiting:
			if err := f.lookUp(ctx, s); err != nil && ctx.Err() == nil {
				failed(err)
			}
		}
	}
}

func (f *Flow) lookUp(ctx context.Context, s seen) error {
	key := "breach " + string(s.credential) + " " + hex.EncodeToString(secret.Hash(string(s.hash))[:8])
	first, err := f.Limiter.Store.Claim(ctx, key, lookAgain)
	if err != nil || !first {
		return err
	}
	found, err := f.Passwords.Breaches.Check(ctx, s.digest)
	if err != nil {
		return f.Limiter.Store.Forget(ctx, key) // to be looked up at the next sign-in
	}
	if !found {
		return nil
	}
	return f.DB.Tx(ctx, func(ctx context.Context) error { return f.breached(ctx, s) })
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
