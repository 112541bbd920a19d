package emailcode_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/emailcode"
	"github.com/gatehouse-id/gatehouse/test/house"
)

type fixture struct{ *house.House }

func open(t testing.TB, db *sqldb.DB, options ...func(*gatehouse.Config)) *fixture {
	t.Helper()
	return &fixture{house.Open(t, db, options...)}
}

func each(t *testing.T, fn func(*fixture), options ...func(*gatehouse.Config)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(open(t, db, options...)) })
}

// ask asks for a code as a browser does, and returns the handle of the sign-in.
func (f *fixture) ask(email, visit string) string {
	f.Helper()
	out, _, err := f.Begin(f.Context(), answer("", visit, authn.Input{Email: email}))
	f.Must(err)
	return out.Login
}

func answer(login, visit string, in authn.Input) authn.Answer {
	return house.Answer(emailcode.ID, login, visit, in)
}

// code takes the code of a sign-in.
func (f *fixture) code(login, code string) error { return f.Code(emailcode.ID, login, code) }

// mail returns the code of the newest mail.
func (f *fixture) mail() string {
	f.Helper()
	m := f.Last(f.Mails())
	if len(m.Links) != 0 || len(m.Code) != 6 {
		f.Fatalf("links %q, code %q", m.Links, m.Code)
	}
	return m.Code
}
