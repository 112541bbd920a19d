package provider_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// serve sends a token to a handler and returns the status.
func serve(f *fixture, h http.Handler, token string) int {
	f.Helper()
	r := httptest.NewRequestWithContext(f.Context(), http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

// person creates Alice and signs her in.
func (f *fixture) person() *authn.SignedIn {
	f.Helper()
	f.Person(house.Alice)
	return f.signIn()
}

// signIn returns a session of Alice's with its tokens.
func (f *fixture) signIn() *authn.SignedIn {
	f.Helper()
	out, err := f.Finish(f.Context(), authn.Answer{
		Method: authn.Password, Start: authn.Start{Mode: identity.ModeNative},
		Input: authn.Input{Email: house.Alice, Password: house.Passphrase},
	})
	f.Must(err)
	return out.SignedIn
}

// A good token is told with its claims (INT-01).
func TestIntrospect(t *testing.T) {
	each(t, func(f *fixture) {
		in, s := f.person(), f.service("posts:read")
		a := f.checker.post("/oauth/introspect", "token="+in.Access+"&token_type_hint=access_token").is(http.StatusOK, "")
		if a.body["active"] != true || a.body["sub"] != string(in.User.ID) || a.body["iss"] != "https://id.example.com" || a.body["aud"] != a.body["iss"] ||
			a.body["client_id"] != "gatehouse" || a.body["token_type"] != "Bearer" || a.body["exp"] == nil || a.body["iat"] == nil || a.body["jti"] == nil {
			f.Errorf("a person's: %s", a.text)
		}
		a = f.checker.post("/oauth/introspect", "token="+s.token("")+"&token_type_hint=nonsense").is(http.StatusOK, "")
		if a.body["active"] != true || a.body["sub"] != string(s.ID) || a.body["client_id"] != string(s.ID) || a.body["scope"] != "posts:read" {
			f.Errorf("a client's: %s", a.text)
		}
	})
}

// Whatever is not good is inactive, and why is not told (INT-01, INT-02): no token, a refresh token,
// a secret, expired, revoked, outdated, its user disabled.
func TestInactive(t *testing.T) {
	each(t, func(f *fixture) {
		in := f.person()
		for _, text := range []string{"x", "a.b.c", in.Access + "x", in.Access[:len(in.Access)-2], in.Refresh, f.checker.secret, strings.Repeat("x", 30000), "\x00"} {
			if f.active(text) {
				f.Errorf("%.40q is active", text)
			}
		}
		c, err := f.Gate.Tokens.Verify(in.Access)
		f.Must(err)
		f.Must(f.Gate.Tokens.Revoke(f.Context(), c))
		if f.active(in.Access) {
			f.Error("revoked by its jti, and active")
		}
		s := f.service("posts:read")
		text := s.token("")
		f.Wait(5 * time.Minute)
		if f.active(text) {
			f.Error("expired, and active")
		}
	})
}

// What is done to a user shows at once.
func TestIntrospectUser(t *testing.T) {
	each(t, func(f *fixture) {
		in := f.person()
		if !f.active(in.Access) {
			f.Fatal("not active from the start")
		}
		f.Must(f.SetRoles(f.Context(), in.User.ID, []string{"user", "moderator"}))
		if f.active(in.Access) {
			f.Error("outdated, and active")
		}
		again := f.signIn()
		if !f.active(again.Access) {
			f.Fatal("not active once more")
		}
		f.Must(f.Disable(f.Context(), in.User.ID, true))
		if f.active(again.Access) {
			f.Error("its user is disabled, and it is active")
		}
	})
}

// Nobody asks who is not a client with the scope (INT-03, BUG-19), and no answer tells whether the
// token is good.
func TestIntrospectCaller(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	in, other, mine := f.person(), f.service("posts:read"), f.checker.token("introspect")
	for _, text := range []string{in.Access, "x"} {
		form := "token=" + text
		f.post("/oauth/introspect", form, nil).is(http.StatusUnauthorized, "invalid_client")
		f.post("/oauth/introspect", form, func(r *http.Request) { r.SetBasicAuth(string(f.checker.ID), "gcs_wrong") }).is(http.StatusUnauthorized, "invalid_client")
		f.post("/oauth/introspect", form, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+in.Access) }).is(http.StatusUnauthorized, "invalid_client")
		f.post("/oauth/introspect", form, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+mine) }).is(http.StatusUnauthorized, "invalid_client")
		other.post("/oauth/introspect", form).is(http.StatusForbidden, "insufficient_scope")
		f.checker.post("/oauth/introspect?"+form, "").is(http.StatusBadRequest, "invalid_request")
		f.checker.post("/oauth/introspect", form+"&"+form).is(http.StatusBadRequest, "invalid_request")
		f.checker.post("/oauth/introspect", "").is(http.StatusBadRequest, "invalid_request")
	}
}

// A client ends its own tokens and nobody else's (RFC 7009 section 2).
func TestRevoke(t *testing.T) {
	each(t, func(f *fixture) {
		in, s, other := f.person(), f.service("posts:read"), f.service("posts:read")
		text := s.token("")
		f.post("/oauth/revoke", "token="+text, nil).is(http.StatusUnauthorized, "invalid_client")
		other.post("/oauth/revoke", "token="+text).is(http.StatusBadRequest, "unauthorized_client")
		s.post("/oauth/revoke", "token="+in.Access).is(http.StatusBadRequest, "unauthorized_client")
		s.post("/oauth/revoke", "").is(http.StatusBadRequest, "invalid_request")
		if !f.active(text) || !f.active(in.Access) {
			f.Error("ended by whom it does not belong to")
		}
		for _, over := range []string{text, text, "x", url.QueryEscape(in.Refresh)} {
			if a := s.post("/oauth/revoke", "token="+over).is(http.StatusOK, ""); a.text != "" {
				f.Errorf("%s", a.text)
			}
		}
		if f.active(text) || !f.active(in.Access) {
			f.Error("not ended, or too much was")
		}
	})
}
