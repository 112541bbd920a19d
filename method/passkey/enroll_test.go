package passkey_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/passkey"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// What an authenticator is asked for, and what is kept of its answer (PWL-07, PWL-08, PWL-10).
func TestEnroll(t *testing.T) {
	each(t, func(f *fixture) {
		u, a := f.Person(house.Alice), newAuthenticator(f.TB)
		a.flags, a.aaguid = present|verified|eligible, [16]byte(unwrap(f.TB, "utpVZqeqQB-9lkVhmlUSDQ"))
		caller := &identity.Principal{UserID: u.ID}
		prompt, err := f.BeginEnroll(f.Context(), authn.EnrollStep{Method: "passkey", Caller: caller})
		f.Must(err)
		o := a.read(prompt.Ceremony)
		if o.RP.ID != "id.example.com" || o.RP.Name != f.Product || o.User.ID != wrap([]byte(u.ID)) || o.User.Name != house.Alice || len(unwrap(f.TB, o.Challenge)) != 32 {
			f.Errorf("%s", prompt.Ceremony)
		}
		if o.Attestation != "none" || o.Selection.ResidentKey != "preferred" || o.Selection.Verification != "preferred" || len(o.Exclude) > 0 || len(o.Params) != 3 {
			f.Errorf("%s", prompt.Ceremony)
		}
		added, err := f.enroll(u, a)
		f.Must(err)
		s, c := f.stored(u)
		if c.Lookup != wrap(a.id) || c.Label != "1Password" || len(added.Credentials) != 1 || added.Credentials[0].ID != c.ID {
			f.Errorf("%+v, %+v", c, added)
		}
		if s.Counter != 1 || !s.Synced || s.BackedUp || !s.Verified || !s.Discoverable || s.Attestation != "none" ||
			s.AAGUID != "bada5566-a7aa-401f-bd96-45619a55120d" || !slices.Equal(s.Transports, []string{"internal", "hybrid"}) {
			f.Errorf("%+v", s)
		}
		prompt, err = f.BeginEnroll(f.Context(), authn.EnrollStep{Method: "passkey", Caller: caller})
		f.Must(err)
		if o := a.read(prompt.Ceremony); len(o.Exclude) != 1 || o.Exclude[0].ID != wrap(a.id) || o.Exclude[0].Type != "public-key" {
			f.Errorf("%s", prompt.Ceremony)
		}
		_, err = f.enroll(u, a)
		f.Refuses("the same once more", err, identity.ErrConflict)
		_, err = f.enroll(f.Person(bob), a)
		f.Refuses("that of another", err, identity.ErrConflict)
	})
}

// An answer that was made elsewhere, for somebody or something else, sets nothing up (PWL-09).
func TestEnrollRefused(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	u := f.Person(house.Alice)
	changed := func(change func(*authenticator)) error {
		a := newAuthenticator(t)
		change(a)
		_, err := f.enroll(u, a)
		return err
	}
	sent := func(change func(*authn.Input)) error {
		_, err := f.enroll(u, newAuthenticator(t), change)
		return err
	}
	for what, err := range map[string]error{
		"phishing origin": changed(func(a *authenticator) { a.origin = "https://id.example.com.evil.example" }),
		"another RP ID":   changed(func(a *authenticator) { a.rpID = "evil.example" }),
		"nobody present":  changed(func(a *authenticator) { a.flags = verified }),
		"backed up alone": changed(func(a *authenticator) { a.flags = present | backedUp }),
		"malformed":       sent(func(in *authn.Input) { in.Credential = json.RawMessage(`{"id":1}`) }),
		"an assertion": sent(func(in *authn.Input) {
			in.Credential = newAuthenticator(t).get(json.RawMessage(`{"challenge":"AAAA"}`))
		}),
		"another challenge": sent(func(in *authn.Input) {
			in.Credential = newAuthenticator(t).create(json.RawMessage(`{"challenge":"` + wrap(make([]byte, 32)) + `"}`))
		}),
	} {
		f.Refuses(what, err, identity.ErrCode)
	}
	f.Refuses("nothing", sent(func(in *authn.Input) { in.Credential = nil }), identity.ErrInvalid)
	f.Refuses("a long label", sent(func(in *authn.Input) { in.Label = strings.Repeat("x", 101) }), identity.ErrInvalid)
	_, err := f.method.FinishEnroll(t.Context(), &authn.Enrollment{User: u}, authn.Input{Credential: json.RawMessage(`{}`)})
	f.Refuses("without a beginning", err, identity.ErrRejected)
	if has, err := f.method.Enrolled(t.Context(), u); has || err != nil {
		t.Errorf("%v, %v", has, err)
	}
	f.Must(sent(func(in *authn.Input) { in.Label = " blue key " }))
	if _, c := f.stored(u); c.Label != "blue key" {
		t.Errorf("%q", c.Label)
	}
}

// There is an end to how many passkeys a user can have, also for what was begun before it.
func TestMost(t *testing.T) {
	each(t, func(f *fixture) {
		u := f.Person(house.Alice)
		for range 19 {
			_, err := f.enroll(u, newAuthenticator(f.TB))
			f.Must(err)
		}
		e := &authn.Enrollment{User: u}
		prompt, err := f.method.BeginEnroll(f.Context(), e, authn.Input{})
		f.Must(err)
		_, err = f.enroll(u, newAuthenticator(f.TB))
		f.Must(err)
		_, err = f.enroll(u, newAuthenticator(f.TB))
		f.Refuses("one more", err, identity.ErrConflict)
		_, err = f.method.FinishEnroll(f.Context(), e, authn.Input{Credential: newAuthenticator(f.TB).create(prompt.Ceremony)})
		f.Refuses("one that was begun", err, identity.ErrConflict)
	})
}

// Somebody of whom two kinds of evidence are demanded sets a passkey up and is signed in: the
// new passkey is the second proof (MFA-14, MFA-15).
func TestMustEnroll(t *testing.T) {
	each(t, func(f *fixture) {
		u, a := f.Person(house.Alice), newAuthenticator(f.TB)
		f.Policy.ACR = "aal2"
		_, err := f.Finish(f.Context(), authn.Answer{
			Method: authn.Password, Start: authn.Start{Mode: identity.ModeCookie}, Input: authn.Input{Email: house.Alice, Password: house.Passphrase},
		})
		f.Refuses("password alone", err, identity.ErrMustEnroll)
		handle, methods := authn.LoginOf(err)
		if !slices.Contains(methods, "passkey") {
			f.Fatalf("%v", methods)
		}
		s := authn.EnrollStep{Method: "passkey", Answer: authn.Answer{Login: handle}}
		prompt, err := f.BeginEnroll(f.Context(), s)
		f.Must(err)
		s.Input.Credential = a.create(prompt.Ceremony)
		added, err := f.FinishEnroll(f.Context(), s)
		f.Must(err)
		if in := added.Outcome.SignedIn; in == nil || in.User.ID != u.ID || identity.ACR(in.Session.Proofs) != "aal2" {
			f.Errorf("%+v", added)
		}
	})
}

// With an allow-list only authenticators are taken whose maker signed for them: a claim alone
// is written as easily as a name.
func TestAllowList(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	u := f.Person(house.Alice)
	const allowed = "876CA4F5-2071-C3E9-B255-09EF2CDF7ED6" // of the vector packed-es256
	m := &passkey.Method{RPID: "example.org", Origins: []string{"https://example.org"}, AAGUIDs: []string{allowed}}
	m.Settle(f.Flow)
	e := &authn.Enrollment{User: u}
	prompt, err := m.BeginEnroll(t.Context(), e, authn.Input{})
	f.Must(err)
	liar := newAuthenticator(t)
	liar.origin, liar.rpID, liar.aaguid = "https://example.org", "example.org", [16]byte(bytes(t, strings.ReplaceAll(allowed, "-", "")))
	if o := liar.read(prompt.Ceremony); o.Attestation != "direct" {
		t.Errorf("%s", prompt.Ceremony)
	}
	_, err = m.FinishEnroll(t.Context(), e, authn.Input{Credential: liar.create(prompt.Ceremony)})
	f.Refuses("a claim", err, identity.ErrInvalid)
	for name, want := range map[string]error{
		"packed-es256": nil, "packed-self-es256": identity.ErrInvalid, "packed-rs256": identity.ErrInvalid, "none-es256": identity.ErrInvalid,
	} {
		v := vectorNamed(t, name)
		_, err := m.FinishEnroll(t.Context(), &authn.Enrollment{User: u, Data: v.Registration.asked(t)}, authn.Input{Credential: v.registered(t)})
		f.Refuses(name, err, want)
	}
}
