package authn

import (
	"context"
	"errors"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// account is what the failures of a sign-in are counted by. What is typed as an address
// counts whether or not it is somebody's (RAT-14), and so does the address from which a
// sign-in under way began: else only the known ones would ever be refused.
func (l *Login) account() string {
	if l.Named != "" {
		return l.Named
	}
	return string(l.UserID)
}

// try counts an answer against its limits and then as one of the tries of its handle: whoever must
// wait a moment loses none of them.
func (f *Flow) try(ctx context.Context, a Answer) (*Login, *throttle.Attempt, error) {
	l, err := f.login(ctx, a, false)
	if err != nil {
		return nil, nil, err
	}
	l.name(a.Input)
	t, err := f.attempt(ctx, l, a)
	if err != nil || a.Login == "" {
		return l, t, err
	}
	if l, err = f.login(ctx, a, true); err != nil {
		return nil, nil, errors.Join(err, t.Undo(ctx))
	}
	l.name(a.Input)
	return l, t, nil
}

// name notes the address that was typed. Whom a sign-in is about already is counted by that: else
// every guess could name another.
func (l *Login) name(in Input) {
	if l.Named == "" && l.UserID == "" {
		l.Named, _ = account.Address(in.Email)
	}
}

// attempt counts an answer before it is judged, and before anything that costs (RAT-15). So
// many may have failed that it needs the answer to a CAPTCHA too; without, it was not made. Of
// whoever has proved something already none is asked: their handle has five tries.
func (f *Flow) attempt(ctx context.Context, l *Login, a Answer) (*throttle.Attempt, error) {
	t, err := f.Limiter.Begin(ctx, f.budgets(ctx, l, a.Method)...)
	if err != nil {
		return nil, err
	}
	if f.Captcha == nil || !t.Suspect() || len(l.Proofs) > 0 || l.Session != "" {
		return t, nil
	}
	if err := f.Captcha.Verify(ctx, a.Captcha); err != nil {
		return nil, errors.Join(err, t.Undo(ctx))
	}
	return t, nil
}

// budgets are the three keys of every attempt (RAT-06): the address, the account, and both. A
// browser that has signed in to the account before has a budget of its own instead. Threat:
// whoever knows an address could else keep its owner out for ever, by failing (BUG-25).
//
// Of the three only the account has the ladder, and never the address: behind one address there
// may be a whole company, and a thief with one account of their own could wipe its count clean.
func (f *Flow) budgets(ctx context.Context, l *Login, method identity.MethodID) []throttle.Budget {
	who := l.account()
	if l.mark.of(who) {
		return []throttle.Budget{{Key: deviceKey(method, l.mark.ID, who), Rate: f.Limiter.Rate(throttle.FailedDevice), Ladder: true}}
	}
	ip := throttle.Network(identity.OriginOf(ctx).IP)
	list := []throttle.Budget{{Key: "login address " + ip, Rate: f.Limiter.Rate(throttle.FailedAddress)}}
	if who != "" {
		list = append(list,
			throttle.Budget{Key: accountKey(method, who), Rate: f.Limiter.Rate(throttle.FailedAccount), Ladder: true},
			throttle.Budget{Key: pairKey(method, ip, who), Rate: f.Limiter.Rate(throttle.FailedPair), Lenient: true})
	}
	return list
}

func accountKey(method identity.MethodID, who string) string {
	return "login account " + string(method) + " " + who
}

func pairKey(method identity.MethodID, ip, who string) string {
	return "login pair " + string(method) + " " + ip + " " + who
}

func deviceKey(method identity.MethodID, device, who string) string {
	return "login device " + string(method) + " " + device + " " + who
}

// failed tells the log the cause and the client none. Only what the method rejected counts
// as a failure: an overloaded house is not the caller's fault. The last failure that is allowed
// locks, in the transaction that tells the log, for what is typed and nobody's as well (RAT-11,
// RAT-14).
func (f *Flow) failed(ctx context.Context, l *Login, method identity.MethodID, attempt *throttle.Attempt, err error) error {
	if !errors.Is(err, identity.ErrRejected) {
		return errors.Join(err, attempt.Undo(ctx))
	}
	event := identity.Event{Type: identity.EventLoginFailed, Subject: l.UserID, Data: map[string]string{"method": string(method), "cause": cause(err)}}
	err = f.counted(ctx, l, method, attempt, err, event)
	if errors.Is(err, identity.ErrRejected) && (len(l.Proofs) > 0 || l.Session != "" && method != Password) {
		return identity.ErrCode.Because(err)
	}
	return err
}

// counted leaves an attempt counted that was refused, with the pause or the lock that follows, and
// tells the log what is to be told. It returns why it was refused.
func (f *Flow) counted(ctx context.Context, l *Login, method identity.MethodID, attempt *throttle.Attempt, why error, events ...identity.Event) error {
	err := f.DB.Tx(ctx, func(ctx context.Context) error {
		for _, e := range events {
			if err := f.Log.Record(ctx, e); err != nil {
				return err
			}
		}
		return f.lock(ctx, l, method, attempt.Locks())
	})
	if err == nil {
		err = attempt.Failed(ctx)
	}
	if err != nil {
		return err
	}
	return why
}

func cause(err error) string {
	if inner := errors.Unwrap(err); inner != nil {
		return inner.Error()
	}
	return ""
}
