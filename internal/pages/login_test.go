package pages_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// fresh is what differs between two answers that say the same.
var fresh = regexp.MustCompile(`name="csrf_token" value="[^"]*"|req_[0-9a-z]+|/static/[0-9a-f]+/|localhost:\d+`)

func TestLoginErrors(t *testing.T) {
	h := open(t)
	p := h.person()
	p.register()
	form := p.open("/login").is(http.StatusOK, "Sign in to Acme", "Welcome back.")
	empty := form.submit("/login").is(http.StatusBadRequest, "Error: Sign in to Acme", "Enter your email address.", "Enter a password.")
	alert := empty.all(func(n *html.Node) bool { return attr(n, "role") == "alert" })
	if len(alert) != 1 || attr(alert[0], "tabindex") != "-1" || !strings.Contains(empty.text, `<a href="#email">Enter your email address.</a>`) ||
		!strings.Contains(empty.text, `aria-describedby="email-wrong`) || !strings.Contains(empty.text, `id="email-wrong"`) {
		t.Error("the summary of errors does not lead to the inputs")
	}

	known := form.submit("/login", "email", ada, "password", "wrong", "rememberMe", "true").
		is(http.StatusUnauthorized, "Error: Sign in to Acme", "That email and password do not match")
	if strings.Contains(known.text, `value="wrong"`) || !strings.Contains(known.text, `value="`+ada+`"`) || !strings.Contains(known.text, " checked>") {
		t.Error("what was typed is not kept, or the password is")
	}
	unknown := form.submit("/login", "email", "bob@example.com", "password", "wrong", "rememberMe", "true")
	same := strings.ReplaceAll(fresh.ReplaceAllString(unknown.text, ""), "bob@example.com", ada)
	if unknown.status != known.status || same != fresh.ReplaceAllString(known.text, "") {
		t.Error("a known and an unknown address can be told apart (BUG-21)")
	}
}

func TestLoginWaits(t *testing.T) {
	h := open(t, func(c *gatehouse.Config) {
		c.Limits = throttle.Limits{throttle.FailedAccount: {N: 1, Per: 15 * time.Minute}}
		c.Captcha.Provider = "off"
	})
	form := h.person().open("/login")
	form.submit("/login", "email", ada, "password", "wrong").is(http.StatusUnauthorized, "Error: Sign in to Acme")
	h.wait(30 * time.Second)
	limited := form.submit("/login", "email", ada, "password", "wrong").
		is(http.StatusTooManyRequests, "Error: Sign in to Acme", "Too many attempts", "Please wait 15 minutes, then try again.")
	if limited.header.Get("Retry-After") != "870" || !strings.Contains(limited.text, `value="`+ada+`"`) {
		t.Errorf("Retry-After is %q, or the address was not kept", limited.header.Get("Retry-After"))
	}
}

// answering is a method that stands in for passwords and always ends alike.
type answering struct {
	authn.Method
	err error
}

func (a answering) ID() identity.MethodID { return authn.Password }

func (a answering) Finish(context.Context, *authn.Login, authn.Input) (identity.Proof, error) {
	return identity.Proof{}, a.err
}

func TestLoginTroubles(t *testing.T) {
	h := open(t)
	form := h.person().open("/login")
	own := h.gate.Flow.Methods
	for _, c := range []struct {
		err    error
		status int
		title  string
		text   string
	}{
		{identity.ErrUnavailable.In(2 * time.Second), http.StatusServiceUnavailable, "Error: Sign in to Acme", "We are very busy right now"},
		{identity.ErrConflict, http.StatusConflict, "Error: Sign in to Acme", "That did not work"},
		{errors.New("the cellar is flooded"), http.StatusInternalServerError, "Something went wrong on our side", "Reference req_"},
	} {
		h.gate.Flow.Methods = append([]authn.Method{answering{err: c.err}}, own...)
		pg := form.submit("/login", "email", ada, "password", secret).is(c.status, c.title, c.text)
		if strings.Contains(pg.text, "cellar") {
			t.Error("a cause is shown (MWS-05)")
		}
	}
}

func TestReturnToThroughLogin(t *testing.T) {
	h := open(t)
	p := h.person()
	p.register()
	p.open("/account/activity?a=b&c=d").is(http.StatusOK, "Sign in to Acme", "Sign in to continue where you were.").
		came("303 /login?returnTo=%2Faccount%2Factivity%3Fa%3Db%26c%3Dd").
		submit("/login", "email", ada, "password", "wrong").
		submit("/login", "password", secret).is(http.StatusOK, "Activity").came("303 /account/activity?a=b&c=d")
	p.open("/login?returnTo=/account/devices").came("303 /account/devices")
	for _, evil := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "/auth/refresh"} {
		p.open("/login?returnTo=" + url.QueryEscape(evil)).came("303 /account")
		q := h.person()
		q.open("/login?returnTo="+url.QueryEscape(evil)).is(http.StatusOK, "Sign in to Acme", "Welcome back.").
			submit("/login", "email", ada, "password", secret, "returnTo", evil).came("303 /account")
	}
}

// TestLoginAgain: whoever got a role that demands a second proof is not led back to an application that refuses them without.
func TestLoginAgain(t *testing.T) {
	h := open(t, func(c *gatehouse.Config) { c.Proofs = authn.Policy{Roles: map[string]string{"admin": "aal2"}} }).with(newGenerator())
	p := h.person()
	p.register()
	p.signIn()
	p.open("/login?returnTo=/account/devices").came("303 /account/devices")
	user, err := h.gate.Flow.Accounts.ByEmail(t.Context(), ada)
	if err == nil {
		err = h.gate.Flow.SetRoles(t.Context(), user.ID, []string{"user", "admin"})
	}
	if err != nil {
		t.Fatal(err)
	}
	p.open("/login?returnTo=/account/devices").is(http.StatusOK, "Sign in to Acme", "Sign in to continue where you were.").
		submit("/login", "email", ada, "password", secret).is(http.StatusOK, "Set up: generator")
}

// TestReturnToAnotherOrigin: an application beside the house, whose origin is configured, is come back to; nobody else's is.
func TestReturnToAnotherOrigin(t *testing.T) {
	there := httptest.NewServer(http.NotFoundHandler())
	defer there.Close()
	app := "http://localhost:" + strconv.Itoa(there.Listener.Addr().(*net.TCPAddr).Port)
	h := open(t, func(c *gatehouse.Config) { c.Origins = []string{app} })
	p := h.person()
	p.register()
	q := h.person()
	login := q.open("/login?returnTo="+url.QueryEscape(app+"/posts/7?a=b#c")).is(http.StatusOK, "Sign in to Acme", "Sign in to continue where you were.")
	if policy := login.header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' "+app+";") {
		t.Errorf("a browser would not follow the form there: %s", policy)
	}
	if got := login.submit("/login", "email", ada, "password", secret).url.String(); got != app+"/posts/7?a=b#c" {
		t.Errorf("came to %s", got)
	}
	for _, evil := range []string{app, app + "0/", app + ".evil.example/", app + "@evil.example/", app + "//evil.example", app + `/\evil.example`, app + "/auth/refresh", "http://localhost/"} {
		q.open("/login?returnTo=" + url.QueryEscape(evil)).came("303 /account")
	}
}

func TestRememberMe(t *testing.T) {
	h := open(t)
	p := h.person()
	p.register()
	p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for remember, want := range map[string]string{"": "HttpOnly", "true": "Max-Age=2592000"} {
		answer := p.open("/login").submit("/login", "email", ada, "password", secret, "rememberMe", remember)
		cookie := ""
		for _, c := range answer.header.Values("Set-Cookie") {
			if strings.HasPrefix(c, "session=") {
				cookie = c
			}
		}
		if !strings.Contains(cookie, want) || remember == "" && strings.Contains(cookie, "Max-Age") || !strings.Contains(cookie, "SameSite=Lax") {
			t.Errorf("remember %q: the cookie is %q", remember, cookie)
		}
		p.client.Jar.SetCookies(answer.url, []*http.Cookie{{Name: "session", MaxAge: -1}})
	}
}
