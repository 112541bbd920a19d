package api_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

var (
	requestIDs = regexp.MustCompile(`req_[0-9a-z]{26}`)
	byPurpose  = regexp.MustCompile(`"(login|challenge|to)":"[^"]*"`)
)

// face is all that an answer shows to a stranger: what differs in each answer by purpose is
// left out, and of cookies the value.
func (a answer) face() string {
	lines := []string{fmt.Sprint(a.status), byPurpose.ReplaceAllString(requestIDs.ReplaceAllString(a.text, "req_*"), `"$1":"*"`)}
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		if name != "Date" && name != "X-Request-Id" && name != "Set-Cookie" && name != "Content-Length" {
			lines = append(lines, name+": "+strings.Join(a.header[name], ", "))
		}
	}
	return strings.Join(append(lines, a.jar()...), "\n")
}

// Guessing the code that was mailed to an address meets the same answers whether one was
// mailed or not, to the end of the handle and of the budget (PWL-01, RAT-14, RST-01).
func TestGuessingTellsNothing(t *testing.T) {
	each(t, func(f *fixture) {
		f.strangers()
		for _, method := range []string{"magic-link", "email-code"} {
			want := ""
			for _, email := range []string{"unknown@example.com", alice, "disabled@example.com", "unproved@example.com"} {
				f.wait(time.Hour)
				got := ""
				for range 3 {
					d := f.browser()
					login := d.do("POST", "/auth/login/"+method, message{"email": email}).is(200, "").has("", "login", "prompt", "expiresIn").str("login")
					for range 6 {
						got += d.do("POST", "/auth/login/"+method+"/finish", message{"login": login, "code": "000000"}).face() + "\n"
					}
				}
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("%s: %s meets\n%s\nbut an unknown address\n%s", method, email, got, want)
				}
			}
		}
	})
}

// The owner of a known address learns by mail that somebody tried, a stranger gets a link,
// and the one who tried sees no difference (CON-26).
func TestKnownAddressIsTold(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		f.browser().register(alice, "another hammer seventeen").is(201, "")
		f.browser().register(bob, passphrase).is(201, "")
		if m := f.mails(alice, 1); strings.Contains(m.Text, "token=") {
			t.Errorf("the owner got a link: %s", m.Text)
		}
		f.token(f.mails(bob, 1))
		f.signedIn(alice, "token").me().is(200, "") // her password is what it was
		f.browser().try(message{"email": alice, "password": "another hammer seventeen"}).is(401, "INVALID_CREDENTIALS")
	})
}

// The log knows what the answers do not tell.
func TestCauseIsLogged(t *testing.T) {
	f := one(t)
	user := f.person(alice)
	f.browser().try(message{"email": alice, "password": "wrong hammer seventeen"}).is(401, "INVALID_CREDENTIALS").
		has("", "error", "code", "requestId")
	if n := f.events(user.ID)[identity.EventLoginFailed]; n != 1 {
		t.Errorf("%d events", n)
	}
}
