// Package emailcode signs people in by a code that is mailed to them, and proves addresses
// that nobody has proved.
//
// It proves control of the mailbox, as package magiclink does, for those who read their mail
// on another device. Its threats are guessing, which the Flow throttles: a code has six
// digits, five tries and ten minutes; enumeration, for which known and unknown addresses get
// one answer at one cost; and a code told to a stranger, against which only the words of the
// mail help. That one code signs in once is the Flow's doing: it spends the sign-in under way.
package emailcode

import (
	"context"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

const (
	// ID is the method's.
	ID = authn.EmailCode
	// life is how long a code works (ASVS 6.5.5).
	life = 10 * time.Minute
)

var errNoMail = errors.New("mail is no factor here")

// A Method mails codes. The zero Method works once it is settled.
type Method struct{ flow *authn.Flow }

var (
	_ authn.First       = (*Method)(nil)
	_ authn.Resident    = (*Method)(nil)
	_ authn.Conditional = (*Method)(nil)
)

// ID implements authn.Method.
func (m *Method) ID() identity.MethodID { return ID }

// Settle implements authn.Resident.
func (m *Method) Settle(f *authn.Flow) { m.flow = f }

// Offered implements authn.Conditional.
func (m *Method) Offered() bool { return !m.flow.Policy.NoMail }

// Opens implements authn.First. An address that nobody has proved may be misspelt: it is no
// way in to rely on.
func (m *Method) Opens(_ context.Context, user *identity.User) (bool, error) {
	return user.EmailVerified && !m.flow.Policy.NoMail, nil
}

// Begin implements authn.Method: it mails a code to the address that was typed, or to that of
// whoever the sign-in is about already. Where mail is no factor it is identity.ErrNotFound for
// everything but an address that nobody has proved.
func (m *Method) Begin(ctx context.Context, l *authn.Login, in authn.Input) (authn.Prompt, error) {
	user, address, err := m.flow.ByAddress(ctx, l, in.Email)
	if err != nil {
		return authn.Prompt{}, err
	}
	if !m.allowed(l, user) {
		return authn.Prompt{}, identity.ErrNotFound
	}
	may, err := m.flow.MaySend(ctx, ID, address, l.Data[ID])
	if err != nil {
		return authn.Prompt{}, err
	}
	code, data, err := m.flow.NewCode(ID, address, life)
	if err != nil {
		return authn.Prompt{}, err
	}
	l.Data[ID] = data
	facts := m.facts(ctx, address, code)
	if !may || !m.flow.Reaches(l, user) || user.Email != address {
		err = m.flow.Decoy(ctx, notify.SignInCode, facts)
	} else {
		l.About(user)
		facts.Name = user.Name
		err = m.flow.Post(ctx, notify.SignInCode, facts, life)
	}
	return authn.CodePrompt(address), err
}

// allowed reports whether a mail may prove anything. Beside another proof, that of an address
// which nobody has proved signs nobody in by itself (ASVS 6.3.6).
func (m *Method) allowed(l *authn.Login, user *identity.User) bool {
	return !m.flow.Policy.NoMail || len(l.Proofs) > 0 && user != nil && !user.EmailVerified
}

// facts tell the reader who asked: of a code that somebody else asked for they should know.
func (m *Method) facts(ctx context.Context, address, code string) notify.Facts {
	origin := identity.OriginOf(ctx)
	return notify.Facts{
		Email: address, Code: code, Expires: life,
		At: m.flow.Now(), Device: notify.Device(origin.UserAgent), Place: origin.IP,
	}
}

// Finish implements authn.Method.
func (m *Method) Finish(ctx context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	to, err := m.flow.CheckCode(ID, l.Data[ID], in.Code)
	if err != nil {
		return identity.Proof{}, err
	}
	user, err := m.flow.Addressee(ctx, l, to)
	if err != nil {
		return identity.Proof{}, err
	}
	if !m.allowed(l, user) {
		return identity.Proof{}, identity.ErrRejected.Because(errNoMail)
	}
	return identity.Proof{Method: ID, Factor: identity.Mailbox, At: m.flow.Now()}, nil
}
