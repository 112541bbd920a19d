package authn_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// interrupted is a method during which something else happens, after its proof was found
// good.
type interrupted struct {
	authn.Method
	by func()
}

func (interrupted) ID() identity.MethodID { return "interrupted" }

func (m interrupted) Finish(ctx context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	proof, err := m.Method.Finish(ctx, l, in)
	m.by()
	return proof, err
}

// A sign-in with the old password that is under way while the password is changed comes to
// nothing: a thief who signs in all the time has one under way always (SES-29).
func TestSignInUnderWay(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		mine := f.signIn(identity.ModeCookie)
		password, err := f.Method(authn.Password)
		f.must(err)
		f.Methods = append(f.Methods, interrupted{password, func() {
			_, err := f.ChangePassword(f.Context(), f.caller(mine), passphrase, another)
			f.must(err)
		}})
		out, err := f.Finish(f.Context(), authn.Answer{
			Method: "interrupted", Start: authn.Start{Mode: identity.ModeNative}, Input: authn.Input{Email: alice, Password: passphrase},
		})
		f.refuses("with the old password", err, identity.ErrRejected)
		if out.SignedIn != nil && f.opens(out.SignedIn) {
			t.Error("it is open")
		}
		_, err = f.try(identity.ModeNative, another)
		f.refuses("with the new password", err, nil)
	})
}

// Of changes that are proved by the same old password at once, one takes place; the others
// are told that it was not the password any more.
func TestOneChange(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		mine := f.signIn(identity.ModeCookie)
		var changed atomic.Int32
		sqldbtest.Race(6, func(int) {
			_, err := f.ChangePassword(f.Context(), f.caller(mine), passphrase, another)
			if err == nil {
				changed.Add(1)
			} else if !errors.Is(err, identity.ErrRejected) && !errors.Is(err, identity.ErrRateLimited) {
				t.Error(err)
			}
		})
		if changed.Load() != 1 {
			t.Errorf("%d changes took place", changed.Load())
		}
	})
}
