package authn

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

const linkPurpose = "link"

// A linked is the sign-in that a link in a mail goes on with.
type linked struct {
	Method identity.MethodID `json:"method"`
	Login  *Login            `json:"login"`
}

// NewLink makes the link that finishes l by itself, for a mail that is sent to the user: the
// newest works, once, and with it the code in data, which it notes in l. It returns the token
// of the link.
func (f *Flow) NewLink(ctx context.Context, l *Login, m identity.MethodID, data json.RawMessage, life time.Duration) (token string, err error) {
	return f.newLink(ctx, l, m, data, identity.Challenge{Purpose: linkPurpose, Subject: string(l.UserID), UserID: l.UserID, ExpiresAt: f.Now().Add(life)})
}

// NoLink costs what NewLink costs and makes a link that leads nowhere: for an address that is
// nobody's (BUG-21). It ends none that was mailed before.
func (f *Flow) NoLink(ctx context.Context, l *Login, m identity.MethodID, data json.RawMessage, _ time.Duration) (token string, err error) {
	return f.newLink(ctx, l, m, data, identity.Challenge{Purpose: decoyPurpose, Subject: l.Named, ExpiresAt: f.Now()})
}

func (f *Flow) newLink(ctx context.Context, l *Login, m identity.MethodID, data json.RawMessage, c identity.Challenge) (token string, err error) {
	s, err := f.readSent(data)
	if err != nil {
		return "", err
	}
	s.Link = identity.NewID[identity.ChallengeID]("chl", f.Now())
	if l.Data[m], err = json.Marshal(s); err != nil {
		return "", err
	}
	if c.Data, err = json.Marshal(linked{Method: m, Login: l}); err != nil {
		return "", err
	}
	c.ID, c.Visit = s.Link, l.visit
	return f.Accounts.Sole(ctx, c)
}

// SpendLink spends the link that was sent with the code of data, so that of the two one is
// used. One that is over makes the code identity.ErrRejected.
func (f *Flow) SpendLink(ctx context.Context, data json.RawMessage) error {
	s, err := f.readSent(data)
	if err != nil {
		return err
	}
	if err := f.Accounts.SpendID(ctx, s.Link); errors.Is(err, identity.ErrLinkExpired) {
		return identity.ErrRejected.Because(errCodeUsed)
	} else if err != nil {
		return err
	}
	return nil
}

// A Followed link is one that somebody has opened and not used yet.
type Followed struct {
	Email       string
	SameBrowser bool // it was asked for here; elsewhere a page asks for the code beside it
	Native      bool // it was asked for by an application, which takes the code
	ReturnTo    string
}

// Follow says what a link is about without spending it: mail scanners open what they find
// (BUG-28). A malformed token is identity.ErrInvalidLink, one that is over or used
// identity.ErrLinkExpired.
func (f *Flow) Follow(ctx context.Context, token, visit string) (*Followed, error) {
	if len(token) != secret.Length {
		return nil, identity.ErrInvalidLink
	}
	c, err := f.Accounts.Outstanding(ctx, linkPurpose, token)
	if err != nil {
		return nil, err
	}
	k, err := readLinked(c)
	if err != nil {
		return nil, err
	}
	p, err := f.linkedTo(k)
	return &Followed{
		Email: p.To, SameBrowser: sameBrowser(c, visit), Native: k.Login.Start.Mode == identity.ModeNative, ReturnTo: k.Login.Start.ReturnTo,
	}, err
}

func sameBrowser(c *identity.Challenge, visit string) bool {
	return len(c.Visit) > 0 && visit != "" && secret.Equal(c.Visit, secret.Hash(visit))
}

func readLinked(c *identity.Challenge) (k linked, err error) {
	k.Login = &Login{Data: map[identity.MethodID]json.RawMessage{}}
	return k, json.Unmarshal(c.Data, &k)
}

// FinishLink spends a link and goes on with its sign-in as if its code had been typed. On a
// page of another browser than the one that asked the code must come along: whoever opens
// every link and presses every button, as some scanners do, does not type.
func (f *Flow) FinishLink(ctx context.Context, token string, a Answer) (Outcome, error) {
	if len(token) != secret.Length {
		return Outcome{}, identity.ErrInvalidLink
	}
	c, err := f.Accounts.Try(ctx, linkPurpose, token, loginTries)
	if err != nil {
		return Outcome{}, err
	}
	k, err := readLinked(c)
	if err != nil {
		return Outcome{}, err
	}
	l := k.Login
	l.mark = f.readMark(a.Known)
	if err := l.check(a); err != nil {
		return Outcome{}, err
	}
	if a.Page && !a.AnyBrowser && !sameBrowser(c, a.Visit) {
		if _, err := f.CheckCode(k.Method, l.Data[k.Method], a.Input.Code); errors.Is(err, identity.ErrRejected) {
			return Outcome{}, identity.ErrCode.Because(err)
		} else if err != nil {
			return Outcome{}, err
		}
	}
	if err := f.reads(ctx, k); err != nil {
		return Outcome{}, err
	}
	if err := f.Accounts.SpendID(ctx, c.ID); err != nil {
		return Outcome{}, err
	}
	l.Proofs = proveAgain(l.Proofs, identity.Proof{Method: k.Method, Factor: identity.Mailbox, At: f.Now()})
	delete(l.Data, k.Method)
	out, err := f.proceed(ctx, l, a)
	if errors.Is(err, identity.ErrRejected) { // the user changed since the link was sent
		err = identity.ErrLinkExpired.Because(err)
	}
	return out, err
}

// linkedTo returns what was sent beside a link.
func (f *Flow) linkedTo(k linked) (parcel, error) {
	s, err := f.readSent(k.Login.Data[k.Method])
	if err != nil {
		return parcel{}, err
	}
	return f.open(k.Method, s)
}

// reads refuses a link of before mail was switched off, or of before its reader had another
// address, as one that is over.
func (f *Flow) reads(ctx context.Context, k linked) error {
	p, err := f.linkedTo(k)
	if err != nil {
		return err
	}
	if f.Policy.NoMail {
		return identity.ErrLinkExpired
	}
	_, err = f.Addressee(ctx, k.Login, p.To)
	if errors.Is(err, identity.ErrRejected) {
		return identity.ErrLinkExpired.Because(err)
	}
	return err
}
