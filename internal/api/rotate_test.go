package api_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func (d *device) rotate(emergency bool) answer {
	d.Helper()
	return d.call("POST", "/admin/api/keys/rotate", message{"emergency": emergency}).is(200, "").has("", "status", "keys").
		has("keys.0", "id", "use", "alg", "state", "createdAt")
}

// An ordinary rotation signs nobody out and surprises no verifier: the new key was in the
// key set before, the old one stays there (JWT-14).
func TestRotation(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(admin, "admin")
		boss, cookie := f.signedIn(admin, "native"), f.signedIn(admin, "cookie")
		csrf := cookie.csrf()
		published := f.program().do("GET", "/.well-known/jwks.json", nil).text
		old := boss.access
		boss.rotate(false)
		boss.me().is(200, "")
		boss.renew().is(200, "")
		if kid(f, old) == kid(f, boss.access) {
			t.Error("the same key still signs")
		}
		for _, token := range []string{old, boss.access} {
			if !strings.Contains(published, kid(f, token)) {
				t.Errorf("the key of %s was not published before", kid(f, token))
			}
		}
		r := cookie.request("POST", "/auth/token", nil)
		r.Header.Set("X-CSRF-Token", csrf) // of a page that was open meanwhile
		cookie.send(r).is(200, "")
	})
}

func kid(f *fixture, token string) string {
	g := forger{fixture: f}
	g.header, _, _ = strings.Cut(token, ".")
	return g.kid()
}

// The emergency rotation ends every token at once: whoever has the stolen keys has nothing.
// People sign in anew (CON-31, BRE-02).
func TestEmergencyRotation(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(admin, "admin")
		f.person(alice)
		boss := f.signedIn(admin, "token")
		native, keeper, cookie := f.signedIn(alice, "native"), f.signedIn(alice, "cookie-token"), f.signedIn(alice, "cookie")
		csrf := cookie.csrf()
		published := f.program().do("GET", "/.well-known/jwks.json", nil).text
		boss.rotate(true)
		for _, d := range []*device{boss, native, keeper} {
			d.me().is(401, "INVALID_TOKEN")
			d.renew().is(401, "INVALID_TOKEN")
		}
		r := cookie.request("POST", "/auth/token", nil)
		r.Header.Set("X-CSRF-Token", csrf)
		cookie.send(r).is(403, "INVALID_CSRF")
		f.signedIn(alice, "native").me().is(200, "")
		if now := f.program().do("GET", "/.well-known/jwks.json", nil).text; strings.Contains(published, kid(f, f.signedIn(alice, "native").access)) || now == published {
			t.Error("a key that lay beside the stolen one still signs")
		}
	})
}

// Twenty rotations while fifty clients work: no valid token is refused (JWT-14).
func TestRotationUnderLoad(t *testing.T) {
	f := one(t)
	f.person(admin, "admin")
	f.person(alice)
	boss := f.signedIn(admin, "native")
	var done atomic.Bool
	var served atomic.Int64
	var clients sync.WaitGroup
	for range 50 {
		d := f.signedIn(alice, "native")
		clients.Go(func() {
			for n := 1; !done.Load() && !t.Failed(); n++ {
				if a := d.me(); a.status != 200 {
					t.Errorf("a valid token was refused: %s", a.text)
				}
				if n%5 == 0 {
					if a := d.renew(); a.status != 200 {
						t.Errorf("a valid refresh token was refused: %s", a.text)
					}
				}
				served.Add(1)
			}
		})
	}
	for range 20 {
		for target := served.Load() + 50; served.Load() < target && !t.Failed(); { // something happens between two
			time.Sleep(time.Millisecond)
		}
		f.must(f.gate.Keys.Rotate(t.Context(), false))
	}
	boss.renew().is(200, "")
	done.Store(true)
	clients.Wait()
}
