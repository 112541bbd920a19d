package authn

import (
	"context"
	"errors"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/token"
)

// A move is a session that goes on in another browser than before. The zero move is none.
type move struct {
	from, to string
	mail     bool
}

// moved reports whether a refresh comes from another browser than the session had until now, and
// costs a read only if its User-Agent changed. Browsers bring new versions of themselves, and
// those are none. One that says nothing any more is another. Threat: thieves copy sessions from one
// browser to another. But some browsers pose as another one at the press of a button, so nothing is
// ended: its user is told.
func (f *Flow) moved(ctx context.Context, family *token.Family) (m move, err error) {
	if f.Risk == nil || family.Served(ctx) {
		return m, nil
	}
	v, err := f.Sessions.Get(ctx, family.SessionID)
	if errors.Is(err, identity.ErrNotFound) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	from, to := notify.Device(v.UserAgent), notify.Device(identity.OriginOf(ctx).UserAgent)
	if from == "" || from == to {
		return m, nil
	}
	mail, err := f.mayNotice(ctx, string(family.UserID))
	return move{from, to, mail}, err
}

// tellMoved tells the log and the user of a move, in the transaction of ctx.
func (f *Flow) tellMoved(ctx context.Context, family *token.Family, m move) error {
	if m == (move{}) {
		return nil
	}
	err := f.Log.Record(ctx, identity.Event{
		Type: identity.EventSessionMoved, Actor: string(family.UserID), Subject: family.UserID,
		Data: map[string]string{"session": string(family.SessionID), "from": m.from, "to": m.to},
	})
	if err != nil || !m.mail {
		return err
	}
	user, err := f.Accounts.ByID(ctx, family.UserID)
	if err != nil {
		return err
	}
	return f.Notice(ctx, user, notify.SessionMoved, notify.Facts{Link: f.Link("/account/devices")})
}
