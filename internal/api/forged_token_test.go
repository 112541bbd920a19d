package api_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/jose"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/token"
)

// A forger has a good token and what is published.
type forger struct {
	*fixture
	header, claims, signature string // of the good token, as it travels
	public                    []byte // the key that verifies it, PKIX
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func (g *forger) kid() string {
	text, err := base64.RawURLEncoding.DecodeString(g.header)
	g.must(err)
	var h struct{ Kid string }
	g.must(json.Unmarshal(text, &h))
	return h.Kid
}

// headed is the token with another header and the signature it had.
func (g *forger) headed(header string) string {
	return b64(header) + "." + g.claims + "." + g.signature
}

func (g *forger) mac(header string, key []byte) string {
	input := b64(header) + "." + g.claims
	h := hmac.New(sha256.New, key)
	h.Write([]byte(input))
	return input + "." + b64(string(h.Sum(nil)))
}

// signed is a token that the house signed over other claims than it would make.
func (g *forger) signed(typ string, change func(*token.Claims)) string {
	text, err := base64.RawURLEncoding.DecodeString(g.claims)
	g.must(err)
	c := token.Claims{}
	g.must(json.Unmarshal(text, &c))
	change(&c)
	forged, err := jose.Sign(g.gate.Keys.AccessSigner(), typ, c)
	g.must(err)
	return forged
}

// forgeries are the known attacks, each a token that must open nothing (JWT-02..05, RFC 8725).
func (g *forger) forgeries(alg string) map[string]string {
	kid := `","typ":"at+jwt","kid":"` + g.kid() + `"`
	all := map[string]string{
		"public key as secret":   g.mac(`{"alg":"HS256`+kid+`}`, g.public),
		"kid with a path":        g.headed(`{"alg":"` + alg + `","typ":"at+jwt","kid":"../../../../dev/null"}`),
		"kid with a path, empty": g.mac(`{"alg":"HS256","typ":"at+jwt","kid":"../../dev/null"}`, nil),
		"no kid":                 g.headed(`{"alg":"` + alg + `","typ":"at+jwt"}`),
		"embedded key":           g.mac(`{"alg":"HS256`+kid+`,"jwk":{"kty":"oct","k":"AAAA"}}`, []byte{0, 0, 0}),
		"key by URL":             g.headed(`{"alg":"` + alg + kid + `,"jku":"https://evil.example/jwks.json"}`),
		"crit":                   g.headed(`{"alg":"` + alg + kid + `,"crit":["exp"]}`),
		"other issuer":           g.signed(token.Type, func(c *token.Claims) { c.Issuer = "https://evil.example" }),
		"issuer with a slash":    g.signed(token.Type, func(c *token.Claims) { c.Issuer += "/" }),
		"other audience":         g.signed(token.Type, func(c *token.Claims) { c.Audience = "https://evil.example" }),
		"no audience":            g.signed(token.Type, func(c *token.Claims) { c.Audience = "" }),
		"no subject":             g.signed(token.Type, func(c *token.Claims) { c.Subject = "" }),
		"no jti":                 g.signed(token.Type, func(c *token.Claims) { c.ID = "" }),
		"issued in the future":   g.signed(token.Type, func(c *token.Claims) { c.IssuedAt += 120 }),
		"an ID token":            g.signed("JWT", func(*token.Claims) {}),
		"line break":             g.header + "." + g.claims[:8] + "\n" + g.claims[8:] + "." + g.signature,
		"line break at the end":  g.header + "." + g.claims + "." + g.signature + "\n",
		"padding":                g.header + "." + g.claims + "." + g.signature + "=",
		"empty signature":        g.header + "." + g.claims + ".",
		"no signature":           g.header + "." + g.claims,
		"a fourth part":          g.header + "." + g.claims + "." + g.signature + ".x",
		"JSON":                   `{"payload":"` + g.claims + `","signature":"` + g.signature + `"}`,
		"zero bytes":             "\x00.\x00.\x00",
		"very long":              strings.Repeat("a.", 1<<12),
	}
	for _, none := range []string{"none", "None", "NONE", "nOnE", ""} {
		all["alg "+none+", unsigned"] = b64(`{"alg":"`+none+kid+`}`) + "." + g.claims + "."
		all["alg "+none+", signed"] = g.headed(`{"alg":"` + none + kid + `}`)
	}
	for i := range []byte(g.signature)[:4] {
		all["bit of the signature "+string(rune('0'+i))] = g.header + "." + g.claims + "." + flip(g.signature, i*7)
		all["bit of the claims "+string(rune('0'+i))] = g.header + "." + flip(g.claims, i*31) + "." + g.signature
	}
	return all
}

// flip changes one character of base64 into another one of base64.
func flip(text string, i int) string {
	b := []byte(text)
	if b[i]++; !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", rune(b[i])) {
		b[i] = 'A'
	}
	return string(b)
}

// TestForgedTokens sends every forgery in the header and as the cookie of cookie-token: 401,
// never 500, never let in (JWT-19). The signature of a good token is found good before, so that
// what is remembered of it must not help. The expired token has everything else right (BUG-43).
func TestForgedTokens(t *testing.T) {
	for _, alg := range []jose.Algorithm{jose.ES256, jose.RS256} {
		t.Run(string(alg), func(t *testing.T) {
			f := open(t, sqldbtest.SQLite(t), func(c *gatehouse.Config) { c.Algorithm = alg })
			f.person(alice)
			d := f.signedIn(alice, "native")
			d.me().is(200, "")
			parts := strings.Split(d.access, ".")
			public, err := f.gate.Keys.AccessSigner().MarshalPublic()
			f.must(err)
			g := &forger{f, parts[0], parts[1], parts[2], public}
			if got := f.direct("Authorization", "Bearer "+g.signed(token.Type, func(*token.Claims) {})); got.status != 200 {
				t.Fatalf("an honest signature: %s", got.text)
			}
			for name, forged := range g.forgeries(string(alg)) {
				g := f.in(named(t, name))
				g.direct("Authorization", "Bearer "+forged).is(401, "INVALID_TOKEN")
				if strings.Contains(forged, "\n") {
					continue // no cookie can have one
				}
				if a := g.direct("Cookie", "accessToken="+forged); a.status != 401 {
					g.Errorf("by cookie: %d", a.status)
				}
			}
			expired := g.signed(token.Type, func(c *token.Claims) { c.Expires = f.now().Unix() })
			f.direct("Authorization", "Bearer "+expired).is(401, "TOKEN_EXPIRED")
			soon := g.signed(token.Type, func(c *token.Claims) { c.IssuedAt += int64(time.Minute / time.Second) })
			f.direct("Authorization", "Bearer "+soon).is(200, "") // two clocks may differ by a minute
			other := g.signed(token.Type, func(c *token.Claims) { c.SessionID = "ses_other" })
			f.direct("Authorization", "Bearer "+other).is(401, "TOKEN_REVOKED")
		})
	}
}

// direct asks the handler itself: no client would send some of what is sent here.
func (f *fixture) direct(field, value string) answer {
	f.Helper()
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/auth/me", nil)
	r.Header.Set(field, value)
	w := httptest.NewRecorder()
	f.gate.Handler().ServeHTTP(w, r)
	return take(f, "GET /auth/me", w.Result())
}

// A label names the case of a table in every message of a test.
type label struct {
	testing.TB
	name string
}

func named(t testing.TB, name string) testing.TB { return label{t, name} }

func (l label) Errorf(format string, args ...any) {
	l.Helper()
	l.TB.Errorf(l.name+": "+format, args...)
}

func (l label) Fatalf(format string, args ...any) {
	l.Helper()
	l.TB.Fatalf(l.name+": "+format, args...)
}
