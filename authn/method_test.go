package authn_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

const good = "246810"

// A factor is a second factor whose code is always good, once a user has set it up.
type factor struct {
	flow *authn.Flow
	id   identity.MethodID
}

func (m *factor) ID() identity.MethodID { return m.id }
func (m *factor) AtOnce()               {}
func (m *factor) Settle(f *authn.Flow)  { m.flow = f }

func (m *factor) Enrolled(ctx context.Context, user *identity.User) (bool, error) {
	list, err := m.flow.Accounts.Credentials(ctx, user.ID, m.id)
	return len(list) > 0, err
}

func (m *factor) Begin(context.Context, *authn.Login, authn.Input) (authn.Prompt, error) {
	return authn.Prompt{}, nil
}

var errWrong = identity.ErrRejected.Because(errors.New("wrong code"))

func (m *factor) Finish(ctx context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	has, err := m.Enrolled(ctx, &identity.User{ID: l.UserID})
	if err == nil && (!has || in.Code != good) {
		err = errWrong
	}
	return identity.Proof{Method: m.id, Factor: identity.Possession, At: m.flow.Now()}, err
}

func (m *factor) BeginEnroll(context.Context, *authn.Enrollment, authn.Input) (authn.Prompt, error) {
	return authn.Prompt{Fields: []authn.Field{authn.CodeField}}, nil
}

func (m *factor) FinishEnroll(_ context.Context, e *authn.Enrollment, in authn.Input) (authn.Enrolled, error) {
	if in.Code != good {
		return authn.Enrolled{}, errWrong
	}
	return authn.Enrolled{
		Replaces: true, Credentials: []identity.Credential{{Lookup: string(e.User.ID), Label: in.Label}},
		Proof: identity.Proof{Method: m.id, Factor: identity.Possession, At: m.flow.Now()},
	}, nil
}

// A spare is a factor made ahead.
type spare struct{ factor }

func (m *spare) Issue(_ context.Context, user *identity.User) (authn.Enrolled, error) {
	return authn.Enrolled{Replaces: true, Credentials: []identity.Credential{{Lookup: string(user.ID)}}, Codes: []string{good}}, nil
}

func (m *spare) FinishEnroll(ctx context.Context, e *authn.Enrollment, _ authn.Input) (authn.Enrolled, error) {
	return m.Issue(ctx, e.User)
}

// equipped opens a house with two factors and a spare beside the password, and with nothing
// of its own roster.
func equipped(t *testing.T, fn func(*fixture), options ...func(*gatehouse.Config)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := open(t, db, options...)
		f.Methods = slices.DeleteFunc(f.Methods, func(m authn.Method) bool { return m.ID() != authn.Password })
		f.Methods = append(f.Methods, &factor{id: "app"}, &factor{id: "key"}, &spare{factor{id: "paper"}})
		f.Settle()
		fn(f)
	})
}

func policy(p authn.Policy) func(*gatehouse.Config) {
	return func(c *gatehouse.Config) { c.Proofs = p }
}

// enroll sets a factor up for whoever is signed in.
func (f *fixture) enroll(in *authn.SignedIn, id identity.MethodID) authn.Added {
	f.Helper()
	s := authn.EnrollStep{Method: id, Caller: f.caller(in), Input: authn.Input{Code: good, Label: "mine"}}
	_, err := f.BeginEnroll(f.Context(), s)
	f.must(err)
	added, err := f.FinishEnroll(f.Context(), s)
	f.must(err)
	return added
}

// step answers with a code, in a sign-in under way or to begin one.
func (f *fixture) step(id identity.MethodID, login, code string) (authn.Outcome, error) {
	return f.Finish(f.Context(), authn.Answer{Method: id, Login: login, Input: authn.Input{Code: code}})
}

// half is a sign-in after its password.
func (f *fixture) half() authn.Outcome {
	f.Helper()
	out, err := f.Finish(f.Context(), authn.Answer{Method: authn.Password, Input: authn.Input{Email: alice, Password: passphrase}})
	f.must(err)
	return out
}

func (f *fixture) offers(what string, got []identity.MethodID, want ...identity.MethodID) {
	f.Helper()
	if !slices.Equal(got, want) {
		f.Errorf("%s: %v, want %v", what, got, want)
	}
}
