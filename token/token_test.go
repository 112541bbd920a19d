package token_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/jose"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/keyring"
	"github.com/gatehouse-id/gatehouse/token"
)

func (f *fixture) issue(l *login) string {
	f.Helper()
	access, err := f.tokens.Issue(l.user, l.session, l.family.ID, token.Purpose{})
	f.must(err)
	return access
}

// part decodes one part of a token.
func (f *fixture) part(access string, i int) (members map[string]any) {
	f.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(access, ".")[i])
	f.must(err)
	f.must(json.Unmarshal(text, &members))
	return members
}

// sign signs the claims of a real token with some of them changed; nil removes one.
func (f *fixture) sign(l *login, key *jose.Key, typ string, changes map[string]any) string {
	f.Helper()
	claims := f.part(f.issue(l), 1)
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	for _, name := range []string{"exp", "iat", "auth_time", "ver"} {
		if n, ok := claims[name].(float64); ok {
			claims[name] = int64(n)
		}
	}
	access, err := jose.Sign(key, typ, claims)
	f.must(err)
	return access
}

func sqliteFixture(t *testing.T) *fixture {
	t.Helper()
	return open(t, sqldbtest.SQLite(t))
}

// Three parts of base64url, of which anybody can read two (JWT-01, JWT-10), for a quarter of
// an hour (JWT-06, CON-19), with the members of RFC 9068 section 2.2 and of the contract, and no
// others (JWT-07, JWT-08, JWT-09, JWT-31, CON-17, CON-20).
func TestIssue(t *testing.T) {
	f := sqliteFixture(t)
	l := f.signIn()
	l.user.Version = 3
	f.wait(10 * time.Minute) // a refresh later, auth_time has not moved (BUG-09)
	access := f.issue(l)
	now := f.now().Unix()
	claims := f.part(access, 1)
	jti, _ := claims["jti"].(string)
	want := map[string]any{
		"iss": issuer, "aud": issuer, "sub": string(l.user.ID), "client_id": "gatehouse",
		"sid": string(l.session.ID), "gid": string(l.family.ID), "jti": jti, "roles": []any{"user"},
		"iat": float64(now), "exp": float64(now + 900), "auth_time": float64(start.Unix()),
		"amr": []any{"pwd"}, "acr": "aal1", "ver": float64(3),
	}
	if !reflect.DeepEqual(claims, want) || len(jti) != 16 {
		t.Errorf("claims %v\nwant %v", claims, want)
	}
	key := f.ring.AccessSigner()
	if head := f.part(access, 0); !reflect.DeepEqual(head, map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": key.ID}) {
		t.Errorf("header %v", head)
	}
	if len(access) > 700 { // GEN-07, CON-18
		t.Errorf("%d bytes", len(access))
	}
	if again := f.issue(l); again == access || f.part(again, 1)["jti"] == jti || f.tokens.Issued() != 2 {
		t.Errorf("the second token of %d: %s", f.tokens.Issued(), again)
	}
}

// A token says no more than there is to say, and may live five minutes only (CON-19).
func TestIssueVariants(t *testing.T) {
	f := sqliteFixture(t)
	l := f.signIn()
	l.user.Roles = nil
	l.session.Proofs = append(l.session.Proofs, identity.Proof{Method: "totp", Factor: identity.Possession, At: f.now().Add(time.Minute)})
	f.tokens.Lifetime = 5 * time.Minute
	access, err := f.tokens.Issue(l.user, l.session, "", token.Purpose{})
	f.must(err)
	claims := f.part(access, 1)
	if got := slices.Sorted(maps.Keys(claims)); !slices.Equal(got, strings.Fields("acr amr aud auth_time client_id exp iat iss jti sid sub ver")) {
		t.Errorf("members %v: without roles and grant they are left out, never null", got)
	}
	if claims["acr"] != "aal2" || !reflect.DeepEqual(claims["amr"], []any{"pwd", "otp", "mfa"}) ||
		claims["auth_time"] != float64(f.now().Unix()+60) || claims["exp"] != float64(f.now().Unix()+300) {
		t.Errorf("%v", claims)
	}
}

// What this house signed this house verifies, without asking the database, and nothing else
// (GEN-08, JWT-05, JWT-28).
func TestVerify(t *testing.T) {
	f := sqliteFixture(t)
	l := f.signIn()
	key, now := f.ring.AccessSigner(), f.now().Unix()
	stranger, err := jose.Generate(jose.ES256, key.ID)
	f.must(err)
	for what, c := range map[string]struct {
		token string
		want  error
	}{
		"ours":                  {f.sign(l, key, token.Type, nil), nil},
		"a scope more":          {f.sign(l, key, token.Type, map[string]any{"scope": "a b"}), nil},
		"another issuer":        {f.sign(l, key, token.Type, map[string]any{"iss": "https://evil.example"}), identity.ErrInvalidToken},
		"issuer with a slash":   {f.sign(l, key, token.Type, map[string]any{"iss": issuer + "/"}), identity.ErrInvalidToken},
		"no issuer":             {f.sign(l, key, token.Type, map[string]any{"iss": nil}), identity.ErrInvalidToken},
		"another audience":      {f.sign(l, key, token.Type, map[string]any{"aud": "https://api.example.com"}), identity.ErrInvalidToken},
		"no audience (BUG-07)":  {f.sign(l, key, token.Type, map[string]any{"aud": nil}), identity.ErrInvalidToken},
		"two audiences":         {f.sign(l, key, token.Type, map[string]any{"aud": []string{issuer, "x"}}), identity.ErrInvalidToken},
		"no subject":            {f.sign(l, key, token.Type, map[string]any{"sub": nil}), identity.ErrInvalidToken},
		"no session":            {f.sign(l, key, token.Type, map[string]any{"sid": nil}), identity.ErrInvalidToken},
		"no ID (BUG-08)":        {f.sign(l, key, token.Type, map[string]any{"jti": nil}), identity.ErrInvalidToken},
		"empty ID":              {f.sign(l, key, token.Type, map[string]any{"jti": ""}), identity.ErrInvalidToken},
		"no expiry":             {f.sign(l, key, token.Type, map[string]any{"exp": nil}), identity.ErrTokenExpired},
		"expiry a text":         {f.sign(l, key, token.Type, map[string]any{"exp": "tomorrow"}), identity.ErrInvalidToken},
		"expires now":           {f.sign(l, key, token.Type, map[string]any{"exp": now}), identity.ErrTokenExpired},
		"expires in a second":   {f.sign(l, key, token.Type, map[string]any{"exp": now + 1}), nil},
		"issued in a minute":    {f.sign(l, key, token.Type, map[string]any{"iat": now + 60}), nil},
		"issued later":          {f.sign(l, key, token.Type, map[string]any{"iat": now + 61}), identity.ErrInvalidToken},
		"an ID token":           {f.sign(l, key, "JWT", nil), identity.ErrInvalidToken},
		"no type":               {f.sign(l, key, "", nil), identity.ErrInvalidToken},
		"type spelled in full":  {f.sign(l, key, "application/AT+jwt", nil), nil}, // RFC 7515 section 4.1.9
		"the audit log's key":   {f.sign(l, f.ring.Signer(keyring.Audit), token.Type, nil), identity.ErrInvalidToken},
		"a stranger's, our kid": {f.sign(l, stranger, token.Type, nil), identity.ErrInvalidToken},
		"a refresh token":       {l.refresh, identity.ErrInvalidToken},
		"nothing":               {"", identity.ErrInvalidToken},
		"dots":                  {"..", identity.ErrInvalidToken},
	} {
		for range 2 { // a token that was seen before is judged again
			_, err := f.tokens.Verify(c.token)
			f.refuses(what, err, c.want)
		}
	}
}

// What Verify returns is what Issue was given (JWT-22).
func TestVerifyReturns(t *testing.T) {
	f := sqliteFixture(t)
	l := f.signIn()
	access := f.issue(l)
	for range 2 {
		c, err := f.tokens.Verify(access)
		f.must(err)
		want := &token.Claims{
			Issuer: issuer, Audience: issuer, Expires: start.Unix() + 900, IssuedAt: start.Unix(), ID: c.ID, Subject: l.user.ID,
			ClientID: identity.FirstParty, SessionID: l.session.ID, GrantID: l.family.ID, AuthTime: start.Unix(),
			AMR: []string{"pwd"}, ACR: "aal1", Roles: []string{"user"},
		}
		if !reflect.DeepEqual(c, want) {
			t.Errorf("%+v, want %+v", c, want)
		}
	}
}
