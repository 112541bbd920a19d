// Package sms proves by a code in a text message that somebody has the phone of a number.
//
// It proves possession, restricted (NIST SP 800-63B-4 section 3.1.3.3): numbers are taken over
// by SIM swap, texts are read by SS7 and by malware, codes are relayed by phishing pages
// (MFA-13). So it is a second factor, and a first one only where its field Alone says so.
// Further threats are texts at our cost to numbers that earn by them, for which numbers,
// networks and the whole house have limits; guessing, against which a code has five tries and
// five minutes; and enumeration, where it comes first. Texts end with the line that lets
// phones fill the code in on our own pages only (WICG, Origin-bound one-time codes).
package sms

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

const (
	// ID is the method's.
	ID identity.MethodID = "sms"
	// setUp is what codes for setting a number up are sealed for: none of them signs in.
	setUp identity.MethodID = "sms set-up"
	// life is how long a code works (NIST SP 800-63B-4 section 3.1.3.2 allows ten minutes).
	life = 5 * time.Minute
)

// A Method texts codes. The zero Method works once it is settled.
type Method struct {
	// Alone lets a sign-in begin with a text, for people without mail and passkeys: whoever
	// takes over a number then takes over the account.
	Alone bool
	// Region is where numbers without a country are from, "DE"; "" wants them to begin with +.
	Region string
	// Prefixes are the countries that are texted, "+49"; empty: all.
	Prefixes []string
	// Daily is how many texts the house sends a day; 0 means 1000.
	Daily int

	flow *authn.Flow
}

var (
	_ authn.First     = (*Method)(nil)
	_ authn.Second    = (*Method)(nil)
	_ authn.Enroller  = (*Method)(nil)
	_ authn.Resident  = (*Method)(nil)
	_ authn.Describer = (*Method)(nil)
)

var (
	errNotFirst = errors.New("a text cannot come first here")
	errNumber   = errors.New("the code went to another number than the user's")
)

// ID implements authn.Method.
func (m *Method) ID() identity.MethodID { return ID }

// Settle implements authn.Resident.
func (m *Method) Settle(f *authn.Flow) { m.flow = f }

// Opens implements authn.First. Unless Alone is set a text opens nothing.
func (m *Method) Opens(ctx context.Context, user *identity.User) (bool, error) {
	if !m.Alone {
		return false, nil
	}
	return m.Enrolled(ctx, user)
}

// Enrolled implements authn.Second.
func (m *Method) Enrolled(ctx context.Context, user *identity.User) (bool, error) {
	list, err := m.flow.Accounts.Credentials(ctx, user.ID, ID)
	return len(list) > 0, err
}

// first reports whether the method is asked before anything is proved.
func first(l *authn.Login) bool { return len(l.Proofs) == 0 && l.Session == "" }

// Begin implements authn.Method: it texts a code to the number of whoever the sign-in is
// about. Whoever has set up none gets identity.ErrNotFound, but only once they have proved
// something.
func (m *Method) Begin(ctx context.Context, l *authn.Login, in authn.Input) (authn.Prompt, error) {
	if first(l) {
		return m.beginFirst(ctx, l, in.Email)
	}
	number, err := m.number(ctx, l.UserID)
	if err != nil {
		return authn.Prompt{}, err
	}
	if number == "" {
		return authn.Prompt{}, identity.ErrNotFound
	}
	may, err := m.mayText(ctx, number, number, l.Data[ID])
	if err != nil {
		return authn.Prompt{}, err
	}
	if may {
		if err := m.mayPay(ctx); err != nil {
			return authn.Prompt{}, err
		}
	}
	return authn.CodePrompt(masked(number)), m.send(ctx, l, number, may)
}

// beginFirst texts the number of whoever has the address. Nothing in the answer tells whether
// anybody has, nor how the number ends.
func (m *Method) beginFirst(ctx context.Context, l *authn.Login, email string) (authn.Prompt, error) {
	if !m.Alone {
		return authn.Prompt{}, identity.ErrRejected.Because(errNotFirst)
	}
	user, address, err := m.flow.ByAddress(ctx, l, email)
	if err != nil {
		return authn.Prompt{}, err
	}
	var number string
	if user != nil && user.State == identity.Active {
		number, err = m.number(ctx, user.ID)
	} else {
		number, err = m.number(ctx, "") // costs the same
	}
	if err != nil {
		return authn.Prompt{}, err
	}
	may, err := m.mayText(ctx, address, number, l.Data[ID])
	if err != nil {
		return authn.Prompt{}, err
	}
	pay := m.payNothing
	if may {
		l.About(user)
		pay = m.mayPay
	}
	// That the house sends no more today must not be told of known addresses only.
	if err := pay(ctx); errors.Is(err, identity.ErrRateLimited) {
		may = false
	} else if err != nil {
		return authn.Prompt{}, err
	}
	return authn.CodePrompt(""), m.send(ctx, l, number, may)
}

// send draws a code and, where it may, texts it.
func (m *Method) send(ctx context.Context, l *authn.Login, number string, may bool) error {
	code, data, err := m.flow.NewCode(ID, number, life)
	if err != nil {
		return err
	}
	l.Data[ID] = data
	if !may {
		return m.flow.Decoy(ctx, notify.Kind(""), notify.Facts{})
	}
	return m.flow.Text(ctx, number, code, life)
}

// Finish implements authn.Method. A code that was sent before the user had another number, or
// none, is worthless.
func (m *Method) Finish(ctx context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	if first(l) && !m.Alone {
		return identity.Proof{}, identity.ErrRejected.Because(errNotFirst)
	}
	to, err := m.flow.CheckCode(ID, l.Data[ID], in.Code)
	if err != nil {
		return identity.Proof{}, err
	}
	number, err := m.number(ctx, l.UserID)
	if err != nil {
		return identity.Proof{}, err
	}
	if number == "" || number != to {
		return identity.Proof{}, identity.ErrRejected.Because(errNumber)
	}
	return m.proof(), nil
}

func (m *Method) proof() identity.Proof {
	return identity.Proof{Method: ID, Factor: identity.Possession, At: m.flow.Now()}
}

// number returns where a user is texted, "" for nowhere.
func (m *Method) number(ctx context.Context, id identity.UserID) (string, error) {
	list, err := m.flow.Accounts.Credentials(ctx, id, ID)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return m.unseal(list[0])
}

func (m *Method) unseal(c identity.Credential) (string, error) {
	number, err := m.flow.Unseal(c.Data, sealedNumber(c.UserID))
	return string(number), err
}

// sealedNumber binds a number to its user. It is personal data, and sealed like a secret.
func sealedNumber(id identity.UserID) string { return "sms number " + string(id) }

// Describe implements authn.Describer: how the number ends.
func (m *Method) Describe(c identity.Credential) map[string]string {
	number, err := m.unseal(c)
	if err != nil {
		return nil
	}
	return map[string]string{"number": masked(number)}
}

// BeginEnroll implements authn.Enroller: it texts a code to the number in in.Phone. Of too
// many texts whoever asks is told, because they are known.
func (m *Method) BeginEnroll(ctx context.Context, e *authn.Enrollment, in authn.Input) (authn.Prompt, error) {
	number, err := m.parse(in.Phone)
	if err != nil {
		return authn.Prompt{}, err
	}
	may, err := m.mayText(ctx, number, number, nil)
	if err != nil {
		return authn.Prompt{}, err
	}
	if !may {
		return authn.Prompt{}, identity.ErrRateLimited
	}
	if err := m.mayPay(ctx); err != nil {
		return authn.Prompt{}, err
	}
	var code string
	if code, e.Data, err = m.flow.NewCode(setUp, number, life); err != nil {
		return authn.Prompt{}, err
	}
	return authn.CodePrompt(masked(number)), m.flow.Text(ctx, number, code, life)
}

// FinishEnroll implements authn.Enroller. A user has one number: a new one takes the place of
// the one before.
func (m *Method) FinishEnroll(_ context.Context, e *authn.Enrollment, in authn.Input) (authn.Enrolled, error) {
	number, err := m.flow.CheckCode(setUp, e.Data, in.Code)
	if err != nil {
		return authn.Enrolled{}, err
	}
	sealed, err := m.flow.Seal([]byte(number), sealedNumber(e.User.ID))
	if err != nil {
		return authn.Enrolled{}, err
	}
	c := identity.Credential{Lookup: string(e.User.ID), Data: sealed, Label: masked(number)}
	return authn.Enrolled{Credentials: []identity.Credential{c}, Proof: m.proof()}, nil
}

// mayText counts one more text that is asked for; to is whom MaySend counts. Beyond the limits
// of a number nothing is sent and nobody is told; nor is anything sent to no number.
func (m *Method) mayText(ctx context.Context, to, number string, before json.RawMessage) (bool, error) {
	may, err := m.flow.MaySend(ctx, ID, to, before)
	if err != nil {
		return false, err
	}
	if err := m.allow(ctx, m.networkLimit(ctx)); err != nil {
		return false, err
	}
	may = may && number != ""
	limits := m.numberLimits(number)
	if !may {
		limits = m.noLimits(to)
	}
	err = m.allow(ctx, limits...)
	if errors.Is(err, identity.ErrRateLimited) {
		return false, nil
	}
	return may && err == nil, err
}
