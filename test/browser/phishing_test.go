package browser_test

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

// fake serves a page of somebody else on the same host.
func fake(t *testing.T) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><title>Sign in to Acme</title>"))
	}))
	t.Cleanup(server.Close)
	return "http://localhost:" + strconv.Itoa(server.Listener.Addr().(*net.TCPAddr).Port)
}

// A page of another origin passes on the challenge of the house and the answer of the victim:
// the answer says where it was made, and signs nobody in. Made on a page of the house it does:
// nothing else was wrong with it (PWL-09).
func TestPhishing(t *testing.T) {
	key := owner(t, smartphone)
	thief := key.sit(key.browser)
	thief.open("/login")
	thief.sees("Sign in to Acme")
	c := thief.asks()
	key.visit(fake(t))
	thief.presents(c, key.signs(c, "{}"))
	thief.sees("Error: Sign in to Acme")
	thief.says("This passkey was not accepted.")
	thief.open("/account")
	thief.sees("Sign in to Acme")

	c = thief.asks()
	key.open("/account")
	thief.presents(c, key.signs(c, "{}"))
	thief.sees("Profile")
	thief.quiet()
	key.quiet()
}

// A security key that knows no owner is a second factor, and opens nothing alone: whoever
// finds it must not be in (PWL-07, MFA-15).
func TestSecurityKey(t *testing.T) {
	key := owner(t, securityKey)
	key.leaves()
	key.open("/login")
	key.signIn(ada, secret)
	key.sees("One more step")
	key.choose("Passkey")
	key.sees("Use your passkey")
	key.press("Use your passkey")
	key.sees("Profile")
	key.leaves()

	key.open("/login")
	c := key.asks()
	id := base64.RawURLEncoding.EncodeToString(key.only().CredentialID)
	key.presents(c, key.signs(c, `{userVerification: "discouraged", allowCredentials: [{type: "public-key", id: "`+id+`"}]}`))
	key.sees("Error: Sign in to Acme")
	key.says("This passkey was not accepted.")
	key.open("/account")
	key.sees("Sign in to Acme")
	key.quiet()
}
