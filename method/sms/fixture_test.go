package sms_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/sms"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// A fixture is a house that sends texts.
type fixture struct {
	*house.House
	sms *sms.Method
}

func open(t testing.TB, db *sqldb.DB, m *sms.Method, options ...func(*gatehouse.Config)) *fixture {
	t.Helper()
	options = append(options, func(c *gatehouse.Config) { c.Product, c.Methods = "Example", []authn.Method{m} })
	return &fixture{house.Open(t, db, options...), m}
}

func each(t *testing.T, fn func(*fixture), options ...func(*gatehouse.Config)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(open(t, db, &sms.Method{}, options...)) })
}

// text returns the code of the newest text.
func (f *fixture) text() string {
	f.Helper()
	return f.Last(f.Texts()).Code
}

// enroll begins to set a number up, confirm finishes it.
func (f *fixture) enroll(user *identity.User, phone string) error {
	_, err := f.BeginEnroll(f.Context(), authn.EnrollStep{Method: sms.ID, Caller: house.Caller(user), Input: authn.Input{Phone: phone}})
	return err
}

func (f *fixture) confirm(user *identity.User, code string) error {
	_, err := f.FinishEnroll(f.Context(), authn.EnrollStep{Method: sms.ID, Caller: house.Caller(user), Input: authn.Input{Code: code}})
	return err
}

// enrolled makes a person with a number.
func (f *fixture) enrolled(email, phone string) *identity.User {
	f.Helper()
	u := f.Person(email)
	f.Must(f.enroll(u, phone))
	f.Must(f.confirm(u, f.text()))
	return u
}

// half signs in up to the second factor, and returns the handle.
func (f *fixture) half(email string) string {
	f.Helper()
	out := f.Password(email)
	if len(out.Next) == 0 || out.Next[0] != sms.ID {
		f.Fatalf("%+v", out)
	}
	return out.Login
}

func answer(login string, in authn.Input) authn.Answer { return house.Answer(sms.ID, login, "", in) }

// begin asks for a text.
func (f *fixture) begin(login string) (authn.Prompt, error) {
	_, prompt, err := f.Begin(f.Context(), answer(login, authn.Input{}))
	return prompt, err
}

func (f *fixture) code(login, code string) error { return f.Code(sms.ID, login, code) }
