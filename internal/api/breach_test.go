package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/breach"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// pwned stands in for Have I Been Pwned; it knows another, and fails while down.
func pwned(t *testing.T, down *atomic.Bool) gatehouse.Breaches {
	d := breach.Of(another)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
		if strings.HasSuffix(r.URL.Path, "/"+d.Prefix()) {
			_, _ = fmt.Fprintf(w, "%s:9\r\n", fmt.Sprintf("%X", d)[5:])
		}
	}))
	t.Cleanup(s.Close)
	return gatehouse.Breaches{Ranges: gatehouse.Ranges{URL: s.URL, Loopback: true}}
}

// A password that attackers know is refused wherever one is set, in the words of the contract
// (PWD-09, PWD-10, BUG-30).
func TestBreachedPassword(t *testing.T) {
	f := one(t, func(c *gatehouse.Config) { c.Breaches = pwned(t, &atomic.Bool{}) })
	invitation, err := f.gate.Flow.Invite(t.Context())
	f.must(err)
	_, setup, _ := strings.Cut(invitation, "token=")
	err = f.gate.Flow.Setup(t.Context(), setup, authn.NewAccount{Email: admin, Password: another})
	if !errors.Is(err, identity.ErrBreached) {
		t.Errorf("the set-up: %v", err)
	}
	f.person(alice)
	d, p := f.signedIn(alice, "token"), f.program()
	p.do("POST", "/auth/forgot-password", message{"email": alice}).is(200, "")
	for _, c := range []struct {
		send   func(method, path string, body any) answer
		path   string
		body   message
		member string
	}{
		{p.do, "/auth/register", message{"email": "new@example.com", "password": another}, "password"},
		{p.do, "/auth/register", message{"email": alice, "password": another}, "password"}, // who is known is told the same
		{p.do, "/auth/reset-password", message{"token": f.link(alice, "/reset-password"), "password": another}, "password"},
		{d.call, "/auth/change-password", message{"currentPassword": passphrase, "newPassword": another}, "newPassword"},
	} {
		a := c.send("POST", c.path, c.body).is(400, "BREACHED_PASSWORD").names(c.member)
		if a.at("error") != "Password appears in known data breaches." {
			t.Errorf("%s: %s", c.path, a.text)
		}
	}
}

// A service that is down keeps nobody from choosing a password; /readyz tells of it and stays ready,
// and the log does so once (PWD-09, BUG-32).
func TestBreachServiceIsDown(t *testing.T) {
	var down atomic.Bool
	var log bytes.Buffer
	f := open(t, sqldbtest.SQLite(t), func(c *gatehouse.Config) {
		c.Breaches, c.Idle = pwned(t, &down), true
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	p := f.program()
	says := func(want string) {
		t.Helper()
		if a := p.do("GET", "/readyz", nil).is(200, ""); a.at("checks.breaches") != want || a.at("status") != "ready" {
			t.Errorf("%s", a.text)
		}
	}
	says("ok")
	down.Store(true)
	for i := range 3 {
		p.register(fmt.Sprintf("new%d@example.com", i), another).is(201, "")
	}
	says("degraded")
	if n := strings.Count(log.String(), "passwords are not looked up"); n != 1 {
		t.Errorf("the log tells of it %d times:\n%s", n, &log)
	}
	if strings.Contains(log.String(), another) || strings.Contains(log.String(), breach.Of(another).Prefix()) {
		t.Error("the log tells of the password")
	}
}
