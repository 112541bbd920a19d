package passkey_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/methodtest"
	"github.com/gatehouse-id/gatehouse/method/passkey"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// TestMethod: a passkey is as every method must be (SES-18, PWL-07, PWL-10, RAT-01, BUG-21).
func TestMethod(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	u, a := f.owns(house.Alice)
	newcomer := f.Person("carol@example.com")
	begun := &authn.Login{}
	prompt, err := f.method.Begin(t.Context(), begun, authn.Input{})
	f.Must(err)
	elsewhere := &passkey.Method{}
	elsewhere.Settle(f.Flow)
	under, ceremony := f.begin("", "")
	methodtest.Run(t, methodtest.Case{
		Method: f.method, User: u.ID, Once: true, Elsewhere: elsewhere,
		Login: func() *authn.Login { return &authn.Login{Data: begun.Data} },
		Bad:   f.bad(a, prompt.Ceremony), Good: authn.Input{Credential: a.get(prompt.Ceremony)},
		Known: &authn.Input{Email: house.Alice}, Unknown: &authn.Input{Email: "unknown@example.com"},
		Try: func(good bool) error {
			answer := *a
			if !good {
				answer.origin = "https://evil.example"
			}
			_, err := f.finish(under, answer.get(ceremony))
			return err
		},
		Enrollment: &methodtest.Enrollment{
			User: newcomer,
			Answer: func(p authn.Prompt) authn.Input {
				return authn.Input{Credential: newAuthenticator(t).create(p.Ceremony)}
			},
			Bad: map[string]authn.Input{"nothing": {}, "null": {Credential: json.RawMessage(`null`)}, "malformed": {Credential: json.RawMessage(`{"id":1}`)}},
			Kept: func() ([]identity.Credential, error) {
				return f.Accounts.Credentials(t.Context(), newcomer.ID, "passkey")
			},
		},
	})
	if _, err := f.method.Finish(t.Context(), &authn.Login{}, authn.Input{Credential: a.get(prompt.Ceremony)}); identity.CodeOf(err) != identity.ErrRejected.Code {
		t.Errorf("without a beginning: %v", err)
	}
}

// bad are answers to a ceremony that are not accepted (PWL-09).
func (f *fixture) bad(a *authenticator, asked json.RawMessage) map[string]authn.Input {
	f.Helper()
	disabled, theirs := f.owns(bob)
	f.Must(f.Disable(f.Context(), disabled.ID, true))
	_, stale := f.begin("", "")
	made := newAuthenticator(f.TB).create(json.RawMessage(`{"challenge":"` + a.read(asked).Challenge + `"}`))
	list := map[string]authn.Input{
		"another challenge": {Credential: a.get(stale)},
		"disabled":          {Credential: theirs.get(asked)},
		"a registration":    {Credential: made},
		"null":              {Credential: json.RawMessage(`null`)},
		"no JSON":           {Credential: json.RawMessage(`{`)},
		"as a code":         {Code: "000000"},
	}
	for what, change := range map[string]func(*authenticator){
		"phishing origin":     func(a *authenticator) { a.origin = "https://id.example.com.evil.example" },
		"plain http":          func(a *authenticator) { a.origin = "http://id.example.com" },
		"another port":        func(a *authenticator) { a.origin = "https://id.example.com:8443" },
		"sibling's origin":    func(a *authenticator) { a.origin = "https://example.com" },
		"RP ID of the parent": func(a *authenticator) { a.rpID = "example.com" },
		"another RP ID":       func(a *authenticator) { a.rpID = "evil.example" },
		"nobody verified":     func(a *authenticator) { a.flags = present },
		"nobody present":      func(a *authenticator) { a.flags = verified },
		"backed up alone":     func(a *authenticator) { a.flags = present | verified | backedUp },
		"no user handle":      func(a *authenticator) { a.silent = true },
		"another's handle":    func(a *authenticator) { a.handle = []byte(disabled.ID) },
		"another's key":       func(a *authenticator) { a.key = theirs.key },
		"unknown":             func(a *authenticator) { a.id = []byte("unknown") },
	} {
		other := *a
		change(&other)
		list[what] = authn.Input{Credential: other.get(asked)}
	}
	return list
}

// Whatever address is typed, the options ask for any passkey: they tell nothing of who has an
// account (BUG-21, PWL-09).
func TestOptions(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	u, a := f.owns(house.Alice)
	shape := func(email string) string {
		_, ceremony := f.begin("", email)
		o := a.read(ceremony)
		if len(unwrap(t, o.Challenge)) != 32 || o.RPID != "id.example.com" || o.Verification != "required" || len(o.Allow) > 0 {
			t.Errorf("%q: %s", email, ceremony)
		}
		return strings.Replace(string(ceremony), o.Challenge, "", 1)
	}
	if none, unknown, known := shape(""), shape(bob), shape(house.Alice); none != unknown || none != known {
		t.Errorf("%s\n%s\n%s", none, unknown, known)
	}
	// Nor does a sign-in tell that is about somebody who has proved nothing yet.
	prompt, err := f.method.Begin(t.Context(), &authn.Login{UserID: u.ID}, authn.Input{})
	f.Must(err)
	if o := a.read(prompt.Ceremony); len(o.Allow) > 0 || o.Verification != "required" {
		t.Errorf("%s", prompt.Ceremony)
	}
	for what, l := range map[string]*authn.Login{
		"second factor": {UserID: u.ID, Proofs: []identity.Proof{{Method: authn.Password}}}, "step-up": {UserID: u.ID, Session: "ses_1"},
	} {
		prompt, err := f.method.Begin(t.Context(), l, authn.Input{})
		f.Must(err)
		o := a.read(prompt.Ceremony)
		if len(o.Allow) != 1 || o.Allow[0].ID != wrap(a.id) || o.Verification != "preferred" || !slices.Equal(o.Allow[0].Transports, []string{"internal", "hybrid"}) {
			t.Errorf("%s: %s", what, prompt.Ceremony)
		}
	}
}

// A house without a word of configuration uses the host and the origin of its public URL; one
// whose host is no domain has no passkeys (PWL-09).
func TestSettle(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	m := &passkey.Method{RelatedOrigins: []string{"https://example.net"}}
	m.Settle(f.Flow)
	if m.RPID != "id.example.com" || !slices.Equal(m.Origins, []string{"https://id.example.com"}) || m.Name != f.Product {
		t.Errorf("%+v", m)
	}
	if body := string(m.WellKnown()); body != `{"origins":["https://example.net"]}` || f.method.WellKnown() != nil {
		t.Errorf("%s, %s", body, f.method.WellKnown())
	}
	for host, want := range map[string]bool{"id.example.com": true, "localhost": true, "192.0.2.7": false, "2001:db8::1": false, "intranet": false} {
		if passkey.Serves(host) != want {
			t.Errorf("%s: %v", host, !want)
		}
	}
	atAddress := func(c *gatehouse.Config) { c.PublicURL = "http://127.0.0.1:8080" }
	if _, err := house.Open(t, sqldbtest.SQLite(t), atAddress).Method("passkey"); identity.KindOf(err) != identity.NotFound {
		t.Errorf("a house at an address has passkeys: %v", err)
	}
	broken := &passkey.Method{RPID: "192.0.2.7"}
	broken.Settle(f.Flow)
	if _, err := broken.Begin(t.Context(), &authn.Login{}, authn.Input{}); identity.KindOf(err) != identity.Internal || err == nil {
		t.Errorf("%v", err)
	}
}

// A page of a related origin may use the passkeys of the house.
func TestRelatedOrigin(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	_, a := f.owns(house.Alice)
	m := &passkey.Method{RelatedOrigins: []string{"https://example.net"}}
	m.Settle(f.Flow)
	for origin, want := range map[string]error{"https://example.net": nil, "https://www.example.net": identity.ErrRejected} {
		l := &authn.Login{}
		prompt, err := m.Begin(t.Context(), l, authn.Input{})
		f.Must(err)
		a.origin = origin
		_, err = m.Finish(t.Context(), l, authn.Input{Credential: a.get(prompt.Ceremony)})
		f.Refuses(origin, err, want)
	}
}

// What a page tells the browser of the passkeys that are left, and the owner of one of them.
func TestAccepted(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	u, a := f.owns(house.Alice)
	said := func() string {
		text, err := f.method.Accepted(t.Context(), u.ID)
		f.Must(err)
		return string(text)
	}
	begin := `{"rpId":"id.example.com","userId":"` + wrap([]byte(u.ID)) + `","allAcceptedCredentialIds":[`
	if got := said(); got != begin+`"`+wrap(a.id)+`"]}` {
		t.Error(got)
	}
	_, c := f.stored(u)
	described := f.Describe(c)
	if described["synced"] != "false" || described["backedUp"] != "false" || described["transports"] != "internal hybrid" ||
		described["aaguid"] != "00000000-0000-0000-0000-000000000000" {
		t.Errorf("%v", described)
	}
	f.Must(f.RemoveCredential(t.Context(), u.ID, c.ID))
	if got := said(); got != begin+`]}` {
		t.Error(got)
	}
}
