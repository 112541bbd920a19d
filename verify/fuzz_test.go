package verify_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/verify"
)

// A wire is an issuer without a network: a text for each path.
type wire map[string]string

// RoundTrip implements http.RoundTripper.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	text, ok := w[r.URL.Path]
	status := http.StatusOK
	if !ok {
		status = http.StatusNotFound
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(text)), Header: http.Header{}, Request: r}, nil
}

// wired returns an issuer whose answers are those of the wire, and what the wire must say first.
func wired(t testing.TB) (i *issuer, good wire) {
	i = newIssuer(t)
	jwk, err := i.key.JWK()
	i.must(err)
	return i, wire{
		oauth:      `{"issuer":"` + i.URL + `","jwks_uri":"` + i.URL + jwks + `","introspection_endpoint":"` + i.URL + introspect + `"}`,
		jwks:       `{"keys":[` + string(jwk) + `]}`,
		introspect: `{"active":true}`,
	}
}

func (i *issuer) over(w wire) *verify.Verifier {
	return i.guard(func(c *verify.Config) { c.HTTPClient = &http.Client{Transport: w} })
}

// FuzzDocument: whatever the issuer's document says, keys come from the issuer's origin only, and
// what fails is an outage.
func FuzzDocument(f *testing.F) {
	i, good := wired(f)
	token := i.token(nil)
	for _, text := range []string{
		good[oauth], `{}`, `null`, `[]`, `{"issuer":1}`, `{"issuer":"` + i.URL + `","jwks_uri":"` + i.URL + `@evil.example/x"}`,
		`{"issuer":"` + i.URL + `","jwks_uri":"//evil.example"}`, `{"issuer":"` + i.URL + `","jwks_uri":"` + i.URL + `/\u0000"}`, "\xff", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		err := check(i.over(wire{oauth: text, jwks: good[jwks]}), token)
		switch {
		case err == nil && (!strings.Contains(text, "issuer") || !strings.Contains(text, "jwks_uri")):
			t.Fatalf("%q is a document", text)
		case err != nil && identity.CodeOf(err) != "UNAVAILABLE":
			t.Fatalf("%q: %v", text, err)
		}
	})
}

// FuzzKeys: whatever the key set says, only the key that signed a token verifies it.
func FuzzKeys(f *testing.F) {
	i, good := wired(f)
	token := i.token(nil)
	for _, text := range []string{good[jwks], `{"keys":[]}`, `{"keys":null}`, `{"keys":[{}]}`, `{"keys":[{"kty":"oct","k":"AA"}]}`, `{"keys":[null]}`, `[]`, ""} {
		f.Add(text)
	}
	jwk, err := i.key.JWK()
	i.must(err)
	x := strings.Split(string(jwk), `"x":"`)[1][:43]
	f.Fuzz(func(t *testing.T, text string) {
		err := check(i.over(wire{oauth: good[oauth], jwks: text}), token)
		code := identity.CodeOf(err)
		if err == nil && !strings.Contains(text, x) && !strings.Contains(text, `\u`) || err != nil && code != "INVALID_TOKEN" && code != "UNAVAILABLE" {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

// FuzzIntrospection: only an answer that says active, and says true, opens the route (BUG-19).
func FuzzIntrospection(f *testing.F) {
	i, good := wired(f)
	token := i.token(nil)
	for _, text := range []string{
		good[introspect], `{"active":false}`, `{"active":true,"sub":"usr_ada"}`, `{"active":true,"sub":"usr_eve"}`, `{"active":1}`, `{"active":"true"}`,
		`{"active":true}{}`, `{"active":true,"active":true}`, `true`, `null`, ``, `{"ACTIVE":true}`, "\xef\xbb\xbf{\"active\":true}",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := i.over(wire{oauth: good[oauth], jwks: good[jwks], introspect: text}).Introspect(t.Context(), token)
		switch code := identity.CodeOf(err); {
		case err == nil:
			if !strings.Contains(text, "true") {
				t.Fatalf("%q is a yes", text)
			}
		case code != "UNAVAILABLE" && code != "TOKEN_INACTIVE":
			t.Fatalf("%q: %v", text, err)
		}
	})
}

// FuzzAuthorization: whatever follows "Authorization:", nobody is let in but by the one good token,
// and the only other answer is a 401 (BUG-11).
func FuzzAuthorization(f *testing.F) {
	i, good := wired(f)
	token := i.token(nil)
	h := i.over(good).Protect(verify.Demand{}, hello)
	for _, text := range []string{
		"Bearer GOOD", "bearer GOOD", "Bearer", "Bearer ", "Bearer  GOOD", "Bearer GOOD GOOD", "GOOD", "Basic eDp5", "Bearer\tGOOD", "Bearer GOOD,",
		"Bearer a.b.c", "Bearer ..", "", " ", "Bearer \x00", "\xff", "Bearer GOOD=", "Bearer GOO",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header["Authorization"] = []string{strings.ReplaceAll(text, "GOOD", token)}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		scheme, rest, _ := strings.Cut(text, " ")
		if opens := strings.EqualFold(scheme, "Bearer") && rest == "GOOD"; opens != (w.Code == http.StatusOK) || !opens && w.Code != http.StatusUnauthorized {
			t.Fatalf("%q: %d", text, w.Code)
		}
	})
}

// FuzzClaims: whatever the issuer signs, a token without the right issuer, audience and time is
// nobody's.
func FuzzClaims(f *testing.F) {
	i, good := wired(f)
	v := i.over(good)
	for _, text := range []string{`"sub":"usr_ada"`, `"aud":["a","b"]`, `"aud":null`, `"exp":1e3`, `"exp":9223372036854775807`, `"scope":" "`, `"perms":[]`, `"auth_time":-1`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token, err := sign(i.key, text)
		if err != nil {
			return
		}
		if p, err := v.Verify(t.Context(), token); err == nil && (!strings.Contains(text, i.URL) || p.UserID == "" && p.ClientID == "") {
			t.Fatalf("%q is of %+v", text, p)
		} else if err != nil && identity.KindOf(err) != identity.Unauthenticated {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
