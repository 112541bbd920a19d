package backupcode_test

import (
	"context"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/password"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/backupcode"
	"github.com/gatehouse-id/gatehouse/test/house"
)

var cheap = password.Params{Memory: 64, Time: 1, Parallelism: 1}

// A fixture is a house, and the method here and on another machine, with cheap hashes.
type fixture struct {
	*house.House
	method, elsewhere *backupcode.Method
}

func open(t testing.TB, db *sqldb.DB) *fixture {
	t.Helper()
	h := house.Open(t, db, func(c *gatehouse.Config) { c.Methods = []authn.Method{other{}} })
	return &fixture{h, method(h), method(h.Next())}
}

func each(t *testing.T, fn func(*fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(open(t, db)) })
}

func method(h *house.House) *backupcode.Method {
	h.Helper()
	found, err := h.Method(backupcode.ID)
	h.Must(err)
	m := found.(*backupcode.Method)
	m.Cost = cheap
	m.Settle(h.Flow)
	return m
}

// other is a second factor, for which backup codes stand in. Everybody but bob has one.
type other struct{}

func (other) ID() identity.MethodID { return "other" }

func (other) Begin(context.Context, *authn.Login, authn.Input) (authn.Prompt, error) {
	return authn.Prompt{}, nil
}

func (other) Finish(context.Context, *authn.Login, authn.Input) (identity.Proof, error) {
	return identity.Proof{}, identity.ErrRejected
}

func (other) Enrolled(_ context.Context, user *identity.User) (bool, error) {
	return user.Email != "bob@example.com", nil
}

// codes makes a new set for a user.
func (f *fixture) codes(user *identity.User) []string {
	f.Helper()
	codes, err := f.SpareCodes(f.Context(), house.Caller(user))
	f.Must(err)
	return codes
}

func (f *fixture) finish(m *backupcode.Method, user identity.UserID, code string) error {
	_, err := m.Finish(f.Context(), &authn.Login{UserID: user}, authn.Input{Code: code})
	return err
}

func (f *fixture) left(user *identity.User) []identity.Credential {
	f.Helper()
	return f.Kept(user, backupcode.ID)
}

// half is the handle of a sign-in after its first proof.
func (f *fixture) half() string {
	f.Helper()
	return f.Password(house.Alice).Login
}

func (f *fixture) prove(login, code string) (authn.Outcome, error) {
	return f.Finish(f.Context(), house.Answer(backupcode.ID, login, "", authn.Input{Code: code}))
}
