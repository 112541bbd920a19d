package authn

import (
	"context"
	"errors"
	"slices"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/password"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// Password is the ID of the method by password.
const Password identity.MethodID = "password"

// Passwords checks and sets passwords. Accounts and Hasher are required.
type Passwords struct {
	Accounts *account.Store
	Hasher   *password.Hasher
	Policy   password.Policy
	// Breaches are asked for each password that is set, and after a sign-in; nil: none are.
	Breaches *Breaches
}

// Verify checks a user's password; a nil user costs the same work and never passes
// (BUG-21). It returns an error that wraps password.ErrMismatch for what does not match. A
// hash of weaker or older make is replaced on the way (PWD-08).
func (p *Passwords) Verify(ctx context.Context, user *identity.User, text string) error {
	var who identity.UserID
	if user != nil {
		who = user.ID
	}
	list, err := p.Accounts.Credentials(ctx, who, Password)
	if err != nil {
		return err
	}
	var has identity.Credential
	if len(list) > 0 {
		has = list[0]
	}
	weak, err := p.Hasher.Verify(ctx, string(has.Data), text)
	if err != nil {
		return err
	}
	if weak {
		if has, err = p.renew(ctx, has, text); err != nil {
			return err
		}
	}
	p.Breaches.note(has, text)
	return nil
}

// renew replaces a hash by a fresh one of the same password, and returns the credential as it then is.
func (p *Passwords) renew(ctx context.Context, has identity.Credential, text string) (identity.Credential, error) {
	fresh, err := p.Hasher.Hash(ctx, text)
	if err != nil {
		return has, err
	}
	replaced, err := p.Accounts.Replace(ctx, has.ID, has.Data, []byte(fresh))
	if replaced {
		has.Data = []byte(fresh)
	}
	return has, err
}

// Survey looks which makes of hashes there are, so that verifications are padded to the slowest. It
// reads one hash of each make: it is cheap enough to be done often.
func (p *Passwords) Survey(ctx context.Context) error {
	var live []string
	for after := ""; len(live) <= mostMakes; {
		hash, err := p.Accounts.PasswordAfter(ctx, after)
		if err != nil {
			return err
		}
		if hash == "" {
			break
		}
		live = append(live, hash)
		after = password.Make(hash) + "\xff" // which no hash has: behind all of its make
	}
	p.Hasher.Live(live)
	return nil
}

// mostMakes bounds a survey; bcrypt alone has twelve costs in three spellings.
const mostMakes = 100

// Hash returns the hash of a password that the policy allows; context words, such as the
// user's address and name, must not be one.
func (p *Passwords) Hash(ctx context.Context, text string, context ...string) (string, error) {
	if err := p.Policy.Check(text, false, context...); err != nil {
		return "", err
	}
	if err := p.Breaches.refuse(ctx, text); err != nil {
		return "", err
	}
	return p.Hasher.Hash(ctx, text)
}

// Set gives a user the password of a hash, in the transaction of ctx.
func (p *Passwords) Set(ctx context.Context, user identity.UserID, hash string) error {
	return p.Accounts.Enroll(ctx, &identity.Credential{UserID: user, Method: Password, Lookup: string(user), Data: []byte(hash)})
}

// ChangePassword replaces the password of the caller. The current one is the fresh proof;
// this session stays, with a new secret, and all others end (SES-29).
func (f *Flow) ChangePassword(ctx context.Context, p *identity.Principal, current, chosen string) (*SignedIn, error) {
	if chosen == "" {
		return nil, identity.ErrInvalid.With("newPassword", "is missing")
	}
	user, err := f.Accounts.ByID(ctx, p.UserID)
	if err != nil {
		return nil, err
	}
	budget := throttle.Budget{Key: accountKey(Password, string(user.ID)), Rate: f.Limiter.Rate(throttle.FailedAccount), Ladder: true}
	attempt, err := f.Limiter.Begin(ctx, budget)
	if err != nil {
		return nil, err
	}
	if err := f.Passwords.Verify(ctx, user, current); err != nil {
		if errors.Is(err, password.ErrMismatch) {
			err = identity.ErrRejected.Because(err)
		}
		return nil, f.failed(ctx, &Login{UserID: user.ID}, Password, attempt, err)
	}
	if err := attempt.Succeeded(ctx); err != nil {
		return nil, err
	}
	hash, err := f.Passwords.Hash(ctx, chosen, user.Email, user.Name)
	if err != nil {
		return nil, rename(err, "password", "newPassword")
	}
	return f.changed(ctx, p, user, hash)
}

// rename says which member of the body an error is about, where it has another name.
func rename(err error, from, to string) error {
	var e *identity.Error
	if !errors.As(err, &e) || e.Fields[from] == "" {
		return err
	}
	c := *e
	c.Fields = map[string]string{to: e.Fields[from]}
	return &c
}

// changed writes the change down. Of several that were proved by the same old password one
// takes place: the generation moves by one step from where it was proved.
func (f *Flow) changed(ctx context.Context, p *identity.Principal, proved *identity.User, hash string) (*SignedIn, error) {
	in := &SignedIn{}
	err := f.DB.Tx(ctx, func(ctx context.Context) (err error) {
		generation, err := f.endOthers(ctx, p.UserID, p.SessionID)
		if err != nil {
			return err
		}
		if generation != proved.Generation+1 {
			return identity.ErrRejected
		}
		if err = f.Passwords.Set(ctx, p.UserID, hash); err != nil {
			return err
		}
		if err = f.Accounts.Withdraw(ctx, ResetPurpose, string(p.UserID)); err != nil {
			return err
		}
		if in.User, err = f.Accounts.ByID(ctx, p.UserID); err != nil {
			return err
		}
		if in.Session, err = f.Sessions.Get(ctx, p.SessionID); err != nil {
			return gone(err)
		}
		in.Session.Proofs = proveAgain(in.Session.Proofs, identity.Proof{Method: Password, Factor: identity.Knowledge, At: f.Now()})
		if in.Cookie, err = f.Sessions.Renew(ctx, p.SessionID, generation, in.Session.Proofs); err != nil {
			return err
		}
		if err = f.Log.Record(ctx, identity.Event{Type: identity.EventPasswordChanged, Subject: p.UserID}); err != nil {
			return err
		}
		return f.Notice(ctx, in.User, notify.PasswordChanged, notify.Facts{
			Device: notify.Device(identity.OriginOf(ctx).UserAgent), Link: f.Link("/account/password"),
		})
	})
	if err != nil {
		return nil, err
	}
	return in, f.handOver(in, p.GrantID)
}

// proveAgain puts a new proof in the place of an older one by the same method.
func proveAgain(proofs []identity.Proof, fresh identity.Proof) []identity.Proof {
	kept := slices.DeleteFunc(slices.Clone(proofs), func(p identity.Proof) bool { return p.Method == fresh.Method })
	return append(kept, fresh)
}
