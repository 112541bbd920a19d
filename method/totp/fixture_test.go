package totp_test

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/totp"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// A fixture is a house, and the method here and on another machine.
type fixture struct {
	*house.House
	method, elsewhere *totp.Method
}

func open(t testing.TB, db *sqldb.DB) *fixture {
	t.Helper()
	h := house.Open(t, db, func(c *gatehouse.Config) { c.Product = "Acme" })
	return &fixture{h, method(h), method(h.Next())}
}

func each(t *testing.T, fn func(*fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(open(t, db)) })
}

func method(h *house.House) *totp.Method {
	h.Helper()
	m, err := h.Method(totp.ID)
	h.Must(err)
	return m.(*totp.Method)
}

// An app is what the user holds in their hand: the key, and how codes are made of it.
type app struct {
	*fixture
	key       string // base32
	algorithm string
	digits    int
}

// code is what the application shows so many steps from now, by a program that is not ours.
func (a app) code(steps int) string {
	a.Helper()
	at := a.Now().Add(time.Duration(steps) * 30 * time.Second)
	out, err := exec.CommandContext(a.Context(), "oathtool", "--totp="+a.algorithm, "--digits="+strconv.Itoa(a.digits), "--base32",
		"--now="+at.Format("2006-01-02 15:04:05 UTC"), a.key).Output()
	a.Must(err)
	return strings.TrimSpace(string(out))
}

// hold gives a user a key that is known, without setting it up.
func (f *fixture) hold(user identity.UserID, raw, algorithm string, digits int, step int64) app {
	f.Helper()
	key := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(raw))
	sealed, err := f.Seal([]byte(key), "totp "+string(user))
	f.Must(err)
	data, err := json.Marshal(map[string]any{"sealed": sealed, "algorithm": algorithm, "digits": digits, "step": step})
	f.Must(err)
	f.Must(f.Accounts.Enroll(f.Context(), &identity.Credential{UserID: user, Method: totp.ID, Lookup: string(user), Data: data}))
	return app{f, key, algorithm, digits}
}

// held is hold for an application like every other.
func (f *fixture) held(user identity.UserID) app {
	f.Helper()
	return f.hold(user, "12345678901234567890", "SHA1", 6, 0)
}

func (f *fixture) finish(m *totp.Method, user identity.UserID, code string) error {
	proof, err := m.Finish(f.Context(), &authn.Login{UserID: user}, authn.Input{Code: code})
	if err == nil && (proof.Factor != identity.Possession || !proof.At.Equal(f.Now())) {
		err = fmt.Errorf("it proved %+v", proof)
	}
	return err
}

// begin sets the method up, and confirm confirms it, as somebody signed in.
func (f *fixture) begin(user *identity.User) (app, authn.Prompt) {
	f.Helper()
	prompt, err := f.BeginEnroll(f.Context(), f.setup(user, ""))
	f.Must(err)
	return app{f, prompt.Secret.Key, "SHA1", 6}, prompt
}

func (f *fixture) confirm(user *identity.User, code string) error {
	_, err := f.FinishEnroll(f.Context(), f.setup(user, code))
	return err
}

func (f *fixture) setup(user *identity.User, code string) authn.EnrollStep {
	return authn.EnrollStep{Method: totp.ID, Caller: house.Caller(user), Input: authn.Input{Code: code}}
}

// half is the handle of a sign-in after its first proof; "" for one that needs no second.
func (f *fixture) half() string {
	f.Helper()
	return f.Password(house.Alice).Login
}

func (f *fixture) prove(login, code string) (authn.Outcome, error) {
	return f.Finish(f.Context(), house.Answer(totp.ID, login, "", authn.Input{Code: code}))
}

func (f *fixture) enrolled(user *identity.User) bool {
	f.Helper()
	has, err := f.method.Enrolled(context.WithoutCancel(f.Context()), user)
	f.Must(err)
	return has
}
