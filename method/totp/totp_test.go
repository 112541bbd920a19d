package totp_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/methodtest"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// TestMethod: the code of an application is as every method must be (MFA-02, MFA-05, BUG-27).
func TestMethod(t *testing.T) {
	each(t, func(f *fixture) {
		user, disabled, none := f.Person(house.Alice), f.Person("disabled@example.com"), f.Person("none@example.com")
		a := f.held(user.ID)
		f.held(disabled.ID)
		f.Must(f.Disable(f.Context(), disabled.ID, true))
		login := ""
		methodtest.Run(f.TB.(*testing.T), methodtest.Case{
			Method: f.method, Elsewhere: f.elsewhere, User: user.ID, Once: true,
			Login: func() *authn.Login { return &authn.Login{UserID: user.ID} },
			Good:  authn.Input{Code: a.code(0)},
			Bad: map[string]authn.Input{
				"wrong": {Code: "000000"}, "too short": {Code: a.code(0)[1:]}, "too long": {Code: a.code(0) + "0"},
				"as a password": {Password: a.code(0)}, "early": {Code: a.code(2)},
			},
			Late: func() (back func()) {
				f.Wait(time.Minute)
				return func() { f.Wait(-time.Minute) }
			},
			Try: func(good bool) error {
				if login == "" {
					login = f.half()
				}
				_, err := f.prove(login, map[bool]string{true: a.code(1), false: "000000"}[good])
				return err
			},
			Enrollment: &methodtest.Enrollment{
				User:   none,
				Answer: func(p authn.Prompt) authn.Input { return authn.Input{Code: app{f, p.Secret.Key, "SHA1", 6}.code(0)} },
				Bad:    map[string]authn.Input{"wrong": {Code: "000000"}, "nothing": {}},
				Kept: func() ([]identity.Credential, error) {
					return f.Accounts.Credentials(t.Context(), none.ID, f.method.ID())
				},
			},
		})
		f.Refuses("of nobody", f.finish(f.method, "", a.code(1)), identity.ErrRejected)
		f.Refuses("of somebody disabled", f.finish(f.method, disabled.ID, a.code(1)), identity.ErrRejected)
		f.Refuses("of somebody without", f.finish(f.method, none.ID, a.code(1)), identity.ErrRejected)
		if prompt, err := f.method.Begin(f.Context(), &authn.Login{}, authn.Input{}); err != nil || prompt.Fields != nil {
			t.Errorf("%+v, %v", prompt, err)
		}
	})
}

// RFC 6238 appendix B, its rows for SHA-1 and SHA-256 (MFA-02).
func TestTimeVectors(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	user := f.Person(house.Alice)
	keys := map[string]string{"SHA1": "12345678901234567890", "SHA256": "12345678901234567890123456789012"}
	for _, c := range []struct {
		at           int64
		sha1, sha256 string
	}{
		{59, "94287082", "46119246"},
		{1111111109, "07081804", "68084774"},
		{1111111111, "14050471", "67062674"},
		{1234567890, "89005924", "91819424"},
		{2000000000, "69279037", "90698825"},
		{20000000000, "65353130", "77737706"},
	} {
		f.Set(time.Unix(c.at, 0))
		for algorithm, code := range map[string]string{"SHA1": c.sha1, "SHA256": c.sha256} {
			f.hold(user.ID, keys[algorithm], algorithm, 8, 0)
			f.Refuses(fmt.Sprint(algorithm, " at ", c.at), f.finish(f.method, user.ID, code), nil)
		}
	}
}

// RFC 4226 appendix D: the counter is the step.
func TestCounterVectors(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	user := f.Person(house.Alice)
	f.hold(user.ID, "12345678901234567890", "SHA1", 6, -1)
	for counter, code := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		f.Set(time.Unix(int64(counter)*30, 0))
		f.Refuses(fmt.Sprint("counter ", counter), f.finish(f.method, user.ID, code), nil)
	}
}

// A clock may be off by one step either way, to the second, and no further (MFA-06).
func TestWindow(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	user := f.Person(house.Alice)
	for step, want := range map[int]error{-2: identity.ErrRejected, -1: nil, 0: nil, 1: nil, 2: identity.ErrRejected} {
		for _, second := range []int{0, 29} { // the first and the last of the step
			f.Set(house.Start.Add(time.Duration(second) * time.Second))
			f.Refuses(fmt.Sprintf("step %d, second %d", step, second), f.finish(f.method, user.ID, f.held(user.ID).code(step)), want)
		}
	}
}

// A code is good once, on all machines, and with it all that came before (BUG-27, ASVS 6.5.1).
func TestReplay(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.Person(house.Alice)
		a := f.held(user.ID)
		f.Must(f.finish(f.method, user.ID, a.code(0)))
		f.Refuses("again", f.finish(f.method, user.ID, a.code(0)), identity.ErrRejected)
		f.Refuses("elsewhere", f.finish(f.elsewhere, user.ID, a.code(0)), identity.ErrRejected)
		f.Refuses("of before", f.finish(f.elsewhere, user.ID, a.code(-1)), identity.ErrRejected)
		f.Must(f.finish(f.elsewhere, user.ID, a.code(1)))
		f.Wait(30 * time.Second)
		f.Refuses("used before its time", f.finish(f.method, user.ID, a.code(0)), identity.ErrRejected)
		f.Must(f.finish(f.method, user.ID, a.code(1)))
	})
}

// Of fifty who come with one code at once, to two machines, one passes.
func TestRace(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.Person(house.Alice)
		a := f.held(user.ID)
		for range sqldbtest.Rounds(t) {
			f.Wait(30 * time.Second)
			code := a.code(0)
			var passed atomic.Int32
			sqldbtest.Race(50, func(i int) {
				m := f.method
				if i%2 == 0 {
					m = f.elsewhere
				}
				if err := f.finish(m, user.ID, code); err == nil {
					passed.Add(1)
				} else if !errors.Is(err, identity.ErrRejected) {
					t.Error(err)
				}
			})
			if n := passed.Load(); n != 1 {
				t.Errorf("%d passed", n)
			}
		}
	})
}

// Of all the codes of a window that come at once, the newest passes, whoever was first: a
// sign-in that loses to an older code is judged again.
func TestRaceOfCodes(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.Person(house.Alice)
		a := f.held(user.ID)
		for range sqldbtest.Rounds(t) {
			f.Wait(90 * time.Second)
			codes := []string{a.code(-1), a.code(0), a.code(1)}
			errs := make([]error, len(codes))
			sqldbtest.Race(len(codes), func(i int) { errs[i] = f.finish(f.method, user.ID, codes[i]) })
			f.Refuses("the newest", errs[2], nil)
			for i, code := range codes {
				f.Refuses("again", f.finish(f.method, user.ID, code), identity.ErrRejected)
				if errs[i] != nil && !errors.Is(errs[i], identity.ErrRejected) {
					t.Error(errs[i])
				}
			}
		}
	})
}

// Spaces and dashes, with which people copy digits, are forgiven.
func TestForgiving(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	user := f.Person(house.Alice)
	for _, shape := range []string{"%s %s", "%s-%s", " %s%s ", "%s\u00a0%s"} {
		code := f.held(user.ID).code(0)
		f.Refuses(shape, f.finish(f.method, user.ID, fmt.Sprintf(shape, code[:3], code[3:])), nil)
	}
}

// An outage is no wrong code: it must not be counted, nor answered, as one.
func TestOutage(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	user := f.Person(house.Alice)
	a := f.held(user.ID)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.method.Finish(ctx, &authn.Login{UserID: user.ID}, authn.Input{Code: a.code(0)})
	if err == nil || errors.Is(err, identity.ErrRejected) {
		t.Errorf("%v", err)
	}
	// A key that was sealed for another cannot be used, and says so to the log.
	bob := f.Person("bob@example.com")
	list, err := f.Accounts.Credentials(t.Context(), user.ID, f.method.ID())
	f.Must(err)
	f.Must(f.Accounts.Enroll(t.Context(), &identity.Credential{UserID: bob.ID, Method: f.method.ID(), Lookup: string(bob.ID), Data: list[0].Data}))
	if err := f.finish(f.method, bob.ID, a.code(0)); err == nil || errors.Is(err, identity.ErrRejected) {
		t.Errorf("a key that was moved: %v", err)
	}
}
