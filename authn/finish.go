package authn

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// An Answer is one step of a sign-in, as it came in.
type Answer struct {
	Method identity.MethodID
	Login  string // the handle of a sign-in under way; "" begins one
	Start  Start  // read only when it begins one
	Input  Input
	Visit  string              // the secret of the browser; "" for a client without cookies
	Old    *identity.Principal // whom this browser was signed in as until now; nil: nobody
	Page   bool                // it comes from a page, which must not get what is for native applications
}

// An Outcome is either one more method to pass, or a sign-in.
type Outcome struct {
	Next      []identity.MethodID // any of these will do
	Login     string              // the handle to come back with
	ExpiresIn time.Duration
	SignedIn  *SignedIn // nil while Next is not empty
}

const (
	loginPurpose = "login"
	loginLife    = 5 * time.Minute
	loginTries   = 5
)

// ErrCode is a later proof of a sign-in that was not accepted.
var ErrCode = &identity.Error{Kind: identity.Invalid, Code: "INVALID_CODE", Message: "Invalid code"}

// ErrMustReset is a right proof of somebody who must choose a new password first (BRE-05).
var ErrMustReset = &identity.Error{Kind: identity.Forbidden, Code: "PASSWORD_RESET_REQUIRED", Message: "Please choose a new password before you sign in."}

// Method returns the method with an ID, or identity.ErrNotFound.
func (f *Flow) Method(id identity.MethodID) (Method, error) {
	for _, m := range f.Methods {
		if m.ID() == id {
			return m, nil
		}
	}
	return nil, identity.ErrNotFound
}

// Begin runs the first step of a method that has one. The sign-in under way is kept, and
// the Outcome names it.
func (f *Flow) Begin(ctx context.Context, a Answer) (Outcome, Prompt, error) {
	m, err := f.Method(a.Method)
	if err != nil {
		return Outcome{}, Prompt{}, err
	}
	l, err := f.login(ctx, a)
	if err != nil {
		return Outcome{}, Prompt{}, err
	}
	prompt, err := m.Begin(ctx, l, a.Input)
	if err != nil {
		return Outcome{}, Prompt{}, err
	}
	out, err := f.keep(ctx, l, a.Visit, nil)
	return out, prompt, err
}

// Finish runs the last step of a method and, if no further proof is needed, signs in.
func (f *Flow) Finish(ctx context.Context, a Answer) (Outcome, error) {
	m, err := f.Method(a.Method)
	if err != nil {
		return Outcome{}, err
	}
	l, err := f.login(ctx, a)
	if err != nil {
		return Outcome{}, err
	}
	attempt, err := f.Limiter.Begin(ctx, f.budgets(ctx, l, a)...)
	if err != nil {
		return Outcome{}, err
	}
	proof, err := m.Finish(ctx, l, a.Input)
	if err != nil {
		return Outcome{}, f.failed(ctx, l, a.Method, attempt, err)
	}
	// The address keeps its count of failures: a thief with one account of their own could
	// else wipe it clean after every few guesses.
	if err := attempt.Succeeded(ctx, func(b throttle.Budget) bool { return !strings.HasPrefix(b.Key, "login address ") }); err != nil {
		return Outcome{}, err
	}
	l.Proofs = append(l.Proofs, proof)
	return f.proceed(ctx, l, a)
}

// budgets are the three keys of every attempt (RAT-06). What is typed as an address counts
// whether or not it is somebody's (RAT-14).
func (f *Flow) budgets(ctx context.Context, l *Login, a Answer) []throttle.Budget {
	ip := throttle.Network(identity.OriginOf(ctx).IP)
	who := string(l.UserID)
	if who == "" {
		who, _ = account.Address(a.Input.Email)
	}
	list := []throttle.Budget{{Key: "login address " + ip, Rate: f.Limits.address()}}
	if who != "" {
		list = append(list,
			throttle.Budget{Key: "login account " + string(a.Method) + " " + who, Rate: f.Limits.account()},
			throttle.Budget{Key: "login pair " + string(a.Method) + " " + ip + " " + who, Rate: f.Limits.account()})
	}
	return list
}

// failed tells the log the cause and the client none. Only what the method rejected counts
// as a failure: an overloaded house is not the caller's fault.
func (f *Flow) failed(ctx context.Context, l *Login, method identity.MethodID, attempt *throttle.Attempt, err error) error {
	if !errors.Is(err, identity.ErrRejected) {
		return errors.Join(err, attempt.Succeeded(ctx, func(throttle.Budget) bool { return false }))
	}
	event := identity.Event{Type: identity.EventLoginFailed, Subject: l.UserID, Data: map[string]string{"method": string(method), "cause": cause(err)}}
	if recordErr := f.Log.Record(ctx, event); recordErr != nil {
		return recordErr
	}
	if len(l.Proofs) > 0 {
		return ErrCode.Because(err)
	}
	return err
}

func cause(err error) string {
	if inner := errors.Unwrap(err); inner != nil {
		return inner.Error()
	}
	return ""
}

// login loads the sign-in under way that the answer names, or begins one. A handle is good
// for five tries from the browser that began it.
func (f *Flow) login(ctx context.Context, a Answer) (*Login, error) {
	if a.Login == "" {
		l := &Login{Start: a.Start, Data: map[identity.MethodID]json.RawMessage{}}
		if l.Start.Mode == "" {
			l.Start.Mode = identity.ModeToken
		}
		return l, l.check(a)
	}
	c, err := f.Accounts.Try(ctx, loginPurpose, a.Login, loginTries)
	if err != nil {
		return nil, err
	}
	if len(c.Visit) > 0 && !secret.Equal(c.Visit, secret.Hash(a.Visit)) {
		return nil, identity.ErrLinkExpired
	}
	l := &Login{Data: map[identity.MethodID]json.RawMessage{}}
	if err := json.Unmarshal(c.Data, l); err != nil {
		return nil, err
	}
	l.handle, l.id, l.deadline = a.Login, c.ID, c.ExpiresAt
	return l, l.check(a)
}

// check refuses a mode that does not exist, and native to pages: a script must not get hold
// of a refresh token, whichever step it takes part in.
func (l *Login) check(a Answer) error {
	if !l.Start.Mode.Valid() {
		return identity.ErrInvalid.With("mode", "must be token, cookie, cookie-token or native")
	}
	if l.Start.Mode == identity.ModeNative && a.Page {
		return identity.ErrInvalid.With("mode", "native is not for browsers")
	}
	return nil
}

// proceed asks whether the proofs are enough, and signs in if they are.
func (f *Flow) proceed(ctx context.Context, l *Login, a Answer) (Outcome, error) {
	user, err := f.Accounts.ByID(ctx, l.UserID)
	if err != nil {
		return Outcome{}, err
	}
	if user.State != identity.Active || user.Generation != l.Generation {
		return Outcome{}, identity.ErrRejected // ended while it was under way
	}
	if user.MustReset {
		return Outcome{}, ErrMustReset
	}
	next, err := f.next(ctx, user, l.Proofs)
	if err != nil {
		return Outcome{}, err
	}
	if len(next) > 0 {
		return f.keep(ctx, l, a.Visit, next)
	}
	in, err := f.signIn(ctx, user, l, a.Old)
	return Outcome{SignedIn: in}, err
}

// next returns the methods of which one must still be passed: the proof of an address that
// nobody has proved, and the user's own second factors until the proofs span two kinds of
// evidence.
func (f *Flow) next(ctx context.Context, user *identity.User, proofs []identity.Proof) ([]identity.MethodID, error) {
	if !user.EmailVerified && !f.Unverified {
		return []identity.MethodID{"email-code"}, nil
	}
	if identity.MultiFactor(proofs) {
		return nil, nil
	}
	var next []identity.MethodID
	for _, m := range f.Methods {
		second, ok := m.(Second)
		if !ok || m.ID() == proofs[0].Method {
			continue
		}
		enrolled, err := second.Enrolled(ctx, user)
		if err != nil {
			return nil, err
		}
		if enrolled {
			next = append(next, m.ID())
		}
	}
	return next, nil
}

// keep stores a sign-in between its steps and hands out its handle.
func (f *Flow) keep(ctx context.Context, l *Login, visit string, next []identity.MethodID) (Outcome, error) {
	data, err := json.Marshal(l)
	if err != nil {
		return Outcome{}, err
	}
	now := f.Now()
	if l.handle != "" {
		err := f.Accounts.Update(ctx, l.id, l.UserID, data)
		return Outcome{Next: next, Login: l.handle, ExpiresIn: l.deadline.Sub(now)}, err
	}
	c := identity.Challenge{Purpose: loginPurpose, Subject: string(l.UserID), UserID: l.UserID, Data: data, ExpiresAt: now.Add(loginLife)}
	if visit != "" {
		c.Visit = secret.Hash(visit)
	}
	handle, err := f.Accounts.Challenge(ctx, c)
	return Outcome{Next: next, Login: handle, ExpiresIn: loginLife}, err
}
