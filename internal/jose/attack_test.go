package jose_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/jose"
)

const (
	goodHeader = `{"alg":"HS256","typ":"at+jwt","kid":"key-HS256"}`
	goodClaims = `{"sub":"alice"}`
)

type attack struct {
	name, token string
	want        error
}

func refuse(t *testing.T, want jose.Expect, attacks []attack) {
	t.Helper()
	for _, a := range attacks {
		claims, key, err := jose.Verify(a.token, want)
		if !errors.Is(err, a.want) || claims != nil || key != nil {
			t.Errorf("%s: Verify = %s, %v, %v; want %v", a.name, claims, key, err, a.want)
		}
	}
}

func secretOf(t testing.TB, k *jose.Key) []byte {
	t.Helper()
	secret, err := k.MarshalPrivate()
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// TestHeaderAttacks: the signature of each is right, the header is not.
func TestHeaderAttacks(t *testing.T) {
	k := generate(t, jose.HS256)
	secret := secretOf(t, k)
	if _, _, err := jose.Verify(forge(secret, goodHeader, goodClaims), only(k)); err != nil {
		t.Fatalf("the honest forgery: %v", err)
	}
	with := func(member string) string { return strings.TrimSuffix(goodHeader, "}") + "," + member + "}" }
	kid := func(kid string) string { return strings.Replace(goodHeader, "key-HS256", kid, 1) }
	tests := []struct {
		name, header string
		want         error
	}{
		{"critical extension", with(`"crit":["exp"],"exp":1`), jose.ErrMalformed},
		{"empty crit", with(`"crit":[]`), jose.ErrMalformed},
		{"embedded key", with(`"jwk":{"kty":"oct","k":"AAAA"}`), jose.ErrMalformed},
		{"key by URL", with(`"jku":"https://evil.example/jwks"`), jose.ErrMalformed},
		{"certificate by URL", with(`"x5u":"https://evil.example/c.pem"`), jose.ErrMalformed},
		{"embedded certificate", with(`"x5c":["AAAA"]`), jose.ErrMalformed},
		{"compression", with(`"zip":"DEF"`), jose.ErrMalformed},
		{"unencoded payload", with(`"b64":false`), jose.ErrMalformed},
		{"unknown member", with(`"x":1`), jose.ErrMalformed},
		{"member in another case", with(`"ALG":"none"`), jose.ErrMalformed},
		{"duplicate alg", with(`"alg":"HS256"`), jose.ErrMalformed},
		{"duplicate alg, escaped", with(`"\u0061lg":"HS256"`), jose.ErrMalformed},
		{"duplicate kid", with(`"kid":"key-HS256"`), jose.ErrMalformed},
		{"kid is a number", strings.Replace(goodHeader, `"key-HS256"`, `1`, 1), jose.ErrMalformed},
		{"typ is an array", strings.Replace(goodHeader, `"at+jwt"`, `["at+jwt"]`, 1), jose.ErrMalformed},
		{"no object", `["HS256"]`, jose.ErrMalformed},
		{"null", `null`, jose.ErrAlgorithm},
		{"empty object", `{}`, jose.ErrAlgorithm},
		{"two objects", goodHeader + goodHeader, jose.ErrMalformed},
		{"byte order mark", "\ufeff" + goodHeader, jose.ErrMalformed},
		{"invalid UTF-8", kid("key\xff"), jose.ErrMalformed},
		{"comment", "/**/" + goodHeader, jose.ErrMalformed},
		{"kid with a path", kid("../../../../dev/null"), jose.ErrUnknownKey},
		{"kid with SQL", kid("'/**/UNION/**/SELECT/**/'x'--"), jose.ErrUnknownKey},
		{"kid with a space", kid("' OR 1=1"), jose.ErrMalformed},
		{"kid with a line break", kid(`key-HS256\nroot`), jose.ErrMalformed},
		{"kid with a zero byte", kid(`key-HS256\u0000`), jose.ErrMalformed},
		{"kid too long", kid(strings.Repeat("k", 65)), jose.ErrMalformed},
		{"kid in another case", kid("KEY-HS256"), jose.ErrUnknownKey},
		{"no kid", `{"alg":"HS256","typ":"at+jwt"}`, jose.ErrUnknownKey},
		{"no typ", `{"alg":"HS256","kid":"key-HS256"}`, jose.ErrType},
	}
	attacks := make([]attack, len(tests))
	for i, test := range tests {
		attacks[i] = attack{test.name, forge(secret, test.header, goodClaims), test.want}
	}
	refuse(t, only(k), attacks)
}

// TestAlgorithmAttacks: JWT-02, JWT-03, JWT-04, RFC 8725 §2.1.
func TestAlgorithmAttacks(t *testing.T) {
	mac, rsa, ec := generate(t, jose.HS256), generate(t, jose.RS256), generate(t, jose.ES256)
	var attacks []attack
	for _, k := range []*jose.Key{mac, rsa, ec} {
		for _, alg := range []string{"none", "None", "NONE", "nOnE", "", " none", "none ", "hs256", "HS256 ", "HS384", "rs256", "PS256", "ES256K", "Ed25519"} {
			header := `{"alg":"` + alg + `","typ":"at+jwt","kid":"` + k.ID + `"}`
			attacks = append(attacks,
				attack{alg + " without signature", encode(header) + "." + encode(goodClaims) + ".", jose.ErrAlgorithm},
				attack{alg + " with signature", forge(secretOf(t, mac), header, goodClaims), jose.ErrAlgorithm})
		}
	}
	for _, k := range []*jose.Key{rsa, ec} {
		public, err := k.MarshalPublic()
		if err != nil {
			t.Fatal(err)
		}
		jwk, err := k.JWK()
		if err != nil {
			t.Fatal(err)
		}
		header := `{"alg":"HS256","typ":"at+jwt","kid":"` + k.ID + `"}`
		attacks = append(attacks,
			attack{"public key as secret", forge(public, header, goodClaims), jose.ErrAlgorithm},
			attack{"JWK as secret", forge(jwk, header, goodClaims), jose.ErrAlgorithm})

		// Even a key whose label was changed computes only what its material can.
		mislabelled := *k
		mislabelled.Algorithm = jose.HS256
		refuse(t, only(&mislabelled), []attack{{"mislabelled key", forge(public, header, goodClaims), jose.ErrSignature}})
	}
	refuse(t, only(mac, rsa, ec), attacks)
	refuse(t, jose.Expect{Types: []string{"at+jwt"}}, []attack{{"no keys", sign(t, ec, struct{}{}), jose.ErrUnknownKey}})
	refuse(t, jose.Expect{}, []attack{{"no expectation", sign(t, ec, struct{}{}), jose.ErrType}})
	refuse(t, only(ec), []attack{{"another key of that name", sign(t, generate(t, jose.ES256), struct{}{}), jose.ErrSignature}})
}

// TestEncodingAttacks: one token has one spelling.
func TestEncodingAttacks(t *testing.T) {
	k := generate(t, jose.HS256)
	secret := secretOf(t, k)
	good := forge(secret, goodHeader, goodClaims)
	part := strings.Split(good, ".")
	h, c, s := part[0], part[1], part[2]
	attacks := []attack{
		{"empty", "", jose.ErrMalformed},
		{"one part", h, jose.ErrMalformed},
		{"two parts", h + "." + c, jose.ErrMalformed},
		{"four parts", good + "." + s, jose.ErrMalformed},
		{"trailing dot", good + ".", jose.ErrMalformed},
		{"five parts, as a JWE", good + "." + c + "." + s, jose.ErrMalformed},
		{"only dots", "..", jose.ErrMalformed},
		{"no header", "." + c + "." + s, jose.ErrMalformed},
		{"no signature", h + "." + c + ".", jose.ErrSignature},
		{"no claims", seal(secret, h+"."), jose.ErrClaims},
		{"padding", h + "." + c + "." + s + "=", jose.ErrMalformed},
		{"trailing bits", seal(secret, h+"."+encode("{}")[:2]+"1"), jose.ErrMalformed},
		{"trailing bits in signature", good[:len(good)-1] + next(good[len(good)-1]), jose.ErrMalformed},
		{"standard alphabet", seal(secret, h+".eyJhIjoi/78ifQ"), jose.ErrMalformed},
		{"JSON serialization", `{"protected":"` + h + `","payload":"` + c + `","signature":"` + s + `"}`, jose.ErrMalformed},
		{"a bearer header", "Bearer " + good, jose.ErrMalformed},
		{"too long", seal(secret, h+"."+encode(`{"a":"`+strings.Repeat("a", 16<<10)+`"}`)), jose.ErrMalformed},
		{"nested arrays", seal(secret, h+"."+encode(strings.Repeat("[", 10<<10))), jose.ErrClaims},
	}
	for _, space := range []string{" ", "\t", "\n", "\r", "\r\n", "\x00", "\v", "\u00a0", "="} {
		for at := range 3 {
			spaced := append([]string{}, part...)
			spaced[at] = spaced[at][:4] + space + spaced[at][4:]
			attacks = append(attacks,
				attack{"inside", strings.Join(spaced, "."), jose.ErrMalformed},
				attack{"signed inside", seal(secret, spaced[0]+"."+spaced[1]) + space, jose.ErrMalformed})
		}
		attacks = append(attacks, attack{"before", space + good, jose.ErrMalformed}, attack{"after", good + space, jose.ErrMalformed})
	}
	refuse(t, only(k), attacks)
}

// next returns the character after c in the base64url alphabet: the lowest bit changes.
func next(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, c)^1])
}

func TestClaimsAttacks(t *testing.T) {
	k := generate(t, jose.HS256)
	var attacks []attack
	for _, claims := range []string{
		"", "null", "[]", `"sub"`, "1", "{", "{}{}", `{"sub":"alice",}`, "\ufeff{}", `{"sub":"` + "\xff" + `"}`,
		`{"sub":"alice","sub":"bob"}`, `{"sub":"alice","s\u0075b":"bob"}`, `{"act":{"sub":"a","sub":"b"}}`,
	} {
		attacks = append(attacks, attack{claims, forge(secretOf(t, k), goodHeader, claims), jose.ErrClaims})
	}
	refuse(t, only(k), attacks)
}

// TestEveryCharacterCounts changes one bit of every character of every algorithm.
func TestEveryCharacterCounts(t *testing.T) {
	for _, alg := range algorithms {
		k := generate(t, alg)
		token := sign(t, k, map[string]string{"sub": "alice"})
		for i := range token {
			if token[i] == '.' {
				continue
			}
			changed := token[:i] + next(token[i]) + token[i+1:]
			if claims, _, err := jose.Verify(changed, only(k)); err == nil {
				t.Errorf("%s: accepted a change at %d: %s", alg, i, claims)
			}
		}
	}
}

// TestES256SignatureForm: exactly 64 bytes, never ASN.1 (RFC 7518 §3.4).
func TestES256SignatureForm(t *testing.T) {
	k := generate(t, jose.ES256)
	token := sign(t, k, struct{}{})
	input := token[:strings.LastIndexByte(token, '.')+1]
	for _, size := range []int{0, 1, 63, 65, 128} {
		refuse(t, only(k), []attack{{"size", input + encode(strings.Repeat("\x01", size)), jose.ErrSignature}})
	}
	refuse(t, only(k), []attack{
		{"zero", input + encode(strings.Repeat("\x00", 64)), jose.ErrSignature}, // CVE-2022-21449
		{"ASN.1", input + encode("\x30\x06\x02\x01\x01\x02\x01\x01"), jose.ErrSignature},
	})
}
