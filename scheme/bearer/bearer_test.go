package bearer_test

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
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/scheme/bearer"
	"github.com/gatehouse-id/gatehouse/scheme/schemetest"
)

const passphrase = "violet hammer seventeen"

// A house with one user, and a scheme that reads its tokens.
type house struct {
	*gatehouse.Gate
	scheme *bearer.Scheme
	user   *identity.User
}

func open(t testing.TB) house {
	t.Helper()
	gate, err := gatehouse.New(t.Context(), gatehouse.Config{
		Breaches: gatehouse.Breaches{Off: true}, DB: sqldbtest.SQLite(t), PublicURL: "https://id.example.com", MasterKey: make([]byte, 32), Unverified: true, Idle: true,
		Passwords: gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 64, Time: 1, Parallelism: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	user, err := gate.Flow.CreateUser(t.Context(), account.NewUser{Email: "alice@example.com"}, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	site := &web.Site{Public: &url.URL{Scheme: "https", Host: "id.example.com"}, Now: time.Now}
	return house{gate, &bearer.Scheme{Site: site, Tokens: gate.Tokens}, user}
}

func (h house) signIn(t testing.TB) *authn.SignedIn {
	t.Helper()
	out, err := h.Flow.Finish(t.Context(), authn.Answer{
		Method: authn.Password, Start: authn.Start{Mode: identity.ModeCookieToken},
		Input: authn.Input{Email: "alice@example.com", Password: passphrase},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.SignedIn
}

func authorization(value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", value) }
}

func cookie(value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Cookie", "accessToken="+value) }
}

// The token by header and by cookie (JWT-15, JWT-16), each as every scheme must be.
func TestScheme(t *testing.T) {
	h := open(t)
	for _, by := range []struct {
		name   string
		send   func(string) func(*http.Request)
		cookie bool
	}{
		{"header", func(token string) func(*http.Request) { return authorization("Bearer " + token) }, false},
		{"cookie", cookie, true},
	} {
		t.Run(by.name, func(t *testing.T) {
			in := h.signIn(t)
			schemetest.Run(t, schemetest.Case{
				Scheme: h.scheme, Good: by.send(in.Access), User: h.user.ID, Cookie: by.cookie,
				Bad: map[string]func(*http.Request){
					"nonsense": by.send("x"), "cut short": by.send(in.Access[:len(in.Access)-2]), "no signature": by.send(in.Access[:strings.LastIndexByte(in.Access, '.')+1]),
					"a refresh token": by.send(in.Refresh),
				},
				Revoke: func() {
					if err := h.Flow.SignOut(t.Context(), h.user.ID, in.Session.ID); err != nil {
						t.Fatal(err)
					}
				},
			})
		})
	}
}

// What the principal is told stands in the token (JWT-22, JWT-31).
func TestPrincipal(t *testing.T) {
	h := open(t)
	in := h.signIn(t)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	authorization("Bearer " + in.Access)(r)
	p, err := h.scheme.Authenticate(r)
	if err != nil || p.ClientID != identity.FirstParty || p.SessionID != in.Session.ID || p.GrantID == "" || len(p.Roles) != 1 || p.Roles[0] != "user" ||
		p.ACR != "aal1" || len(p.AMR) != 1 || p.Scopes != nil || time.Since(p.AuthTime) > time.Minute {
		t.Errorf("%+v, %v", p, err)
	}
}

// An outage is nobody's bad credential (JWT-21).
func TestOutage(t *testing.T) {
	h := open(t)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	authorization("Bearer " + h.signIn(t).Access)(r)
	if err := h.Flow.DB.Close(); err != nil {
		t.Fatal(err)
	}
	if p, err := h.scheme.Authenticate(r); p != nil || err == nil || identity.KindOf(err) == identity.Unauthenticated {
		t.Errorf("%+v, %v", p, err)
	}
}

// FuzzBearer: whatever follows "Authorization:", nobody is let in but by the one good token,
// and the only refusal is a 401 (BUG-11).
func FuzzBearer(f *testing.F) {
	h := open(f)
	good := h.signIn(f).Access
	for _, text := range []string{
		"Bearer GOOD", "bearer GOOD", "Bearer", "Bearer ", "Bearer  GOOD", "Bearer GOOD GOOD", "GOOD", "Basic eDp5", "Bearer\tGOOD", "Bearer GOOD,",
		"Bearer a.b.c", "Bearer ..", "", " ", "Bearer \x00", "\xff", "Bearer GOOD=", "Bearer GOO",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Authorization"] = []string{strings.ReplaceAll(text, "GOOD", good)}
		p, err := h.scheme.Authenticate(r)
		scheme, rest, _ := strings.Cut(text, " ")
		switch {
		case p != nil:
			if !strings.EqualFold(scheme, "Bearer") || rest != "GOOD" || p.UserID != h.user.ID || p.Cookie {
				t.Fatalf("%q opened: %+v", text, p)
			}
		case err == nil:
			if strings.EqualFold(scheme, "Bearer") {
				t.Fatalf("%q is left to another scheme", text)
			}
		case identity.KindOf(err) != identity.Unauthenticated:
			t.Fatalf("%q: %v", text, err)
		}
	})
}
