package authn

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// StepUpMethods returns the methods by which the caller can prove again that it is them:
// their second factors first, and only those where they have any (ASVS 7.5.1).
func (f *Flow) StepUpMethods(ctx context.Context, p *identity.Principal) ([]identity.MethodID, error) {
	user, err := f.Accounts.ByID(ctx, p.UserID)
	if err != nil {
		return nil, err
	}
	seconds, err := f.seconds(ctx, user)
	if err != nil {
		return nil, err
	}
	return f.nextStepUp(ctx, user, &Login{}, seconds)
}

// nextStepUp asks for a second factor of whoever has one: a thief with the session and the
// password must not get to what a step-up guards. A remembered device stands in for nothing.
// Of everybody else one proof is enough.
func (f *Flow) nextStepUp(ctx context.Context, user *identity.User, l *Login, seconds []identity.MethodID) ([]identity.MethodID, error) {
	if identity.MultiFactor(l.Proofs) {
		return nil, nil
	}
	if len(seconds) > 0 {
		if slices.ContainsFunc(seconds, func(id identity.MethodID) bool { return proved(l.Proofs, id) }) {
			return nil, nil
		}
		return seconds, nil
	}
	if len(l.Proofs) > 0 {
		return nil, nil
	}
	list, err := f.waysIn(ctx, user)
	return slices.DeleteFunc(list, func(id identity.MethodID) bool {
		m, err := f.Method(id)
		_, elsewhere := m.(Elsewhere)
		return err != nil || elsewhere
	}), err
}

// Confirmed reports whether the caller proved within age what a step-up would ask of them. The
// time of the latest proof does not tell: with a stolen session and the password a thief could
// choose a new password, or with a stolen browser sign in from a remembered device, and both
// are proofs without the second factor. Only the session that has just set one up need not
// prove it again.
func (f *Flow) Confirmed(ctx context.Context, p *identity.Principal, age time.Duration) (bool, error) {
	if p.SessionID == "" { // of a scheme of the embedding program, which decides itself
		return true, nil
	}
	v, err := f.Sessions.Get(ctx, p.SessionID)
	if errors.Is(err, identity.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	recent := slices.DeleteFunc(slices.Clone(v.Proofs), func(proof identity.Proof) bool { return f.Now().Sub(proof.At) > age })
	if identity.MultiFactor(recent) || slices.ContainsFunc(recent, func(proof identity.Proof) bool { return f.isSecond(proof.Method) }) {
		return true, nil
	}
	list, err := f.Accounts.Credentials(ctx, p.UserID, "")
	if err != nil || !slices.ContainsFunc(list, func(c identity.Credential) bool { return f.isSecond(c.Method) }) {
		return err == nil, err
	}
	return f.enrolledBy(ctx, p.SessionID)
}

// enrolling is for how long a session that set up a factor need not prove that one: it has
// just shown it. What is forgotten meanwhile is asked for.
const enrolling = 5 * time.Minute

func enrolledKey(id identity.SessionID) string { return "enrolled by " + string(id) }

// enrolledBy reports whether the session set a factor up a moment ago. Others of the same
// user did not, however recent their password is.
func (f *Flow) enrolledBy(ctx context.Context, id identity.SessionID) (bool, error) {
	n, _, err := f.Limiter.Store.Count(ctx, enrolledKey(id), 0, enrolling)
	return n > 0, err
}

// Assured reports whether the sign-in of a person, or the one that made their API key, reached what
// their roles demand. A principal without either is no person's, or of a scheme that decides itself.
func (f *Flow) Assured(p *identity.Principal) bool {
	return p == nil || p.SessionID == "" && p.KeyID == "" || p.ACR == "aal2" || f.Policy.Demand(&identity.User{Roles: p.Roles}, Start{}) != "aal2"
}

func (f *Flow) isSecond(id identity.MethodID) bool {
	m, err := f.Method(id)
	_, second := m.(Second)
	return err == nil && second
}

// waysIn returns the methods by which the user could begin a sign-in now.
func (f *Flow) waysIn(ctx context.Context, user *identity.User) (list []identity.MethodID, err error) {
	for _, m := range f.Methods {
		first, ok := m.(First)
		if !ok {
			continue
		}
		opens, err := first.Opens(ctx, user)
		if err != nil {
			return nil, err
		}
		if opens {
			list = append(list, m.ID())
		}
	}
	return list, nil
}

// stepUp moves the proofs of a session and gives it a new secret: what was known before its
// privilege grew must open nothing (BUG-20).
func (f *Flow) stepUp(ctx context.Context, user *identity.User, l *Login, p *identity.Principal) (*SignedIn, error) {
	in := &SignedIn{User: user}
	err := f.DB.Tx(ctx, func(ctx context.Context) (err error) {
		if err = f.spend(ctx, l); err != nil {
			return err
		}
		in.Session, err = f.Sessions.Get(ctx, l.Session)
		if errors.Is(err, identity.ErrNotFound) {
			return identity.ErrNoCredentials
		}
		if err != nil {
			return err
		}
		for _, proof := range l.Proofs {
			in.Session.Proofs = proveAgain(in.Session.Proofs, proof)
		}
		if in.Cookie, err = f.Sessions.Renew(ctx, l.Session, l.Generation, in.Session.Proofs); err != nil {
			return err
		}
		last := l.Proofs[len(l.Proofs)-1]
		return f.Log.Record(ctx, identity.Event{
			Type: identity.EventSteppedUp, Actor: string(user.ID), Subject: user.ID,
			Data: map[string]string{"method": string(last.Method), "session": string(l.Session)},
		})
	})
	if err != nil {
		return nil, err
	}
	return in, f.handOver(in, p.GrantID)
}
