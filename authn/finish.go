package authn

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// An Answer is one step of a sign-in or of a step-up, as it came in.
type Answer struct {
	Method   identity.MethodID
	Login    string // the handle of a sign-in under way; "" begins one
	Start    Start  // read only when it begins one
	Input    Input
	Visit    string              // the secret of the browser; "" for a client without cookies
	Old      *identity.Principal // whom this browser was signed in as until now; nil: nobody
	Page     bool                // it comes from a page, which must not get what is for native applications
	StepUp   *identity.Principal // who proves again for their session; nil: a sign-in
	Device   string              // the secret of a remembered device; "" for none
	Known    string              // the mark of a browser that has signed in before; "" for none
	Captcha  string              // the response to a CAPTCHA; "" for none
	Remember bool                // remember this device, once a second factor was proved
	// AnyBrowser takes a link without its code in another browser than the one that asked:
	// from programs, which do not press every button they see.
	AnyBrowser bool
}

// An Outcome is either one more method to pass, or a sign-in.
type Outcome struct {
	Next      []identity.MethodID // any of these will do
	Login     string              // the handle to come back with
	ExpiresIn time.Duration
	SignedIn  *SignedIn // nil while Next is not empty
}

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
	l, err := f.login(ctx, a, false)
	if err != nil {
		return Outcome{}, Prompt{}, err
	}
	// Its answer comes from wherever the mail is read, so it cannot show that the session is in
	// the right hands.
	if _, elsewhere := m.(Elsewhere); elsewhere && l.Session != "" {
		return Outcome{}, Prompt{}, identity.ErrNotFound
	}
	l.name(a.Input)
	prompt, err := m.Begin(ctx, l, a.Input)
	if err != nil {
		return Outcome{}, Prompt{}, err
	}
	l.Asked, l.Prompt = a.Method, prompt
	if _, stateless := m.(Stateless); stateless && l.handle == "" && l.Session == "" {
		out, err := f.seal(l, a.Visit)
		return out, prompt, err
	}
	out, err := f.keep(ctx, l, a.Visit, sentLife)
	return out, prompt, err
}

// Finish runs the last step of a method and, if no further proof is needed, signs in.
func (f *Flow) Finish(ctx context.Context, a Answer) (Outcome, error) {
	m, err := f.Method(a.Method)
	if err != nil {
		return Outcome{}, err
	}
	l, attempt, err := f.try(ctx, a)
	if err != nil {
		return Outcome{}, err
	}
	proof, err := f.prove(ctx, m, l, a.Input)
	if err != nil {
		return Outcome{}, f.failed(ctx, l, a.Method, attempt, err)
	}
	l.Proofs = proveAgain(l.Proofs, proof)
	delete(l.Data, a.Method) // what was answered is not answered again
	out, err := f.proceed(ctx, l, a)
	if errors.Is(err, identity.ErrRejected) {
		// The proof was right and what came of it was no sign-in. It counts like a wrong one: else the
		// count would tell which guess was right.
		return Outcome{}, f.counted(ctx, l, a.Method, attempt, err)
	}
	return out, errors.Join(err, attempt.Succeeded(ctx))
}

// mostInRow is how many failures in a row disable the second factors of one method, until
// they are set up anew (NIST SP 800-63B-4 section 3.2.2).
const mostInRow = 100

var (
	errNotFirst = errors.New("this method cannot come first")
	errDisabled = errors.New("disabled after too many failures in a row")
)

// prove asks the method for its verdict.
func (f *Flow) prove(ctx context.Context, m Method, l *Login, in Input) (identity.Proof, error) {
	second, isSecond := m.(Second)
	_, isFirst := m.(First)
	if isSecond && !isFirst && len(l.Proofs) == 0 && l.Session == "" {
		return identity.Proof{}, identity.ErrRejected.Because(errNotFirst)
	}
	counted := isSecond && l.UserID != ""
	if isSecond && !counted && l.Named != "" { // the address is nobody's, and costs the same
		if err := f.decoy(ctx); err != nil {
			return identity.Proof{}, err
		}
	}
	if counted {
		allowed, err := f.Accounts.Attempted(ctx, l.UserID, second.ID(), mostInRow)
		if err != nil {
			return identity.Proof{}, err
		}
		if !allowed {
			return identity.Proof{}, identity.ErrRejected.Because(errDisabled)
		}
	}
	proof, err := m.Finish(ctx, l, in)
	if err == nil && counted {
		err = f.Accounts.Succeeded(ctx, l.UserID, second.ID())
	}
	return proof, err
}

// proceed asks whether the proofs are enough, and signs in if they are.
func (f *Flow) proceed(ctx context.Context, l *Login, a Answer) (Outcome, error) {
	user, err := f.Accounts.ByID(ctx, l.UserID)
	if err != nil {
		return Outcome{}, err
	}
	if user.State != identity.Active || user.Generation != l.Generation { // ended while it was under way
		if l.handle != "" {
			return Outcome{}, identity.ErrLinkExpired
		}
		return Outcome{}, identity.ErrRejected
	}
	if l.Named != user.Email {
		l.Named = "" // somebody else's failures are not this user's to forgive, nor theirs to cause
	}
	if user.MustReset {
		return Outcome{}, identity.ErrMustReset
	}
	if err := f.proveAddress(ctx, user, l); err != nil {
		return Outcome{}, err
	}
	l.Remember = l.Remember || a.Remember
	if err := f.assess(ctx, user, l, a); err != nil {
		return Outcome{}, err
	}
	if l.Next, err = f.next(ctx, user, l, a.Device); err != nil {
		return Outcome{}, err
	}
	if len(l.Next) == 0 {
		if l.Next, err = f.doubts(ctx, user, l); err != nil {
			return Outcome{}, err
		}
	}
	if len(l.Next) > 0 {
		l.Asked, l.Prompt = "", Prompt{}
		return f.keep(ctx, l, a.Visit, loginLife)
	}
	if l.Session != "" {
		in, err := f.stepUp(ctx, user, l, a.StepUp)
		return Outcome{SignedIn: in}, err
	}
	if err := f.mustEnroll(ctx, user, l, a); err != nil {
		return Outcome{}, err
	}
	in, err := f.signIn(ctx, user, l, a.Old)
	return Outcome{SignedIn: in}, err
}

// proveAddress notes that an address is its user's, once they answered what was mailed there.
// By mail alone they come into an account that is new to them: what was set up before goes.
// Threat: somebody makes an account of an address that is not theirs and waits for its owner,
// who would move in beside them (BUG-17).
func (f *Flow) proveAddress(ctx context.Context, user *identity.User, l *Login) error {
	if user.EmailVerified || !slices.ContainsFunc(l.Proofs, byMail) {
		return nil
	}
	user.EmailVerified = true
	return f.DB.Tx(ctx, func(ctx context.Context) error {
		if !slices.ContainsFunc(l.Proofs, func(p identity.Proof) bool { return !byMail(p) }) {
			if err := f.Strip(ctx, user.ID); err != nil {
				return err
			}
			generation, err := f.endOthers(ctx, user.ID, "")
			if err != nil {
				return err
			}
			user.Generation, l.Generation = generation, generation
		}
		return f.Accounts.Prove(ctx, user.ID, user.Email)
	})
}

func byMail(p identity.Proof) bool { return p.Factor&identity.Mailbox != 0 }
