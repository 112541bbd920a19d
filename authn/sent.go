package authn

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// codeLength is the number of digits of a code that is sent (NIST SP 800-63B-4 section
// 3.1.3.2: six at least).
const codeLength = 6

// resendAfter is how long to wait until another code may be asked for.
const resendAfter = 30 * time.Second

// A sent is a code that is on its way, as a method keeps it in its Data. The code is sealed:
// a hash of six digits hides nothing. So is where it went, which may be somebody's number.
type sent struct {
	Sealed []byte               `json:"sealed"` // a parcel
	Sent   time.Time            `json:"sent"`
	Until  time.Time            `json:"until"`
	Link   identity.ChallengeID `json:"link,omitempty"` // of the link that was sent with it
}

// A parcel is what is on its way.
type parcel struct {
	Code string `json:"code"`
	To   string `json:"to"`
}

// NewCode draws a code for an address or a number and returns, beside it, what the method
// keeps in its Data and gives to CheckCode. A code is good once, for the one sign-in or
// enrollment whose Data it is in; a newer one takes its place (ASVS 6.6.2).
func (f *Flow) NewCode(m identity.MethodID, to string, life time.Duration) (code string, data json.RawMessage, err error) {
	code = secret.Code(codeLength)
	plain, err := json.Marshal(parcel{code, to})
	if err != nil {
		return "", nil, err
	}
	now := f.Now()
	s := sent{Sent: now, Until: now.Add(life)}
	if s.Sealed, err = f.Seal(plain, sealedCode(m)); err != nil {
		return "", nil, err
	}
	data, err = json.Marshal(s)
	return code, data, err
}

func sealedCode(m identity.MethodID) string { return "code " + string(m) }

// open returns what is on its way.
func (f *Flow) open(m identity.MethodID, s sent) (p parcel, err error) {
	plain, err := f.Unseal(s.Sealed, sealedCode(m))
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(plain, &p)
}

var (
	errNotSent   = errors.New("no code was sent")
	errCodeOver  = errors.New("the code has expired")
	errCodeWrong = errors.New("wrong code")
	errCodeUsed  = errors.New("the code or its link was used, or a newer one was sent")
)

// CheckCode returns where a code was sent, if it is the one that data is about. It does not
// spend it: the Data of an answered method is gone with the answer. Every other code is
// identity.ErrRejected.
func (f *Flow) CheckCode(m identity.MethodID, data json.RawMessage, code string) (to string, err error) {
	s, err := f.readSent(data)
	if err != nil {
		return "", err
	}
	p, err := f.open(m, s)
	if err != nil {
		return "", err
	}
	switch {
	case !secret.Equal([]byte(p.Code), []byte(digits(code))):
		return "", identity.ErrRejected.Because(errCodeWrong)
	case !s.Until.After(f.Now()):
		return "", identity.ErrRejected.Because(errCodeOver)
	}
	return p.To, nil
}

func (f *Flow) readSent(data json.RawMessage) (s sent, err error) {
	if len(data) == 0 {
		return s, identity.ErrRejected.Because(errNotSent)
	}
	return s, json.Unmarshal(data, &s)
}

// digits forgives the spaces and dashes with which people copy codes.
func digits(code string) string {
	kept := make([]rune, 0, len(code))
	for _, r := range code {
		if r != ' ' && r != '-' && r != '\u00a0' {
			kept = append(kept, r)
		}
	}
	return string(kept)
}

// MaySend counts one more mail or text of a method that somebody asks for. Beyond the limit of the
// network it is identity.ErrRateLimited; beyond the limit of whoever would get it nothing is
// to be sent and nobody is told (RAT-14). Known and unknown count alike. A code of the same
// sign-in that was sent a moment ago is identity.ErrRateLimited too.
func (f *Flow) MaySend(ctx context.Context, m identity.MethodID, to string, before json.RawMessage) (bool, error) {
	if len(before) > 0 {
		s, err := f.readSent(before)
		if err != nil {
			return false, err
		}
		if wait := s.Sent.Add(resendAfter).Sub(f.Now()); wait > 0 {
			return false, identity.ErrRateLimited.In(wait)
		}
	}
	if _, err := f.Limiter.Allow(ctx, "send "+string(m)+" "+throttle.Network(identity.OriginOf(ctx).IP), f.Limiter.Rate(throttle.MailAddress)); err != nil {
		return false, err
	}
	return f.MayMail(ctx, to)
}

// CodePrompt is the Prompt of a code that was sent to whom the caller may be shown as to.
func CodePrompt(to string) Prompt {
	return Prompt{Fields: []Field{CodeField}, To: to, Resend: int(resendAfter.Seconds())}
}

var (
	errNobody = errors.New("the sign-in is about nobody")
	errMoved  = errors.New("the user has another address now")
	errBare   = errors.New("nobody has proved the address, and mail alone must not")
)

// Reaches reports whether mail to a user may be a proof in the sign-in: somebody active, at an
// address that is proved, or that is proved thereby. Where addresses are not proved at all, mail
// comes after another proof only.
func (f *Flow) Reaches(l *Login, user *identity.User) bool {
	return user != nil && user.State == identity.Active &&
		(user.EmailVerified || !f.Unverified || len(l.Proofs) > 0 || l.Session != "")
}

// Addressee returns whom l is about, if they may sign in and mail to an address still reaches
// them: an address that somebody had may have another owner now. Everybody else is
// identity.ErrRejected.
func (f *Flow) Addressee(ctx context.Context, l *Login, to string) (*identity.User, error) {
	user, err := f.Accounts.ByID(ctx, l.UserID)
	switch {
	case errors.Is(err, identity.ErrNotFound):
		return nil, identity.ErrRejected.Because(errNobody)
	case err != nil:
		return nil, err
	case user.Email != to:
		return nil, identity.ErrRejected.Because(errMoved)
	case user.State != identity.Active:
		return nil, identity.ErrRejected.Because(errors.New("user is " + string(user.State)))
	case !f.Reaches(l, user):
		return nil, identity.ErrRejected.Because(errBare)
	}
	return user, nil
}

// ByAddress finds whom a sign-in by mail is about: whoever it is about already, else the user
// of the address that was typed first, nil for nobody. A second address would tell a reader
// of it whether the first has an account. What is no address is identity.ErrInvalid.
func (f *Flow) ByAddress(ctx context.Context, l *Login, email string) (user *identity.User, address string, err error) {
	if l.UserID != "" {
		if user, err = f.Accounts.ByID(ctx, l.UserID); err != nil {
			return nil, "", err
		}
		if len(l.Proofs) == 0 && l.Session == "" && l.Named != "" && l.Named != user.Email {
			return nil, l.Named, nil // they have moved; nobody who has proved nothing learns where to
		}
		return user, user.Email, nil
	}
	if l.Named != "" {
		email = l.Named
	}
	if address, err = account.Address(email); err != nil {
		return nil, "", err
	}
	user, err = f.Accounts.ByEmail(ctx, address)
	if errors.Is(err, identity.ErrNotFound) {
		return nil, address, nil
	}
	return user, address, err
}
