// Package totp signs people in by the code that an authenticator application shows.
//
// It proves possession of a key that the house and the application share (RFC 6238 on top of
// RFC 4226; NIST SP 800-63B-4 section 3.1.4). Its threats are a code that is seen and used
// again, which one conditional statement refuses on every machine of the house, guessing,
// which the Flow throttles, and a stolen database, in which the keys are sealed.
//
// The codes themselves are computed by github.com/pquerna/otp/hotp, one call; its package
// totp is not used, because it neither tells which step a code was of nor remembers it, and
// so takes a code twice.
package totp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// ID is the ID of the method.
const ID identity.MethodID = "totp"

// A Method asks for the code of an authenticator application. The zero Method makes keys
// that every application understands. A change of its fields is for new keys; each key that
// there is stays as it was made.
type Method struct {
	Digits    int    // of a code: 6 or 8; 0 means 6
	Algorithm string // SHA1 or SHA256, which some applications do not know; "" means SHA1
	Issuer    string // the name that applications show beside the address; "" means the product's

	flow *authn.Flow
}

var (
	_ authn.AtOnce   = (*Method)(nil)
	_ authn.Second   = (*Method)(nil)
	_ authn.Enroller = (*Method)(nil)
	_ authn.Resident = (*Method)(nil)
)

// ID implements authn.Method.
func (m *Method) ID() identity.MethodID { return ID }

// AtOnce implements authn.AtOnce.
func (m *Method) AtOnce() {}

// Settle implements authn.Resident.
func (m *Method) Settle(f *authn.Flow) { m.flow = f }

// Begin implements authn.Method; there is nothing to prepare.
func (m *Method) Begin(context.Context, *authn.Login, authn.Input) (authn.Prompt, error) {
	return authn.Prompt{}, nil
}

// Enrolled implements authn.Second.
func (m *Method) Enrolled(ctx context.Context, user *identity.User) (bool, error) {
	list, err := m.flow.Accounts.Credentials(ctx, user.ID, ID)
	return len(list) > 0, err
}

var (
	errNobody = errors.New("no user is known yet")
	errNone   = errors.New("the user has no authenticator application")
	errWrong  = errors.New("wrong code")
	errUsed   = errors.New("the code, or a later one, was used")
)

func rejected(cause error) error { return identity.ErrRejected.Because(cause) }

// Finish implements authn.Method.
func (m *Method) Finish(ctx context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	if l.UserID == "" {
		return identity.Proof{}, rejected(errNobody)
	}
	user, err := m.flow.Accounts.ByID(ctx, l.UserID)
	switch {
	case errors.Is(err, identity.ErrNotFound):
		return identity.Proof{}, rejected(err)
	case err != nil:
		return identity.Proof{}, err
	case user.State != identity.Active:
		return identity.Proof{}, rejected(errors.New("user is " + string(user.State)))
	}
	if err := m.use(ctx, user.ID, in.Code); err != nil {
		return identity.Proof{}, err
	}
	return m.proof(), nil
}

func (m *Method) proof() identity.Proof {
	return identity.Proof{Method: ID, Factor: identity.Possession, At: m.flow.Now()}
}

// use takes a code once. Whoever loses to another code that came in between is judged again
// by what that one left: every loss moves the last step on, and no more steps than the
// window has can be ahead of it.
func (m *Method) use(ctx context.Context, user identity.UserID, code string) error {
	for range 2*window + 1 {
		list, err := m.flow.Accounts.Credentials(ctx, user, ID)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return rejected(errNone)
		}
		used, err := m.usedBy(list[0], code)
		if err != nil {
			return err
		}
		won, err := m.flow.Accounts.Use(ctx, list[0].ID, list[0].Data, used)
		if err != nil || won {
			return err
		}
	}
	return rejected(errUsed)
}

// usedBy returns what a credential holds once code is used.
func (m *Method) usedBy(c identity.Credential, code string) (json.RawMessage, error) {
	k, err := readKey(c.Data)
	if err != nil {
		return nil, err
	}
	step, err := m.stepOf(k, c.UserID, code)
	if err != nil {
		return nil, err
	}
	if step <= k.Step { // ASVS 6.5.1: each code once, and none from before it
		return nil, rejected(errUsed)
	}
	k.Step = step
	return json.Marshal(k)
}

// BeginEnroll implements authn.Enroller: it draws the key and shows it in all forms in which
// applications take one.
func (m *Method) BeginEnroll(_ context.Context, e *authn.Enrollment, _ authn.Input) (authn.Prompt, error) {
	k, text, err := m.draw(e.User.ID)
	if err != nil {
		return authn.Prompt{}, err
	}
	if e.Data, err = json.Marshal(k); err != nil {
		return authn.Prompt{}, err
	}
	url := k.url(text, cmp.Or(m.Issuer, m.flow.Product), cmp.Or(e.User.Email, e.User.Name, string(e.User.ID)))
	svg, err := drawing(url)
	if err != nil {
		return authn.Prompt{}, err
	}
	return authn.Prompt{
		Fields: []authn.Field{authn.CodeField},
		Secret: &authn.Shared{Key: text, URL: url, SVG: svg},
	}, nil
}

// FinishEnroll implements authn.Enroller: the first code shows that the application has the
// key. It counts as used.
func (m *Method) FinishEnroll(_ context.Context, e *authn.Enrollment, in authn.Input) (authn.Enrolled, error) {
	if len(e.Data) == 0 {
		return authn.Enrolled{}, rejected(errNone)
	}
	k, err := readKey(e.Data)
	if err != nil {
		return authn.Enrolled{}, err
	}
	if k.Step, err = m.stepOf(k, e.User.ID, in.Code); err != nil {
		return authn.Enrolled{}, err
	}
	data, err := json.Marshal(k)
	return authn.Enrolled{
		Credentials: []identity.Credential{{Lookup: string(e.User.ID), Data: data}},
		Replaces:    true, Proof: m.proof(),
	}, err
}
