package cookie_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/scheme/cookie"
	"github.com/gatehouse-id/gatehouse/scheme/schemetest"
)

const passphrase = "violet hammer seventeen"

// TestScheme: the session cookie is as every scheme must be, and tells who signed in, when
// and how (SES-17, SES-23).
func TestScheme(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		gate, err := gatehouse.New(t.Context(), gatehouse.Config{
			Breaches: gatehouse.Breaches{Off: true}, DB: db, PublicURL: "https://id.example.com", MasterKey: make([]byte, 32), Unverified: true, Idle: true,
			Passwords: gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 64, Time: 1, Parallelism: 1}},
		})
		if err != nil {
			t.Fatal(err)
		}
		user, err := gate.Flow.CreateUser(t.Context(), account.NewUser{Email: "alice@example.com"}, passphrase)
		if err != nil {
			t.Fatal(err)
		}
		out, err := gate.Flow.Finish(t.Context(), authn.Answer{
			Method: authn.Password, Start: authn.Start{Mode: identity.ModeCookie},
			Input: authn.Input{Email: "alice@example.com", Password: passphrase},
		})
		if err != nil {
			t.Fatal(err)
		}
		in := out.SignedIn
		with := func(cookies string) func(*http.Request) {
			return func(r *http.Request) { r.Header.Set("Cookie", cookies) }
		}
		scheme := &cookie.Scheme{Site: &web.Site{Public: &url.URL{Scheme: "https", Host: "id.example.com"}, Now: time.Now}, Sessions: gate.Sessions}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		with("__Host-session=" + in.Cookie)(r)
		p, err := scheme.Authenticate(r)
		if err != nil || p.SessionID != in.Session.ID || p.ClientID != "" || len(p.Roles) != 1 || p.ACR != "aal1" || time.Since(p.AuthTime) > time.Minute {
			t.Errorf("%+v, %v", p, err)
		}
		for what, cookies := range map[string]string{"twice": "__Host-session=" + in.Cookie + "; __Host-session=x", "without its prefix": "session=" + in.Cookie} {
			r.Header.Set("Cookie", cookies)
			if p, err := scheme.Authenticate(r); p != nil || err != nil {
				t.Errorf("%s: %+v, %v", what, p, err)
			}
		}
		schemetest.Run(t, schemetest.Case{
			Scheme: scheme, Good: with("other=1; __Host-session=" + in.Cookie), User: user.ID, Cookie: true,
			Bad: map[string]func(*http.Request){
				"nonsense": with("__Host-session=x"), "another": with("__Host-session=" + strings.Repeat("A", 43)),
				"its ID": with("__Host-session=" + string(in.Session.ID)), "cut short": with("__Host-session=" + in.Cookie[1:]),
			},
			Revoke: func() {
				if err := gate.SignOut(t.Context(), user.ID); err != nil {
					t.Fatal(err)
				}
			},
		})
	})
}
