package authn

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// An EnrollStep is one step of setting up a method: by somebody signed in, or by somebody who
// must do it before they can be.
type EnrollStep struct {
	Method identity.MethodID
	Caller *identity.Principal // who is signed in; nil: Answer names a sign-in under way
	Answer Answer
	Input  Input
}

// Added is what setting up a method came to.
type Added struct {
	Credentials []identity.Credential
	Codes       []string // backup codes to be shown once; empty: none were made
	Outcome     Outcome  // of the sign-in under way; zero for a Caller
}

const (
	enrollPurpose = "enroll"
	enrollLife    = 10 * time.Minute
)

// ErrNothingPending is an answer to a set-up that was not begun, was finished, or is over.
var ErrNothingPending = &identity.Error{Kind: identity.Conflict, Code: "CONFLICT", Message: "Nothing is being set up. Please begin again."}

// ErrNothingToSpare is a wish for backup codes by somebody who has no factor for which they
// could stand in: they would become the only one, which must be proved at every sign-in.
var ErrNothingToSpare = &identity.Error{
	Kind: identity.Conflict, Code: "CONFLICT", Message: "Backup codes stand in for another second factor. Please set one up first.",
}

func (f *Flow) enroller(id identity.MethodID) (Enroller, error) {
	m, err := f.Method(id)
	if err != nil {
		return nil, err
	}
	e, ok := m.(Enroller)
	if !ok {
		return nil, identity.ErrNotFound
	}
	return e, nil
}

// enrollee finds who sets up, and the sign-in under way that waits for it. Only one that must
// may: whoever has a second factor already proves it first.
func (f *Flow) enrollee(ctx context.Context, s EnrollStep, tries bool) (*identity.User, *Login, error) {
	if s.Caller != nil {
		user, err := f.Accounts.ByID(ctx, s.Caller.UserID)
		return user, nil, err
	}
	if s.Answer.Login == "" {
		return nil, nil, identity.ErrLinkExpired
	}
	l, err := f.login(ctx, s.Answer, tries)
	if err != nil {
		return nil, nil, err
	}
	if len(l.Proofs) == 0 || l.UserID == "" {
		return nil, nil, identity.ErrLinkExpired
	}
	if !slices.Contains(f.Enrollable(), s.Method) {
		return nil, nil, identity.ErrNotFound
	}
	user, err := f.lacking(ctx, l)
	return user, l, err
}

// lacking returns the user of a sign-in that lacks a second factor, which they have none of,
// and nothing else. Threat: whoever knows a password could else plant a factor before its
// owner has proved the address, or in the place of the owner's, or in the place of the proof that
// an odd sign-in is asked for.
func (f *Flow) lacking(ctx context.Context, l *Login) (*identity.User, error) {
	user, err := f.Accounts.ByID(ctx, l.UserID)
	if err != nil {
		return nil, err
	}
	seconds, err := f.seconds(ctx, user)
	if err != nil {
		return nil, err
	}
	unproved := !user.EmailVerified && !f.Unverified
	if len(seconds) > 0 || len(l.Next) > 0 || unproved || user.MustReset || f.Policy.Demand(user, l.Start) != "aal2" ||
		user.State != identity.Active || user.Generation != l.Generation {
		return nil, identity.ErrLinkExpired
	}
	return user, nil
}

// BeginEnroll runs the first step of setting up a method. What it prepared waits ten minutes
// for the second; a newer beginning takes its place.
func (f *Flow) BeginEnroll(ctx context.Context, s EnrollStep) (Prompt, error) {
	m, err := f.enroller(s.Method)
	if err != nil {
		return Prompt{}, err
	}
	user, _, err := f.enrollee(ctx, s, false)
	if err != nil {
		return Prompt{}, err
	}
	e := &Enrollment{User: user}
	prompt, err := m.BeginEnroll(ctx, e, s.Input)
	if err != nil {
		return Prompt{}, err
	}
	data, err := json.Marshal(pending{Label: s.Input.Label, Data: e.Data})
	if err != nil {
		return Prompt{}, err
	}
	_, err = f.Accounts.Sole(ctx, identity.Challenge{
		Purpose: enrollPurpose, Subject: enrollSubject(user, s.Method), UserID: user.ID, Data: data, ExpiresAt: f.Now().Add(enrollLife),
	})
	return prompt, err
}

// A pending enrollment is what is kept of it between its steps.
type pending struct {
	Label string `json:"label"` // the name that was given with the first step
	Data  []byte `json:"data"`  // the method's
}

func enrollSubject(user *identity.User, m identity.MethodID) string {
	return string(user.ID) + " " + string(m)
}

// FinishEnroll runs the last step and keeps the credential. An answer that is not accepted is
// identity.ErrCode; after five of them it must be begun again.
func (f *Flow) FinishEnroll(ctx context.Context, s EnrollStep) (Added, error) {
	m, err := f.enroller(s.Method)
	if err != nil {
		return Added{}, err
	}
	user, l, err := f.enrollee(ctx, s, true)
	if err != nil {
		return Added{}, err
	}
	if err := f.spareable(ctx, user, m); err != nil {
		return Added{}, err
	}
	e := &Enrollment{User: user}
	c, err := f.Accounts.TryNewest(ctx, enrollPurpose, enrollSubject(user, s.Method), loginTries)
	if errors.Is(err, identity.ErrLinkExpired) {
		return Added{}, ErrNothingPending
	}
	if err != nil {
		return Added{}, err
	}
	var p pending
	if err := json.Unmarshal(c.Data, &p); err != nil {
		return Added{}, err
	}
	e.Data, s.Input.Label = p.Data, cmp.Or(s.Input.Label, p.Label)
	done, err := m.FinishEnroll(ctx, e, s.Input)
	if errors.Is(err, identity.ErrRejected) {
		return Added{}, identity.ErrCode.Because(err)
	}
	if err != nil {
		return Added{}, err
	}
	return f.enrolled(ctx, user, m, l, s, c.ID, done)
}

// spareable refuses backup codes to whoever has nothing that can be lost.
func (f *Flow) spareable(ctx context.Context, user *identity.User, m Method) error {
	if !f.IsSpare(m.ID()) {
		return nil
	}
	seconds, err := f.seconds(ctx, user)
	if err == nil && !f.factors(seconds) {
		err = ErrNothingToSpare
	}
	return err
}

// enrolled keeps what was set up, with spares for whoever has none, and goes on with the
// sign-in that waited for it.
func (f *Flow) enrolled(ctx context.Context, user *identity.User, m Enroller, l *Login, s EnrollStep, waits identity.ChallengeID, done Enrolled) (Added, error) {
	spare, spares, err := f.spares(ctx, user, m)
	if err != nil {
		return Added{}, err
	}
	err = f.DB.Tx(ctx, func(ctx context.Context) error {
		if err := f.Accounts.Hold(ctx, user.ID); err != nil {
			return err
		}
		if l != nil { // of two such sign-ins the one that came second finds a factor
			if _, err := f.lacking(ctx, l); err != nil {
				return err
			}
		}
		if err := f.Accounts.SpendID(ctx, waits); errors.Is(err, identity.ErrLinkExpired) {
			return ErrNothingPending
		} else if err != nil {
			return err
		}
		if err := f.added(ctx, user, m, done); err != nil || spare == nil {
			return err
		}
		return f.keepCredentials(ctx, user, spare, spares)
	})
	if err != nil {
		return Added{}, err
	}
	a := Added{Credentials: done.Credentials, Codes: append(done.Codes, spares.Codes...)}
	if l == nil {
		_, _, err := f.Limiter.Store.Count(ctx, enrolledKey(s.Caller.SessionID), 1, enrolling)
		return a, err
	}
	if !done.Proof.At.IsZero() {
		l.Proofs = append(l.Proofs, done.Proof)
	}
	a.Outcome, err = f.proceed(ctx, l, s.Answer)
	return a, err
}

// spares makes backup codes for whoever sets up a second factor and has none. They are
// hashed, so this happens outside of the transaction.
func (f *Flow) spares(ctx context.Context, user *identity.User, m Method) (Spare, Enrolled, error) {
	if _, second := m.(Second); !second || f.IsSpare(m.ID()) {
		return nil, Enrolled{}, nil
	}
	for _, other := range f.Methods {
		spare, ok := other.(Spare)
		if !ok {
			continue
		}
		has, err := spare.Enrolled(ctx, user)
		if err != nil || has {
			return nil, Enrolled{}, err
		}
		set, err := spare.Issue(ctx, user)
		return spare, set, err
	}
	return nil, Enrolled{}, nil
}

// added keeps the credentials and tells the log and the user.
func (f *Flow) added(ctx context.Context, user *identity.User, m Method, done Enrolled) error {
	before, err := f.seconds(ctx, user)
	if err != nil {
		return err
	}
	if err := f.keepCredentials(ctx, user, m, done); err != nil {
		return err
	}
	if _, second := m.(Second); second && !f.factors(before) {
		if err := f.Log.Record(ctx, identity.Event{Type: identity.EventMFAEnrolled, Subject: user.ID, Data: map[string]string{"method": string(m.ID())}}); err != nil {
			return err
		}
	}
	kind := notify.FactorAdded
	if f.IsSpare(m.ID()) {
		kind = notify.CodesRenewed
	}
	var ids []identity.CredentialID
	for _, c := range done.Credentials {
		ids = append(ids, c.ID)
	}
	return f.noticeOf(ctx, user, user.Email, kind, notify.Facts{Method: string(m.ID()), Link: f.Link("/account/security")}, ids)
}

func (f *Flow) keepCredentials(ctx context.Context, user *identity.User, m Method, done Enrolled) error {
	if done.Replaces {
		if _, err := f.Accounts.TakeAll(ctx, user.ID, m.ID()); err != nil {
			return err
		}
	}
	label := ""
	for i := range done.Credentials {
		c := &done.Credentials[i]
		c.UserID, c.Method = user.ID, m.ID()
		if err := f.Accounts.Enroll(ctx, c); err != nil {
			return err
		}
		label = c.Label
	}
	return f.Log.Record(ctx, identity.Event{
		Type: identity.EventCredentialAdded, Subject: user.ID, Data: map[string]string{"method": string(m.ID()), "label": label},
	})
}

// SpareCodes makes a new set of backup codes; the one before is dead. A house without such a
// method answers identity.ErrNotFound. It runs both steps: the last one alone, which asks for
// no fresh proof, must make nothing.
func (f *Flow) SpareCodes(ctx context.Context, p *identity.Principal) ([]string, error) {
	for _, m := range f.Methods {
		if _, ok := m.(Spare); !ok {
			continue
		}
		s := EnrollStep{Method: m.ID(), Caller: p}
		if _, err := f.BeginEnroll(ctx, s); err != nil {
			return nil, err
		}
		added, err := f.FinishEnroll(ctx, s)
		return added.Codes, err
	}
	return nil, identity.ErrNotFound
}
