package magiclink_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/magiclink"
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

// ask asks for a link as a browser does, and returns the handle of the sign-in.
func (f *fixture) ask(email, visit string) string {
	f.Helper()
	out, _, err := f.Begin(f.Context(), answer("", visit, authn.Input{Email: email}))
	f.Must(err)
	return out.Login
}

func answer(login, visit string, in authn.Input) authn.Answer {
	return house.Answer(magiclink.ID, login, visit, in)
}

// code takes the code of a sign-in, link the link of a mail.
func (f *fixture) code(login, code string) error { return f.Code(magiclink.ID, login, code) }

func (f *fixture) link(token, visit, code string) error {
	return house.SignedIn(f.FinishLink(f.Context(), token, answer("", visit, authn.Input{Code: code})))
}

// mail returns the newest mail: its code, and the token of its link.
func (f *fixture) mail() (code, token string) {
	f.Helper()
	m := f.Last(f.Mails())
	if len(m.Links) != 1 {
		f.Fatalf("links %q", m.Links)
	}
	_, token, ok := strings.Cut(m.Links[0], "https://id.example.com/auth/verify?token=")
	if !ok || len(m.Code) != 6 {
		f.Fatalf("link %q, code %q", m.Links[0], m.Code)
	}
	return m.Code, token
}
