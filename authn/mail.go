package authn

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// Post takes mails that leave with the transaction of ctx. notify.Outbox is one.
type Post interface {
	Queue(ctx context.Context, m notify.Message, expires time.Time) error
}

// noticeLife is how long a notice is worth sending.
const noticeLife = 3 * day

// MailLink sends the link of a registration to its address. It never arrives after the
// link has died.
func (f *Flow) MailLink(ctx context.Context, reg Registration, link string) error {
	return f.mail(ctx, notify.Verify, notify.Facts{
		Name: reg.Name, Email: reg.Email, Expires: RegistrationLife, Link: f.Link("/verify-email?token=" + link),
	}, RegistrationLife)
}

// notice tells a user by mail what happened to their account.
func (f *Flow) notice(ctx context.Context, user *identity.User, kind notify.Kind, facts notify.Facts) error {
	if user.Email == "" {
		return nil
	}
	facts.Name, facts.Email = user.Name, user.Email
	facts.At, facts.Place = f.Now(), identity.OriginOf(ctx).IP
	return f.mail(ctx, kind, facts, noticeLife)
}

func (f *Flow) mail(ctx context.Context, kind notify.Kind, facts notify.Facts, life time.Duration) error {
	facts.Product = f.Product
	m, err := notify.Render(kind, facts)
	if err != nil {
		return err
	}
	return f.Mail.Queue(ctx, m, f.Now().Add(life))
}
