package pages_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// asks is what passkey.js asks of the JSON face when the page is there.
func (p *person) asks() string {
	p.Helper()
	p.sends["Content-Type"] = "application/json"
	defer delete(p.sends, "Content-Type")
	var answer struct{ Login string }
	if err := json.Unmarshal([]byte(p.do(http.MethodPost, "/auth/login/passkey", `{"mode":"cookie","rememberMe":true}`).text), &answer); err != nil || answer.Login == "" {
		p.Fatal(err)
	}
	return answer.Login
}

func TestSignInByPasskey(t *testing.T) {
	h := open(t).with(newDancer("passkey"))
	h.person().register()
	h.has("passkey")
	p := h.person()
	login := p.open("/login?returnTo=/account/devices").is(http.StatusOK, "Sign in to Acme", "Sign in with a passkey")
	form := login.all(func(n *html.Node) bool { return attr(n, "action") == "/login/passkey" })[0]
	if attr(form, "data-passkey") != "/auth/login/passkey" || !strings.Contains(login.text, `data-mode="cookie"`) || !strings.Contains(login.text, " hidden data-passkey") {
		t.Error("the script is not told where to ask, or the form is shown without it")
	}
	login.submit("/login/passkey").is(http.StatusOK, "Sign in to Acme").came("303 /login?returnTo=%2Faccount%2Fdevices")
	mine := login.submit("/login/passkey", "login", p.asks(), "credential", `{"id":"unknown"}`).
		is(http.StatusBadRequest, "Error: Sign in to Acme", "This passkey was not accepted.")
	if !strings.Contains(mine.text, `data-unknown="unknown"`) {
		t.Error("the provider is not told that the passkey is nobody's")
	}
	login.submit("/login/passkey", "login", p.asks(), "credential", `{"id":"known"}`).is(http.StatusOK, "Devices").came("303 /account/devices")
	if expires := p.cookie("session"); expires == "" {
		t.Error("there is no session")
	}
}

// A passkey that is somebody's is not reported to its provider, whatever the refusal.
func TestPasskeyIsNotForgotten(t *testing.T) {
	h := open(t).with(newDancer("passkey"))
	h.person().register()
	h.has("passkey")
	p := h.person()
	login := p.open("/login")
	refused := login.submit("/login/passkey", "login", p.asks(), "credential", `{"id":"known","a":1}`).is(http.StatusBadRequest, "Error: Sign in to Acme")
	if strings.Contains(refused.text, "data-unknown") {
		t.Error("its owner will lose it")
	}
	late := p.asks()
	h.wait(11 * time.Minute)
	login.submit("/login/passkey", "login", late, "credential", `{"id":"known"}`).is(http.StatusOK, "Sign in to Acme", "That sign-in is over")
	login.submit("/login/passkey", "login", "x", "credential", `{"id":"known"}`).is(http.StatusOK, "Sign in to Acme", "That sign-in is over")
}

func TestWellKnownPasskeys(t *testing.T) {
	h := open(t).with(newDancer("passkey"))
	p := h.person()
	at := "http://" + h.public.Host + "/account/security"
	for path, want := range map[string]string{
		"/.well-known/passkey-endpoints": `{"enroll":"` + at + `","manage":"` + at + `"}` + "\n",
		"/.well-known/webauthn":          `{"origins":["https://a.example"]}` + "\n",
	} {
		pg := p.open(path)
		if pg.text != want || pg.header.Get("Content-Type") != "application/json" || pg.header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
			t.Errorf("%s: %d %q", path, pg.status, pg.text)
		}
	}
}
