package authn

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// A Doubt is what is left to do about a sign-in under way that was judged. The zero Doubt is none.
type Doubt struct {
	Prove  bool                `json:"prove,omitempty"`  // one more proof is asked for
	Always bool                `json:"always,omitempty"` // by whomever
	Asked  []identity.MethodID `json:"asked,omitempty"`  // any of these is one
}

// Doubted reports whether the next proof is asked for because the sign-in is odd.
func (l *Login) Doubted() bool { return l.Doubt != nil && len(l.Doubt.Asked) > 0 }

var errOdd = errors.New("the proof was right, and the sign-in too odd")

// assess has a sign-in judged, once: as soon as its first proof is right. Who knows no password
// costs no look at where its owner signs in, and learns nothing. Who knows only that is noticed,
// even if they get no further (ASVS 6.3.5).
func (f *Flow) assess(ctx context.Context, user *identity.User, l *Login, a Answer) error {
	if f.Risk == nil || l.Session != "" || l.Doubt != nil {
		return nil
	}
	found, err := f.Risk.Assess(ctx, user, l, l.mark.recognizes(user))
	if err != nil {
		return err
	}
	l.Doubt = &Doubt{}
	if len(found.Signals) == 0 {
		return nil
	}
	if found.Shadow {
		return f.Log.Record(ctx, assessed(user, a.Method, found))
	}
	l.Doubt.Prove, l.Doubt.Always = found.Verdict == Prove, found.Always
	if err := f.tellOdd(ctx, user, a.Method, found); err != nil || found.Verdict != Refuse {
		return err
	}
	return identity.ErrRejected.Because(errOdd)
}

// assessed is the event of an assessment.
func assessed(user *identity.User, m identity.MethodID, found Assessment) identity.Event {
	var names, reasons []string
	for _, s := range found.Signals {
		names = append(names, s.Name)
		reasons = append(reasons, s.Name+" ("+strconv.Itoa(s.Score)+"): "+s.Reason)
	}
	e := identity.Event{Type: identity.EventRiskAssessed, Subject: user.ID, Data: map[string]string{
		"method": string(m), "verdict": found.Verdict.String(), "score": strconv.Itoa(found.Score),
		"signals": strings.Join(names, " "), "reasons": strings.Join(reasons, "; "),
	}}
	if found.Shadow {
		e.Data["shadow"] = "true"
	}
	return e
}

// tellOdd tells the log of an odd sign-in, and its user by mail.
func (f *Flow) tellOdd(ctx context.Context, user *identity.User, m identity.MethodID, found Assessment) error {
	mail := found.Verdict >= Notice
	if mail {
		var err error
		if mail, err = f.mayNotice(ctx, string(user.ID)); err != nil {
			return err
		}
	}
	return f.DB.Tx(ctx, func(ctx context.Context) error {
		if err := f.Log.Record(ctx, assessed(user, m, found)); err != nil {
			return err
		}
		if found.Verdict == Refuse { // for its user it is one more that failed
			failed := identity.Event{Type: identity.EventLoginFailed, Subject: user.ID, Data: map[string]string{"method": string(m), "cause": errOdd.Error()}}
			if err := f.Log.Record(ctx, failed); err != nil {
				return err
			}
		}
		switch {
		case !mail:
			return nil
		case found.Verdict == Refuse:
			return f.Notice(ctx, user, notify.OddRefused, notify.Facts{Link: f.Link("/account/activity")})
		default:
			return f.Notice(ctx, user, notify.OddSignIn, notify.Facts{Link: f.Link("/account/devices")})
		}
	})
}

// mayNotice counts one more notice of something that strangers cause. Threat: whoever knows a
// password, or has a browser that forgets everything, would fill a mailbox until its owner reads
// none of them.
func (f *Flow) mayNotice(ctx context.Context, of string) (bool, error) {
	_, err := f.Limiter.Allow(ctx, "notice "+of, f.Limiter.Rate(throttle.Notices))
	if errors.Is(err, identity.ErrRateLimited) {
		return false, nil
	}
	return err == nil, err
}

// doubts returns the methods of which one must be passed because the sign-in is odd. Whoever has
// nothing more to prove gets in, with the notice: to keep them out would be to refuse.
func (f *Flow) doubts(ctx context.Context, user *identity.User, l *Login) (_ []identity.MethodID, err error) {
	d := l.Doubt
	if d == nil || !d.Prove || !d.Always && identity.MultiFactor(l.Proofs) ||
		slices.ContainsFunc(d.Asked, func(id identity.MethodID) bool { return proved(l.Proofs, id) }) {
		return nil, nil
	}
	if d.Asked == nil {
		d.Asked, err = f.further(ctx, user, l)
	}
	return d.Asked, err
}

// further returns by what a user can prove more than they have: by their second factors, else by
// mail, else, after a mail, by the password.
func (f *Flow) further(ctx context.Context, user *identity.User, l *Login) ([]identity.MethodID, error) {
	seconds, err := f.seconds(ctx, user)
	if err != nil {
		return nil, err
	}
	seconds = slices.DeleteFunc(seconds, func(id identity.MethodID) bool { return proved(l.Proofs, id) })
	if f.factors(seconds) {
		return seconds, nil
	}
	ways, err := f.waysIn(ctx, user)
	if err != nil {
		return nil, err
	}
	mailed := slices.ContainsFunc(l.Proofs, byMail)
	for _, id := range []identity.MethodID{EmailCode, Password} {
		again := proved(l.Proofs, id) || id == EmailCode && mailed
		if slices.Contains(ways, id) && !again {
			return append(seconds, id), nil
		}
	}
	return seconds, nil
}

// settle remembers where a user has signed in, in the transaction of ctx.
func (f *Flow) settle(ctx context.Context, user *identity.User, v *identity.Session) error {
	if f.Risk == nil {
		return nil
	}
	return f.Risk.Settle(ctx, user, v)
}

// Place names where an address is, as coarsely as people speak of it; "" if that is not known.
func (f *Flow) Place(ip string) string {
	if f.Risk == nil {
		return ""
	}
	return f.Risk.Place(ip)
}

// where is what a mail says of an address: the place, if it is known, and the address.
func (f *Flow) where(ip string) string {
	if place := f.Place(ip); place != "" {
		return place + " (" + ip + ")"
	}
	return ip
}
