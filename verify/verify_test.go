package verify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/jose"
	"github.com/gatehouse-id/gatehouse/verify"
)

// Keys of every kind that a set may hold, known from the issuer's URL alone (GEN-11, JWT-13).
func TestAlgorithms(t *testing.T) {
	i := newIssuer(t)
	keys := []*jose.Key{generate(t, jose.ES256, "es"), generate(t, jose.RS256, "rs"), generate(t, jose.EdDSA, "ed")}
	i.publishes(keys...)
	v := i.guard()
	for _, k := range keys {
		for range 2 { // the second time it was seen before
			i.refuses(string(k.Algorithm), check(v, i.tokenBy(k, "at+jwt", object{"jti": string(k.Algorithm)})), nil)
		}
	}
	if n := i.called(jwks); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

// The principal is the one that the house itself would see (JWT-22, JWT-31).
func TestPrincipal(t *testing.T) {
	i := newIssuer(t)
	v := i.guard()
	at := start.Add(-time.Hour)
	for _, c := range []struct {
		token object
		want  identity.Principal
	}{
		{
			object{
				"roles": []string{"user"}, "org": "org_1", "org_roles": []string{"owner"}, "scope": "read  write", "auth_time": at.Unix(),
				"amr": []string{"pwd", "otp"}, "acr": "aal2", "aud": []string{"https://other.example", i.URL},
			},
			identity.Principal{
				UserID: "usr_ada", ClientID: "first-party", SessionID: "ses_1", GrantID: "grt_1", TenantID: "org_1", Roles: []string{"user"},
				TenantRoles: []string{"owner"}, Scopes: []string{"read", "write"}, AuthTime: time.Unix(at.Unix(), 0), AMR: []string{"pwd", "otp"}, ACR: "aal2",
			},
		},
		{
			object{"sub": "cli_bill", "client_id": "cli_bill", "sid": nil, "gid": nil, "auth_time": nil},
			identity.Principal{ClientID: "cli_bill", Scopes: []string{}},
		},
		{
			object{"sid": nil, "gid": nil, "auth_time": nil, "nbf": start.Add(time.Minute).Unix(), "iat": start.Add(time.Minute).Unix()},
			identity.Principal{UserID: "usr_ada", ClientID: "first-party"},
		},
	} {
		c.want.Scheme = identity.SchemeBearer
		p, err := v.Verify(t.Context(), i.token(c.token))
		i.must(err)
		if !reflect.DeepEqual(*p, c.want) {
			t.Errorf("%+v, want %+v", *p, c.want)
		}
	}
}

// What one handler does to its principal no other sees.
func TestPrincipalIsOnesOwn(t *testing.T) {
	i := newIssuer(t)
	v, token := i.guard(), i.token(object{"roles": []string{"a", "b", "c"}})
	one, err := v.Verify(t.Context(), token)
	i.must(err)
	one.UserID, one.Roles = "usr_eve", append(one.Roles, "admin")
	two, err := v.Verify(t.Context(), token)
	i.must(err)
	if two.UserID != "usr_ada" || len(two.Roles) != 3 || cap(two.Roles) != 3 {
		t.Errorf("%+v", two)
	}
}

// Claims, one wrong at a time (JWT-05, RFC 9068 section 4).
func TestClaims(t *testing.T) {
	i := newIssuer(t)
	v, now := i.guard(), start.Unix()
	for name, c := range map[string]struct {
		change object
		want   error
	}{
		"another issuer":        {object{"iss": "https://evil.example"}, identity.ErrInvalidToken},
		"issuer with a slash":   {object{"iss": i.URL + "/"}, identity.ErrInvalidToken},
		"no issuer":             {object{"iss": nil}, identity.ErrInvalidToken},
		"another audience":      {object{"aud": "https://other.example"}, identity.ErrInvalidToken},
		"other audiences":       {object{"aud": []string{"https://other.example", i.URL + "/x"}}, identity.ErrInvalidToken},
		"no audience":           {object{"aud": nil}, identity.ErrInvalidToken},
		"nobody as audience":    {object{"aud": []string{}}, identity.ErrInvalidToken},
		"audience is a number":  {object{"aud": 7}, identity.ErrInvalidToken},
		"no subject":            {object{"sub": ""}, identity.ErrInvalidToken},
		"subject is a list":     {object{"sub": []string{"usr_ada"}}, identity.ErrInvalidToken},
		"no jti":                {object{"jti": nil}, identity.ErrInvalidToken},
		"no exp":                {object{"exp": nil}, identity.ErrInvalidToken},
		"exp by another name":   {object{"exp": nil, "Exp": now + 900}, identity.ErrInvalidToken},
		"exp is a word":         {object{"exp": "never"}, identity.ErrInvalidToken},
		"no iat":                {object{"iat": nil}, identity.ErrInvalidToken},
		"roles are one word":    {object{"roles": "admin"}, identity.ErrInvalidToken},
		"just expired":          {object{"exp": now - 59}, nil},
		"expired":               {object{"exp": now - 60}, identity.ErrTokenExpired},
		"made a little ahead":   {object{"iat": now + 60}, nil},
		"made tomorrow":         {object{"iat": now + 61}, identity.ErrInvalidToken},
		"begins in a while":     {object{"nbf": now + 61}, identity.ErrInvalidToken},
		"begins about now":      {object{"nbf": now + 60}, nil},
		"the end of all time":   {object{"exp": int64(1)<<62 - 1}, nil},
		"from before all time":  {object{"exp": -int64(1) << 62}, identity.ErrTokenExpired},
		"as the issuer made it": {nil, nil},
	} {
		token := i.token(c.change)
		i.refuses(name, check(v, token), c.want)
		i.refuses(name+", seen before", check(v, token), c.want)
	}
}

// The leeway and the audience are the application's to choose.
func TestConfig(t *testing.T) {
	i := newIssuer(t)
	strict := i.guard(func(c *verify.Config) { c.Leeway, c.Audience = -1, "https://shop.example" })
	for name, c := range map[string]struct {
		change object
		want   error
	}{
		"for the shop":      {object{"aud": "https://shop.example"}, nil},
		"for the issuer":    {nil, identity.ErrInvalidToken},
		"expires just now":  {object{"aud": "https://shop.example", "exp": start.Unix()}, identity.ErrTokenExpired},
		"made in a second":  {object{"aud": "https://shop.example", "iat": start.Unix() + 1}, identity.ErrInvalidToken},
		"expires in a tick": {object{"aud": "https://shop.example", "exp": start.Unix() + 1}, nil},
	} {
		i.refuses(name, check(strict, i.token(c.change)), c.want)
	}
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// mac signs a token by HMAC with what everybody knows (JWT-04).
func mac(head, claims string, secret []byte) string {
	input := encode(head) + "." + claims
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(input))
	return input + "." + encode(string(h.Sum(nil)))
}

// Tokens that the issuer never made (JWT-02, JWT-03, JWT-04).
func TestForged(t *testing.T) {
	i := newIssuer(t)
	rsa, stranger := generate(t, jose.RS256, "r1"), generate(t, jose.ES256, "k1")
	i.publishes(i.key, rsa)
	v, good := i.guard(), i.token(nil)
	part := strings.Split(good, ".")
	public, err := i.key.MarshalPublic()
	i.must(err)
	for name, token := range map[string]string{
		"nothing":               "",
		"one word":              "x",
		"none":                  encode(`{"alg":"none","typ":"at+jwt","kid":"k1"}`) + "." + part[1] + ".",
		"None":                  encode(`{"alg":"None","typ":"at+jwt","kid":"k1"}`) + "." + part[1] + ".",
		"HMAC with public key":  mac(`{"alg":"HS256","typ":"at+jwt","kid":"k1"}`, part[1], public),
		"HMAC with nothing":     mac(`{"alg":"HS256","typ":"at+jwt","kid":"k1"}`, part[1], nil),
		"HMAC, no key named":    mac(`{"alg":"HS256","typ":"at+jwt"}`, part[1], public),
		"another alg's name":    encode(`{"alg":"RS256","typ":"at+jwt","kid":"k1"}`) + "." + part[1] + "." + part[2],
		"another key's name":    encode(`{"alg":"ES256","typ":"at+jwt","kid":"r1"}`) + "." + part[1] + "." + part[2],
		"a key it brings along": encode(`{"alg":"ES256","typ":"at+jwt","kid":"k1","jku":"https://evil.example"}`) + "." + part[1] + "." + part[2],
		"a stranger's key":      i.tokenBy(stranger, "at+jwt", nil),
		"other claims":          part[0] + "." + encode(`{"iss":"`+i.URL+`","roles":["admin"]}`) + "." + part[2],
		"no signature":          part[0] + "." + part[1] + ".",
		"half a signature":      part[0] + "." + part[1] + "." + part[2][:40],
		"an ID token":           i.tokenBy(i.key, "JWT", nil),
		"no type":               i.tokenBy(i.key, "", nil),
		"a logout token":        i.tokenBy(i.key, "logout+jwt", nil),
		"a book":                good + strings.Repeat("A", 20_000),
	} {
		i.refuses(name, check(v, token), identity.ErrInvalidToken)
	}
	i.refuses("the good one", check(v, good), nil)
	i.refuses("a type spelt whole", check(v, i.tokenBy(i.key, "application/AT+JWT", nil)), nil)
}
