// Package magiclink signs people in by a link that is mailed to them, or by the code beside
// it.
//
// It proves control of the mailbox, which NIST SP 800-63B-4 section 3.1.3 counts as no factor
// of its own: whoever reads the mail signs in, so it is as strong as the mailbox is (PWL-13).
// Its threats are scanners that open links, which spend nothing; enumeration, for which known
// and unknown addresses get one answer at one cost; and links that lie about: one works, once,
// for ten minutes. How a link is followed is not its business.
package magiclink

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

const (
	// ID is the method's.
	ID identity.MethodID = "magic-link"
	// life is how long a link and its code work (ASVS 6.5.5).
	life = 10 * time.Minute
)

// A Method mails links. The zero Method works once it is settled.
type Method struct{ flow *authn.Flow }

var (
	_ authn.First       = (*Method)(nil)
	_ authn.Resident    = (*Method)(nil)
	_ authn.Elsewhere   = (*Method)(nil)
	_ authn.Conditional = (*Method)(nil)
)

// ID implements authn.Method.
func (m *Method) ID() identity.MethodID { return ID }

// Settle implements authn.Resident.
func (m *Method) Settle(f *authn.Flow) { m.flow = f }

// Elsewhere implements authn.Elsewhere.
func (m *Method) Elsewhere() {}

// Offered implements authn.Conditional.
func (m *Method) Offered() bool { return !m.flow.Policy.NoMail }

// Opens implements authn.First. An address that nobody has proved may be misspelt: it is no
// way in to rely on.
func (m *Method) Opens(_ context.Context, user *identity.User) (bool, error) {
	return user.EmailVerified && !m.flow.Policy.NoMail, nil
}

// Begin implements authn.Method: it mails a link to whom the address is of. Where mail is no
// factor it is identity.ErrNotFound.
func (m *Method) Begin(ctx context.Context, l *authn.Login, in authn.Input) (authn.Prompt, error) {
	if m.flow.Policy.NoMail {
		return authn.Prompt{}, identity.ErrNotFound
	}
	user, address, err := m.flow.ByAddress(ctx, l, in.Email)
	if err != nil {
		return authn.Prompt{}, err
	}
	may, err := m.flow.MaySend(ctx, ID, address, l.Data[ID])
	if err != nil {
		return authn.Prompt{}, err
	}
	code, data, err := m.flow.NewCode(ID, address, life)
	if err != nil {
		return authn.Prompt{}, err
	}
	facts := m.facts(ctx, address, code)
	real := may && m.flow.Reaches(l, user) && user.Email == address
	if real {
		l.About(user)
		facts.Name = user.Name
	}
	return authn.CodePrompt(address), m.mail(ctx, l, data, facts, real)
}

// facts tell the reader who asked: of a link that somebody else asked for they should know.
func (m *Method) facts(ctx context.Context, address, code string) notify.Facts {
	origin := identity.OriginOf(ctx)
	return notify.Facts{
		Email: address, Code: code, Expires: life,
		At: m.flow.Now(), Device: notify.Device(origin.UserAgent), Place: origin.IP,
	}
}

// mail makes the link and queues the mail with it, or does neither. Where it is not real it
// only costs the same.
func (m *Method) mail(ctx context.Context, l *authn.Login, data []byte, facts notify.Facts, real bool) error {
	return m.flow.DB.Tx(ctx, func(ctx context.Context) error {
		link := m.flow.NoLink
		if real {
			link = m.flow.NewLink
		}
		token, err := link(ctx, l, ID, data, life)
		if err != nil {
			return err
		}
		facts.Link = m.flow.Link("/auth/verify?token=" + token)
		if !real {
			return m.flow.Decoy(ctx, notify.MagicLink, facts)
		}
		return m.flow.Post(ctx, notify.MagicLink, facts, life)
	})
}

// Finish implements authn.Method: it takes the code, and spends the link beside it.
func (m *Method) Finish(ctx context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	data := l.Data[ID]
	to, err := m.flow.CheckCode(ID, data, in.Code)
	if err != nil {
		return identity.Proof{}, err
	}
	if _, err := m.flow.Addressee(ctx, l, to); err != nil {
		return identity.Proof{}, err
	}
	if err := m.flow.SpendLink(ctx, data); err != nil {
		return identity.Proof{}, err
	}
	return identity.Proof{Method: ID, Factor: identity.Mailbox, At: m.flow.Now()}, nil
}
