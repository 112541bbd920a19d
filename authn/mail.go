package authn

import (
	"context"
	"encoding/json"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// Post takes messages that leave with the transaction of ctx. notify.Outbox is one.
type Post interface {
	Queue(ctx context.Context, m notify.Message, expires time.Time) error
}

const (
	// noticeLife is how long a notice is worth sending.
	noticeLife = 3 * day
	// NotMePurpose is the purpose of the challenges by which the reader of a notice says that it
	// was not them; NotMeLife is how long they can.
	NotMePurpose = "not-me"
	// NotMeLife is described at NotMePurpose.
	NotMeLife = 7 * day
	// ResetPurpose is the purpose of the challenges by which a new password is chosen; their
	// subject is the user. A password that is changed otherwise ends them.
	ResetPurpose = "reset"
	// decoyPurpose is the purpose of challenges that nobody can answer: they are over when they
	// are made.
	decoyPurpose = "decoy"
)

// Notice tells a user by mail what happened to their account, in the transaction of ctx:
// when, by what device, from where, and with a link for the reader whom it was not.
func (f *Flow) Notice(ctx context.Context, user *identity.User, kind notify.Kind, facts notify.Facts) error {
	return f.NoticeTo(ctx, user, user.Email, kind, facts)
}

// NoticeTo is Notice to an address that is the user's, main or not. One that is about to be
// taken away must be told before it is.
func (f *Flow) NoticeTo(ctx context.Context, user *identity.User, email string, kind notify.Kind, facts notify.Facts) error {
	return f.noticeOf(ctx, user, email, kind, facts, nil)
}

// noticeOf is NoticeTo of credentials that were set up, which its reader can disown.
func (f *Flow) noticeOf(ctx context.Context, user *identity.User, email string, kind notify.Kind, facts notify.Facts, added []identity.CredentialID) error {
	if email == "" {
		return nil
	}
	origin := identity.OriginOf(ctx)
	facts.Name, facts.Email = user.Name, email
	facts.At, facts.Place = f.Now(), f.where(origin.IP)
	if facts.Device == "" {
		facts.Device = notify.Device(origin.UserAgent)
	}
	if kind.Security() {
		token, err := f.notMe(ctx, user.ID, email, added)
		if err != nil {
			return err
		}
		facts.NotMe = f.Link("/not-me?token=" + token)
	}
	return f.Post(ctx, kind, facts, noticeLife)
}

// A Reader is whom a notice went to, as its challenge of NotMePurpose remembers them.
type Reader struct {
	Email string `json:"email"`
	// Since is when the address became the user's. Of two readers whoever had it earlier is
	// believed: else a thief who put in an address of their own could disown its owner.
	Since time.Time `json:"since"`
	// Added are the credentials that the notice told of.
	Added []identity.CredentialID `json:"added,omitempty"`
}

// ReaderOf reads the Data of a challenge of NotMePurpose.
func ReaderOf(c *identity.Challenge) (r Reader, err error) {
	return r, json.Unmarshal(c.Data, &r)
}

func (f *Flow) notMe(ctx context.Context, user identity.UserID, email string, added []identity.CredentialID) (token string, err error) {
	r := Reader{Email: email, Added: added}
	if r.Since, err = f.Accounts.EmailSince(ctx, user, email); err != nil {
		return "", err
	}
	data, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	return f.Accounts.Challenge(ctx, identity.Challenge{
		Purpose: NotMePurpose, Subject: string(user), UserID: user, Data: data, ExpiresAt: f.Now().Add(NotMeLife),
	})
}

// Post sends a mail that is dropped if it has not left within life.
func (f *Flow) Post(ctx context.Context, kind notify.Kind, facts notify.Facts, life time.Duration) error {
	facts.Product = f.Product
	m, err := notify.Render(kind, facts)
	if err != nil {
		return err
	}
	return f.Mail.Queue(ctx, m, f.Now().Add(life))
}

// Text sends a text message with a code, which is dropped if it has not left within life.
func (f *Flow) Text(ctx context.Context, to, code string, life time.Duration) error {
	m := notify.RenderText(notify.Facts{Product: f.Product, Code: code, Link: f.Link("/")}, to)
	return f.Mail.Queue(ctx, m, f.Now().Add(life))
}

// decoyLife is how long what is sent to nobody waits to be thrown away, where nobody works.
const decoyLife = time.Hour

// Decoy costs what Post costs, here and afterwards, and tells nobody anything: how long an answer
// takes must not say whether there is an account (BUG-21). The zero Kind stands for a text
// message.
func (f *Flow) Decoy(ctx context.Context, kind notify.Kind, facts notify.Facts) (err error) {
	facts.Product = f.Product
	m := notify.RenderText(facts, facts.Email)
	if kind != "" {
		if m, err = notify.Render(kind, facts); err != nil {
			return err
		}
	}
	m.Channel = notify.Nobody
	return f.Mail.Queue(ctx, m, f.Now().Add(decoyLife))
}

// decoy writes as much as a challenge would. It is over when it is made.
func (f *Flow) decoy(ctx context.Context) error {
	_, err := f.Accounts.Challenge(ctx, identity.Challenge{Purpose: decoyPurpose, ExpiresAt: f.Now()})
	return err
}
