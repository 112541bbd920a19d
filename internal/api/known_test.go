package api_test

import (
	"slices"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
)

// Whoever was in an account for a while has no more than ten browsers by which to guess its next
// password: the others are strangers, who share what strangers may.
func TestFewBrowsersBecomeKnown(t *testing.T) {
	f := one(t, behindProxy, withoutCaptcha, calm)
	f.person(alice)
	thieves := []*device{}
	for range 15 {
		d := f.comes("203.0.113.9")
		d.enters().is(200, "")
		thieves = append(thieves, d)
	}
	f.program().at("192.0.2.1").climb(f, alice, 10)
	n := 0
	for _, d := range thieves {
		if d.fail(alice).status == 401 {
			n++
		}
	}
	if n != 10 {
		t.Errorf("%d browsers have a budget of their own, want 10", n)
	}
}

// What ends all sessions ends what a browser was known for: the thief's is odd again.
func TestThiefIsNotKnown(t *testing.T) {
	mapped(t, gatehouse.Risk{}, func(f *fixture) {
		u := f.person(alice)
		f.comes(inHamburg).enters().is(200, "")
		f.wait(10 * time.Minute)
		thief := f.comes(inKiel)
		thief.enters().is(200, "")
		thief.enters().is(200, "") // known by now
		thief.do("POST", "/auth/not-me", message{"token": f.link(alice, "/not-me")}).is(200, "")
		thief.do("POST", "/auth/reset-password", message{"token": f.link(alice, "/reset-password"), "password": another}).is(200, "")
		f.wait(24 * time.Hour)
		thief.remember(thief.try(message{"email": alice, "password": another, "mode": "cookie"})).is(200, "")
		if got := f.judged(u); !slices.Equal(got, []string{"notice 20: new-device", "notice 20: new-device"}) {
			t.Errorf("judged %q", got)
		}
	})
}
