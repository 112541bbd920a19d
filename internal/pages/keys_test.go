package pages_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/apikey"
	"github.com/gatehouse-id/gatehouse/identity"
)

var aKey = regexp.MustCompile(`sk_live_[\w-]{49}`)

// A key is shown once, by an answer that no address has; the page that is sent again makes no
// second one (KEY-03).
func TestKeyIsShownOnce(t *testing.T) {
	p := secured(t)
	p.open("/account/keys").is(http.StatusOK, "API keys", "You have no API keys.")
	form := p.open("/account/keys/new").is(http.StatusOK, "New API key", "Does not expire")
	if strings.Contains(form.text, `name="scope.admin"`) {
		t.Error("the scope admin is offered to somebody who administers nothing")
	}
	shown := form.submit("/account/keys/new", "name", "Build", "scope.write", "true", "expiresAt", "30").is(http.StatusOK, "Your API key", "You see it only this once.")
	key := aKey.FindString(shown.text)
	if !apikey.Wellformed(key) || shown.header.Get("Cache-Control") != "no-store" {
		t.Errorf("it shows %q", key)
	}
	k, _, err := p.gate.APIKeys.Check(t.Context(), key, "")
	if err != nil || strings.Join(k.Scopes, " ") != "read write" {
		t.Errorf("%+v, %v", k, err)
	}
	form.submit("/account/keys/new", "name", "Build").came("303 /account/keys")
	list := p.open("/account/keys").is(http.StatusOK, "API keys", "Build", "read, write", "Last used 4 Mar 2026 · Expires 3 Apr 2026", key[:12]+"…")
	if strings.Contains(list.text, key) || strings.Count(list.text, "/account/keys/revoke?") != 1 {
		t.Errorf("the list shows the key, or there are two:\n%s", list.text)
	}
}

// What is wrong with the form is said beside the form, which keeps what was typed.
func TestKeyFormErrors(t *testing.T) {
	p := secured(t)
	form := p.open("/account/keys/new")
	form.submit("/account/keys/new").is(http.StatusBadRequest, "Error: New API key", "Enter a name.")
	again := form.submit("/account/keys/new", "name", "Build", "ipAllowlist", "localhost").
		is(http.StatusBadRequest, "Error: New API key", "Enter addresses such as 192.0.2.7")
	if again.input("name") != "Build" || !strings.Contains(again.text, ">localhost</textarea>") {
		t.Errorf("what was typed is gone: %s", again.text)
	}
	form.submit("/account/keys/new", "name", "x", "expiresAt", "7").is(http.StatusBadRequest, "Error: New API key", "Choose one of these.")
	form.submit("/account/keys/new", "name", "x", "scope.fly", "true").is(http.StatusBadRequest, "Error: New API key", "This key cannot be given these scopes.")
	p.do(http.MethodPost, "/account/keys/new", "csrf_token="+again.input("csrf_token")+"&set=&name=x").is(http.StatusBadRequest, "Error: New API key", "Choose at least one thing")
	p.open("/account/keys").is(http.StatusOK, "API keys", "You have no API keys.")
}

// A key is renamed, rotated and revoked.
func TestKeyIsManaged(t *testing.T) {
	p := secured(t)
	first := aKey.FindString(p.open("/account/keys/new").submit("/account/keys/new", "name", "Build").text)
	to := func(what string) *page { return p.open(p.open("/account/keys").hrefs("/account/keys/" + what)[0]) }

	to("rename").is(http.StatusOK, "Rename this key").submit("/account/keys/rename", "name", "").is(http.StatusBadRequest, "Error: Rename this key", "Enter a name.").
		submit("/account/keys/rename", "name", "Deploy").came("303 /account/keys?done=keyRenamed").is(http.StatusOK, "API keys", "The name was saved.", "Deploy")

	form := to("rotate").is(http.StatusOK, "Rotate this key", "One more day")
	second := aKey.FindString(form.submit("/account/keys/rotate", "overlap", "24h").is(http.StatusOK, "Your API key").text)
	form.submit("/account/keys/rotate", "overlap", "0s").is(http.StatusConflict, "Error: Rotate this key", "This key was just rotated")
	p.open("/account/keys").is(http.StatusOK, "API keys", "The secret before this one works until 5 Mar 2026")
	if pg := to("rotate"); strings.Contains(words(pg.root), "One more day") {
		t.Error("a third secret is offered")
	}
	for _, key := range []string{first, second} {
		if _, _, err := p.gate.APIKeys.Check(t.Context(), key, ""); err != nil {
			t.Error(err)
		}
	}

	to("revoke").is(http.StatusOK, "Revoke this key?").submit("/account/keys/revoke").came("303 /account/keys?done=keyRevoked").is(http.StatusOK, "API keys", "You have no API keys.")
	for _, key := range []string{first, second} {
		if _, _, err := p.gate.APIKeys.Check(t.Context(), key, ""); err == nil {
			t.Error("a revoked key is good")
		}
	}
	for _, what := range []string{"rename", "rotate", "revoke"} {
		p.open("/account/keys/" + what + "?id=key_none").came("303 /account/keys")
	}
}

// The states of the list: one that has expired, and one key too many; a stale proof is renewed
// before a key is made.
func TestKeyStates(t *testing.T) {
	for _, tag := range []string{"en", "ar"} {
		p := secured(t)
		p.sends["Accept-Language"] = tag
		see := func(pg *page) *page {
			t.Helper()
			text := words(pg.root)
			if pg.status >= 500 || !strings.Contains(pg.text, `lang="`+tag+`"`) || gap.MatchString(text) || tag == "ar" && regexp.MustCompile(`[a-z]{3,} [a-z]{3,}`).MatchString(text) {
				t.Errorf("%s in %s: %d %q", pg.url, tag, pg.status, text)
			}
			return pg
		}
		see(see(p.open("/account/keys/new")).submit("/account/keys/new", "name", "1", "expiresAt", "30", "ipAllowlist", "192.0.2.7"))
		for _, what := range []string{"rename", "rotate", "revoke"} {
			see(p.open(p.open("/account/keys").hrefs("/account/keys/" + what)[0]))
		}
		for i := 2; i <= apikey.Most; i++ {
			if _, _, err := p.gate.APIKeys.Create(t.Context(), p.me().ID, apikey.New{Name: strconv.Itoa(i)}); err != nil {
				t.Fatal(err)
			}
		}
		if full := see(p.open("/account/keys")); len(full.hrefs("/account/keys/new")) > 0 {
			t.Error("one key too many is offered")
		}
		p.open("/account/keys/new").came("303 /account/keys")
		p.wait(31 * 24 * time.Hour)
		p.open("/login").submit("/login", "email", ada, "password", secret)
		if list := see(p.open("/account/keys")); len(list.hrefs("/account/keys/rotate")) != apikey.Most-1 {
			t.Error("an expired key can be rotated")
		}
		p.wait(6 * time.Minute)
		if pg := p.open("/account/keys/new"); !strings.HasPrefix(pg.url.Path, "/step-up") || pg.url.Query().Get("for") != "key" {
			t.Errorf("it leads to %s", pg.url)
		}
	}
}

// Nobody sees, renames or ends a key that is somebody else's.
func TestKeyOfAnother(t *testing.T) {
	p := secured(t)
	other := p.person()
	other.open("/signup").submit("/signup", "email", "eve@example.com", "password", secret)
	other.open(p.letterTo("eve@example.com").Links[0]).submit("/verify-email")
	eve, err := p.gate.Accounts.ByEmail(t.Context(), "eve@example.com")
	if err != nil {
		t.Fatal(err)
	}
	k, text, err := p.gate.APIKeys.Create(t.Context(), eve.ID, apikey.New{Name: "Hers"})
	if err != nil {
		t.Fatal(err)
	}
	own := aKey.FindString(p.open("/account/keys/new").submit("/account/keys/new", "name", "Mine").text)
	p.open("/account/keys/revoke?id=" + string(k.ID)).came("303 /account/keys")
	form := p.open(p.open("/account/keys").hrefs("/account/keys/revoke")[0])
	form.submit("/account/keys/revoke", "id", string(k.ID)).came("303 /account/keys?done=keyRevoked")
	for _, key := range []string{text, own} {
		if _, _, err := p.gate.APIKeys.Check(t.Context(), key, ""); identity.CodeOf(err) != "" {
			t.Error(err)
		}
	}
}
