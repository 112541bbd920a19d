package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

const code = "246810"

// A generator is a second factor that has nothing to begin, as TOTP has not. Everybody but
// bob has one.
type generator struct{ now func() time.Time }

func (g generator) ID() identity.MethodID { return "generator" }
func (g generator) AtOnce()               {}

func (g generator) Begin(context.Context, *authn.Login, authn.Input) (authn.Prompt, error) {
	return authn.Prompt{}, nil
}

func (g generator) Enrolled(_ context.Context, user *identity.User) (bool, error) {
	return user.Email != bob, nil
}

func (g generator) Finish(_ context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	if l.UserID == "" || in.Code != code {
		return identity.Proof{}, identity.ErrRejected.Because(errors.New("wrong code"))
	}
	return identity.Proof{Method: "generator", Factor: identity.Possession, At: g.now()}, nil
}

// A sender is a second factor that has to begin, as SMS has; it keeps its code in the login.
type sender struct{ generator }

func (s sender) ID() identity.MethodID { return "sender" }

// begun hides that a generator, and so a sender, needs no beginning.
type begun struct {
	authn.Method
	all generator
}

func (b begun) Enrolled(ctx context.Context, u *identity.User) (bool, error) {
	return b.all.Enrolled(ctx, u)
}

func (s sender) Begin(_ context.Context, l *authn.Login, _ authn.Input) (authn.Prompt, error) {
	l.Data["sender"] = json.RawMessage(`"` + code + `"`)
	return authn.Prompt{Fields: []authn.Field{{Name: "code", Type: "text", Autocomplete: "one-time-code"}}}, nil
}

func (s sender) Finish(_ context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	if l.UserID == "" || in.Code == "" || string(l.Data["sender"]) != `"`+in.Code+`"` {
		return identity.Proof{}, identity.ErrRejected.Because(errors.New("wrong code"))
	}
	return identity.Proof{Method: "sender", Factor: identity.Possession, At: s.now()}, nil
}

// withSeconds offers both second factors.
func withSeconds(t *testing.T, fn func(*fixture)) {
	t.Helper()
	each(t, fn, func(c *gatehouse.Config) {
		g := generator{c.Now}
		c.Methods = []authn.Method{g, begun{sender{g}, g}}
	})
}

// half is a device after its first proof, and the handle of its sign-in.
func (f *fixture) half(d *device, body message) string {
	f.Helper()
	body["email"], body["password"] = alice, passphrase
	a := d.try(body).is(200, "").has("", "mfaRequired", "login", "next", "expiresIn").sets()
	if a.at("mfaRequired") != true || a.at("expiresIn") != 300.0 || a.at("next.0") != "generator" || a.at("next.1") != "sender" {
		f.Errorf("%s", a.text)
	}
	return a.str("login")
}

func (d *device) prove(login, with string) answer {
	d.Helper()
	return d.do("POST", "/auth/login/generator", message{"login": login, "code": with})
}

// Two proofs sign in, in the mode that the first step chose, and say so (the contract: "one more
// proof").
func TestTwoSteps(t *testing.T) {
	withSeconds(t, func(f *fixture) {
		f.person(alice)
		f.person(bob)
		f.signedIn(bob, "token").me().is(200, "")
		d := f.browser()
		login := f.half(d, message{"mode": "cookie", "rememberMe": false})
		d.me().is(401, "NO_CREDENTIALS")
		a := d.do("POST", "/auth/login/generator", message{"login": login, "code": code, "mode": "token", "rememberMe": true})
		a.is(200, "").has("", "user", "session", "permissions").sets(places[0].set(map[string]int{"session": 0, "hint": 0})...)
		me := d.me().is(200, "")
		if me.at("acr") != "aal2" || me.at("amr.0") != "pwd" || me.at("amr.1") != "generator" || me.at("amr.2") != "mfa" {
			t.Errorf("%s", me.text)
		}
		d.prove(login, code).is(401, "LINK_EXPIRED") // a sign-in ends once
	})
}

// A method with something to begin asks first, and takes the answer at its second path.
func TestBegunStep(t *testing.T) {
	withSeconds(t, func(f *fixture) {
		f.person(alice)
		d := f.program()
		login := f.half(d, message{"mode": "native"})
		a := d.do("POST", "/auth/login/sender", message{"login": login}).is(200, "").has("", "login", "prompt", "expiresIn")
		if a.str("login") != login || a.at("prompt.fields.0.autocomplete") != "one-time-code" {
			t.Errorf("%s", a.text)
		}
		finish := func(with string) answer {
			return d.do("POST", "/auth/login/sender/finish", message{"login": login, "code": with})
		}
		finish("000000").is(400, "INVALID_CODE")
		d.remember(finish(code).is(200, "").sets())
		d.me().is(200, "")

		// As the first step it has nobody to be about: its failure is a first proof's.
		a = d.do("POST", "/auth/login/sender", message{}).is(200, "")
		d.do("POST", "/auth/login/sender/finish", message{"login": a.str("login"), "code": code}).is(401, "INVALID_CREDENTIALS")
		d.do("POST", "/auth/login/sender/finish", message{"code": code}).is(401, "INVALID_CREDENTIALS")
	})
}

// Five tries a handle, then it is dead, for the right code too; and it is dead after five
// minutes. Who has only the handle cannot try for ever (BUG-27).
func TestHandle(t *testing.T) {
	withSeconds(t, func(f *fixture) {
		user := f.person(alice)
		d := f.program()
		d.prove("", code).is(401, "INVALID_CREDENTIALS") // a code is no first proof
		d.prove("unknown", code).is(401, "LINK_EXPIRED")
		d.try(message{"email": alice, "password": another}).is(401, "INVALID_CREDENTIALS")

		login := f.half(d, message{})
		for range 5 {
			d.prove(login, "000000").is(400, "INVALID_CODE").has("", "error", "code", "requestId")
			f.wait(time.Second) // the pause after the fourth
		}
		d.prove(login, code).is(401, "LINK_EXPIRED")
		if n := f.events(user.ID)[identity.EventLoginFailed]; n != 6 {
			t.Errorf("%d failures were recorded", n)
		}

		late := f.half(d, message{})
		f.wait(5*time.Minute - time.Second)
		d.prove(late, "000000").is(400, "INVALID_CODE")
		f.wait(time.Second)
		d.prove(late, code).is(401, "LINK_EXPIRED")
	})
}

// A sign-in goes on in the browser that began it. Whoever has no cookies is bound to none.
func TestHandleIsBound(t *testing.T) {
	withSeconds(t, func(f *fixture) {
		f.person(alice)
		d, thief := f.browser(), f.browser()
		d.csrf()
		thief.csrf()
		login := f.half(d, message{})
		thief.prove(login, code).is(401, "LINK_EXPIRED")
		f.program().prove(login, code).is(401, "LINK_EXPIRED")
		d.prove(login, code).is(200, "")

		p := f.program()
		p.prove(f.half(p, message{}), code).is(200, "")
	})
}

// Somebody who is disabled between two steps does not get in by the second.
func TestDisabledBetweenSteps(t *testing.T) {
	withSeconds(t, func(f *fixture) {
		user := f.person(alice)
		d := f.program()
		login := f.half(d, message{})
		f.must(f.gate.Flow.Disable(f.Context(), user.ID, true))
		if a := d.prove(login, code); a.status != 401 && a.status != 400 {
			t.Errorf("%d %s", a.status, a.text)
		}
	})
}
