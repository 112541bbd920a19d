package jose_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/jose"
)

const (
	rfc7515Secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
	rfc7515RSA    = `{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}`
	rfc7515EC     = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	rfc8037OKP    = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	rfc7638RSA    = `{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`

	rfc7515Payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	rfc7515Claims  = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
)

// publicKey reads one JWK as a set of one.
func publicKey(t testing.TB, jwk string) *jose.Key {
	t.Helper()
	keys, err := jose.ParseJWKS([]byte(`{"keys":[` + jwk + `]}`))
	if err != nil || len(keys) != 1 {
		t.Fatalf("%s: %v, %v", jwk, keys, err)
	}
	return keys[0]
}

func secretKey(t testing.TB, id, k string) *jose.Key {
	t.Helper()
	secret, err := base64.RawURLEncoding.DecodeString(k)
	if err != nil {
		t.Fatal(err)
	}
	key, err := jose.ParsePrivate(jose.HS256, id, secret)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestRFC7515AppendixA(t *testing.T) {
	tests := []struct {
		section, token string
		key            *jose.Key
	}{
		{
			"A.1", "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + rfc7515Payload + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
			secretKey(t, "", rfc7515Secret),
		},
		{
			"A.2", "eyJhbGciOiJSUzI1NiJ9." + rfc7515Payload + ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
			publicKey(t, rfc7515RSA),
		},
		{
			"A.3", "eyJhbGciOiJFUzI1NiJ9." + rfc7515Payload + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
			publicKey(t, rfc7515EC),
		},
	}
	for _, test := range tests {
		claims, _, err := jose.Verify(test.token, jose.Expect{Types: []string{"JWT", ""}, Key: ring(test.key)})
		if err != nil || string(claims) != rfc7515Claims {
			t.Errorf("§%s: %s, %v", test.section, claims, err)
		}
	}
}

// TestRFC7515Unsecured is §A.5: the appendix's only token that must be refused.
func TestRFC7515Unsecured(t *testing.T) {
	want := jose.Expect{Types: []string{"JWT", ""}, Key: ring(secretKey(t, "", rfc7515Secret))}
	refuse(t, want, []attack{{"§A.5", "eyJhbGciOiJub25lIn0." + rfc7515Payload + ".", jose.ErrAlgorithm}})
}

// TestRFC8037: the example of §A.4 signs a sentence. That its signature holds shows in
// the refusal: ErrClaims and no longer ErrSignature.
func TestRFC8037(t *testing.T) {
	const token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
	want := jose.Expect{Types: []string{""}, Key: ring(publicKey(t, rfc8037OKP))}
	refuse(t, want, []attack{
		{"§A.4", token, jose.ErrClaims},
		{"§A.4 changed", strings.Replace(token, ".hgyY", ".hgyZ", 1), jose.ErrSignature},
	})
}

func TestThumbprints(t *testing.T) {
	tests := []struct{ section, jwk, want string }{
		{"RFC 7638 §3.1", rfc7638RSA, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		{"RFC 8037 §A.3", rfc8037OKP, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
	}
	for _, test := range tests {
		if got, err := publicKey(t, test.jwk).Thumbprint(); err != nil || got != test.want {
			t.Errorf("%s: %s, %v, want %s", test.section, got, err, test.want)
		}
	}
}
