package jose_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/jose"
)

var algorithms = []jose.Algorithm{jose.ES256, jose.RS256, jose.EdDSA, jose.HS256}

// generate makes a key named as its algorithm.
func generate(t testing.TB, alg jose.Algorithm) *jose.Key {
	t.Helper()
	k, err := jose.Generate(alg, "key-"+string(alg))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// only expects an access token signed by one of keys.
func only(keys ...*jose.Key) jose.Expect {
	return jose.Expect{Types: []string{"at+jwt"}, Key: ring(keys...)}
}

func ring(keys ...*jose.Key) func(string) *jose.Key {
	byID := map[string]*jose.Key{}
	for _, k := range keys {
		byID[k.ID] = k
	}
	return func(kid string) *jose.Key { return byID[kid] }
}

func sign(t testing.TB, k *jose.Key, claims any) string {
	t.Helper()
	token, err := jose.Sign(k, "at+jwt", claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func encode(data string) string { return base64.RawURLEncoding.EncodeToString([]byte(data)) }

// forge signs any two strings correctly with an HS256 secret: whatever is wrong with
// the token, it is not the signature.
func forge(secret []byte, header, claims string) string {
	return seal(secret, encode(header)+"."+encode(claims))
}

func seal(secret []byte, input string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return input + "." + encode(string(mac.Sum(nil)))
}

// TestRoundTrip: what a key of any algorithm signs, that key verifies and no other (JWT-12).
func TestRoundTrip(t *testing.T) {
	for _, alg := range algorithms {
		t.Run(string(alg), func(t *testing.T) {
			k := generate(t, alg)
			token := sign(t, k, map[string]any{"sub": "alice", "exp": 1300819380})
			claims, by, err := jose.Verify(token, only(generate(t, jose.EdDSA), k))
			if err != nil || by != k {
				t.Fatalf("Verify = %v, %v", by, err)
			}
			if got, want := string(claims), `{"exp":1300819380,"sub":"alice"}`; got != want {
				t.Errorf("claims %s, want %s", got, want)
			}
			if _, _, err := jose.Verify(token, only(&jose.Key{ID: k.ID, Algorithm: alg})); !errors.Is(err, jose.ErrSignature) {
				t.Errorf("a key without material: %v", err)
			}
		})
	}
}

func TestHeader(t *testing.T) {
	tests := []struct{ id, typ, want string }{
		{"k1", "at+jwt", `{"alg":"ES256","typ":"at+jwt","kid":"k1"}`},
		{"", "JWT", `{"alg":"ES256","typ":"JWT"}`},
		{"", "", `{"alg":"ES256"}`},
	}
	for _, test := range tests {
		k, err := jose.Generate(jose.ES256, test.id)
		if err != nil {
			t.Fatal(err)
		}
		token, err := jose.Sign(k, test.typ, struct{}{})
		if err != nil {
			t.Fatal(err)
		}
		if header, _, _ := strings.Cut(token, "."); header != encode(test.want) {
			t.Errorf("header of %q, want %s", token, test.want)
		}
	}
}

// TestAccessTokenSize: an access token with one role stays within 700 bytes.
func TestAccessTokenSize(t *testing.T) {
	k, err := jose.Generate(jose.ES256, "3f9ac2d1")
	if err != nil {
		t.Fatal(err)
	}
	const id = "0198c0a2-6d5e-7b2f-9f00-3c1d2e4f5a6b"
	token := sign(t, k, map[string]any{
		"iss": "https://id.example.com", "aud": "https://id.example.com", "sub": id, "sid": id, "gid": id,
		"jti": "AbCdEfGhIjKlMnOp", "exp": 1300819380, "iat": 1300818480, "auth_time": 1300818480,
		"client_id": "app", "scope": "openid", "acr": "1", "amr": []string{"pwd"}, "ver": 1, "roles": []string{"admin"},
	})
	if len(token) > 700 {
		t.Errorf("%d bytes", len(token))
	}
}

func TestTypes(t *testing.T) {
	k := generate(t, jose.EdDSA)
	tests := []struct {
		typ     string
		accepts []string
		want    error
	}{
		{"at+jwt", []string{"at+jwt"}, nil},
		{"AT+JWT", []string{"at+jwt"}, nil},             // RFC 2045 §5.1: media types ignore case
		{"application/at+jwt", []string{"at+jwt"}, nil}, // RFC 9068 §4
		{"Application/At+Jwt", []string{"id", "at+jwt"}, nil},
		{"JWT", []string{"at+jwt"}, jose.ErrType}, // an ID token is no access token
		{"at+jwt", []string{"logout+jwt"}, jose.ErrType},
		{"", []string{"at+jwt"}, jose.ErrType},
		{"", []string{"at+jwt", ""}, nil},
		{"application/", []string{""}, jose.ErrType},
		{"text/at+jwt", []string{"at+jwt"}, jose.ErrType},
		{"at+jwt", nil, jose.ErrType},
	}
	for _, test := range tests {
		token, err := jose.Sign(k, test.typ, struct{}{})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = jose.Verify(token, jose.Expect{Types: test.accepts, Key: ring(k)})
		if !errors.Is(err, test.want) {
			t.Errorf("typ %q, accepted %q: %v, want %v", test.typ, test.accepts, err, test.want)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	k := generate(t, jose.HS256)
	tests := []struct {
		name   string
		claims any
		want   error
	}{
		{"array", []int{1}, jose.ErrClaims},
		{"nothing", nil, jose.ErrClaims},
		{"duplicate member", duplicate{}, jose.ErrClaims},
		{"too long", map[string]string{"scope": strings.Repeat("x", 16<<10)}, jose.ErrMalformed},
	}
	for _, test := range tests {
		if _, err := jose.Sign(k, "at+jwt", test.claims); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	if _, err := jose.Sign(k, "at+jwt", func() {}); err == nil {
		t.Error("a function was signed")
	}
}

type duplicate struct{}

func (duplicate) MarshalJSON() ([]byte, error) { return []byte(`{"sub":"alice","sub":"bob"}`), nil }

// TestKeyHidesMaterial: no verb prints a secret, neither of a key nor of what holds one.
func TestKeyHidesMaterial(t *testing.T) {
	k := generate(t, jose.HS256)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		for _, value := range []any{k, *k, []*jose.Key{k}, struct{ Key *jose.Key }{k}} {
			text := fmt.Sprintf(verb, value)
			if len(text) > 100 {
				t.Errorf("%s of %T prints %d characters", verb, value, len(text))
			}
		}
	}
}
