package verify_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/verify"
)

var asked = verify.Demand{Introspect: true}

// Only a yes about this token is one; whatever else comes closes the route (INT-04, INT-05,
// BUG-19).
func TestIntrospect(t *testing.T) {
	i := newIssuer(t)
	token := i.token(nil)
	for name, c := range map[string]struct {
		status int
		answer any
		want   string
	}{
		"yes":                   {200, object{"active": true}, "200"},
		"yes, with claims":      {200, object{"active": true, "sub": "usr_ada", "iss": i.URL, "jti": "t1", "exp": 1, "scope": "a", "client_id": "x"}, "200"},
		"no":                    {200, object{"active": false}, "401 TOKEN_INACTIVE"},
		"about another subject": {200, object{"active": true, "sub": "usr_eve"}, "503 UNAVAILABLE"},
		"about another token":   {200, object{"active": true, "jti": "t2"}, "503 UNAVAILABLE"},
		"of another issuer":     {200, object{"active": true, "iss": "https://evil.example"}, "503 UNAVAILABLE"},
		"no answer":             {200, object{}, "503 UNAVAILABLE"},
		"a word":                {200, object{"active": "true"}, "503 UNAVAILABLE"},
		"null":                  {200, object{"active": nil}, "503 UNAVAILABLE"},
		"a number":              {200, object{"active": 1}, "503 UNAVAILABLE"},
		"two answers":           {200, `{"active":false,"active":true}`, "503 UNAVAILABLE"},
		"by another name":       {200, object{"Active": true}, "503 UNAVAILABLE"},
		"a list":                {200, `[{"active":true}]`, "503 UNAVAILABLE"},
		"a page":                {200, "<html>", "503 UNAVAILABLE"},
		"cut short":             {200, `{"active":true`, "503 UNAVAILABLE"},
		"too long":              {200, object{"active": true, "x": strings.Repeat("x", 64<<10)}, "503 UNAVAILABLE"},
		"we are not known":      {401, object{"active": true}, "503 UNAVAILABLE"},
		"too often":             {429, object{"active": true}, "503 UNAVAILABLE"},
		"broken":                {500, object{"active": true}, "503 UNAVAILABLE"},
		"created":               {201, object{"active": true}, "503 UNAVAILABLE"},
	} {
		i.says(introspect, c.status, c.answer)
		w := send(i.guard().Protect(asked, hello), token)
		if got := verdict(w); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if got := w.Body.String(); w.Code == http.StatusUnauthorized && !strings.Contains(got, `"error":"Token is inactive or revoked"`) {
			t.Error(got)
		}
	}
}

// Who asks proves it by Basic, and the token stands in the body (RFC 7662 section 2.1, BUG-19).
func TestQuestion(t *testing.T) {
	i := newIssuer(t)
	token := i.token(nil)
	v := i.guard(func(c *verify.Config) { c.ClientID, c.ClientSecret = "cli:1 %", "a+b&c=d:é" })
	i.does(introspect, func(w http.ResponseWriter, r *http.Request) {
		name, password, ok := r.BasicAuth()
		if !ok || name != "cli%3A1+%25" || password != "a%2Bb%26c%3Dd%3A%C3%A9" || r.Method != http.MethodPost || r.URL.RawQuery != "" ||
			r.PostFormValue("token") != token || r.PostFormValue("token_type_hint") != "access_token" {
			t.Errorf("%s %s %v %v", r.Method, r.URL, r.Header, r.PostForm)
		}
		_, _ = w.Write([]byte(`{"active":true}`))
	})
	p, err := v.Introspect(t.Context(), token)
	if i.must(err); p.UserID != "usr_ada" {
		t.Errorf("%+v", p)
	}
}

// A token that is not even ours is not worth a question, and strangers pass where anyone may.
func TestNotAsked(t *testing.T) {
	i := newIssuer(t)
	v := i.guard()
	for _, token := range []string{"", "x", i.token(object{"exp": 1})} {
		if w := send(v.Protect(asked, hello), token); w.Code != http.StatusUnauthorized {
			t.Errorf("%q: %s", token, verdict(w))
		}
		if w := send(v.Protect(verify.Demand{Introspect: true, Public: true}, hello), token); w.Code != http.StatusOK {
			t.Errorf("%q: %s", token, verdict(w))
		}
	}
	if _, err := v.Introspect(t.Context(), "x"); identity.CodeOf(err) != "INVALID_TOKEN" || i.called(introspect) != 0 {
		t.Errorf("%v, %d questions", err, i.called(introspect))
	}
	i.says(introspect, http.StatusOK, object{"active": false})
	if w := send(v.Protect(verify.Demand{Introspect: true, Public: true}, hello), i.token(nil)); verdict(w) != "200" || w.Body.String() != "" {
		t.Errorf("a revoked token where anyone may call: %s %s", verdict(w), w.Body)
	}
	i.says(introspect, http.StatusInternalServerError, "")
	if w := send(v.Protect(verify.Demand{Introspect: true, Public: true}, hello), i.token(nil)); verdict(w) != "503 UNAVAILABLE" {
		t.Errorf("an outage where anyone may call: %s", verdict(w))
	}
}

// A yes is used again only where that is asked for, and not for longer; a no never.
func TestRemember(t *testing.T) {
	for life, want := range map[time.Duration]int{0: 4, 10 * time.Second: 2} {
		i := newIssuer(t)
		v, token := i.guard(func(c *verify.Config) { c.Remember = life }), i.token(nil)
		i.says(introspect, http.StatusOK, object{"active": true})
		for _, pause := range []time.Duration{0, 9 * time.Second, 999 * time.Millisecond, time.Millisecond} {
			i.wait(pause)
			if _, err := v.Introspect(t.Context(), token); err != nil {
				t.Error(err)
			}
		}
		if n := i.called(introspect); n != want {
			t.Errorf("remembered for %v: %d questions, want %d", life, n, want)
		}
		i.wait(10 * time.Second)
		i.says(introspect, http.StatusOK, object{"active": false})
		for range 3 {
			_, err := v.Introspect(t.Context(), token)
			i.refuses("revoked", err, verify.ErrInactive)
		}
		if n := i.called(introspect); n != want+3 {
			t.Errorf("remembered a no: %d questions", n)
		}
	}
}

// Where the issuer offers none, or is gone, the route is closed and the others are open.
func TestNoIntrospection(t *testing.T) {
	i := newIssuer(t)
	v, token := i.guard(), i.token(nil)
	i.must(check(v, token))
	i.CloseClientConnections()
	i.Listener.Close()
	i.wait(2 * time.Minute)
	for d, want := range map[bool]string{true: "503 UNAVAILABLE", false: "200"} {
		if got := verdict(send(v.Protect(verify.Demand{Introspect: d}, hello), token)); got != want {
			t.Errorf("introspect %t: %s, want %s", d, got, want)
		}
	}
	j := newIssuer(t)
	j.says(oauth, http.StatusOK, object{"issuer": j.URL, "jwks_uri": j.URL + jwks})
	if got := verdict(send(j.guard().Protect(asked, hello), j.token(nil))); got != "503 UNAVAILABLE" {
		t.Errorf("none offered: %s", got)
	}
}
