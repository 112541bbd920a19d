package password_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/methodtest"
	"github.com/gatehouse-id/gatehouse/method/password"
)

const (
	alice      = "alice@example.com"
	passphrase = "violet hammer seventeen"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T) (*gatehouse.Gate, *password.Method, identity.UserID) {
	t.Helper()
	gate, err := gatehouse.New(t.Context(), gatehouse.Config{
		Breaches: gatehouse.Breaches{Off: true}, DB: sqldbtest.SQLite(t), PublicURL: "https://id.example.com", MasterKey: make([]byte, 32), Unverified: true, Idle: true,
		Passwords: gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 64, Time: 1, Parallelism: 1}},
	})
	must(t, err)
	user, err := gate.Flow.CreateUser(t.Context(), account.NewUser{Email: alice}, passphrase)
	must(t, err)
	return gate, &password.Method{Accounts: gate.Accounts, Passwords: gate.Flow.Passwords, Now: time.Now}, user.ID
}

// TestMethod: a password is as every method must be (SES-18, BUG-21, BUG-34).
func TestMethod(t *testing.T) {
	gate, m, user := open(t)
	disabled, err := gate.Flow.CreateUser(t.Context(), account.NewUser{Email: "disabled@example.com"}, passphrase)
	must(t, err)
	must(t, gate.Flow.Disable(t.Context(), disabled.ID, true))
	_, err = gate.Accounts.Create(t.Context(), account.NewUser{Email: "none@example.com"})
	must(t, err)
	methodtest.Run(t, methodtest.Case{
		Method: m, Login: func() *authn.Login { return &authn.Login{} }, User: user,
		Good: authn.Input{Email: " Alice@EXAMPLE.com", Password: passphrase},
		Bad: map[string]authn.Input{
			"wrong":           {Email: alice, Password: "violet hammer sixteen"},
			"cut short":       {Email: alice, Password: passphrase[:len(passphrase)-1]},
			"trimmed":         {Email: alice, Password: passphrase + " "},
			"in capitals":     {Email: alice, Password: "VIOLET HAMMER SEVENTEEN"},
			"empty":           {Email: alice},
			"unknown address": {Email: "unknown@example.com", Password: passphrase},
			"no address":      {Email: "alice", Password: passphrase},
			"disabled":        {Email: "disabled@example.com", Password: passphrase},
			"has none":        {Email: "none@example.com", Password: ""},
			"as a code":       {Email: alice, Code: passphrase},
		},
	})
}

// Every answer costs one hash, whoever it is about (BUG-21).
func TestOneHash(t *testing.T) {
	_, m, _ := open(t)
	for _, in := range []authn.Input{
		{Email: alice, Password: passphrase},
		{Email: alice, Password: "wrong"},
		{Email: alice},
		{Email: "unknown@example.com", Password: "wrong"},
		{Email: "no address", Password: "wrong"},
		{},
	} {
		before := m.Passwords.Hasher.Hashes()
		_, _ = m.Finish(t.Context(), &authn.Login{}, in)
		if n := m.Passwords.Hasher.Hashes() - before; n != 1 {
			t.Errorf("%q: %d hashes", in.Email, n)
		}
	}
}

// In a sign-in under way the password is of whoever it is about, not of the address sent.
func TestSecondProof(t *testing.T) {
	gate, m, user := open(t)
	_, err := gate.Flow.CreateUser(t.Context(), account.NewUser{Email: "bob@example.com"}, "crimson ladder fourteen")
	must(t, err)
	for password, want := range map[string]error{passphrase: nil, "crimson ladder fourteen": identity.ErrRejected} {
		l := &authn.Login{UserID: user}
		if _, err := m.Finish(t.Context(), l, authn.Input{Email: "bob@example.com", Password: password}); !errors.Is(err, want) || l.UserID != user {
			t.Errorf("%s: %v, %s", password, err, l.UserID)
		}
	}
}

// An outage is no wrong password: it must not be counted, nor answered, as one.
func TestOutage(t *testing.T) {
	_, m, _ := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Finish(ctx, &authn.Login{}, authn.Input{Email: alice, Password: passphrase}); err == nil || errors.Is(err, identity.ErrRejected) {
		t.Errorf("%v", err)
	}
}

// A hash of another make is replaced by the next sign-in, and the password stays (PWD-08,
// CON-06).
func TestRehash(t *testing.T) {
	gate, m, _ := open(t)
	const phrase, bcrypt = "correct horse battery staple", "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"
	user, err := gate.Flow.Import(t.Context(), account.NewUser{Email: "old@example.com"}, bcrypt)
	must(t, err)
	stored := func() string {
		list, err := gate.Accounts.Credentials(t.Context(), user.ID, authn.Password)
		must(t, err)
		return string(list[0].Data)
	}
	try := func(password string) error {
		_, err := m.Finish(t.Context(), &authn.Login{}, authn.Input{Email: user.Email, Password: password})
		return err
	}
	if err := try("wrong horse battery staple"); !errors.Is(err, identity.ErrRejected) || stored() != bcrypt {
		t.Errorf("%v, %s", err, stored())
	}
	must(t, try(phrase))
	replaced := stored()
	if !strings.HasPrefix(replaced, "$argon2id$") {
		t.Errorf("%s", replaced)
	}
	must(t, try(phrase))
	if stored() != replaced {
		t.Error("a current hash was replaced")
	}
}
