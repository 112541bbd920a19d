package gatehouse_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// All six defences against stuffing stand in a house for which nobody configured any: a slow hash,
// limits, a CAPTCHA, passwords from breaches, second factors and the look at odd sign-ins (PWD-14).
// Nothing of this dials: what is asked of a service is asked when a password is set.
func TestSixDefences(t *testing.T) {
	gate, err := gatehouse.New(t.Context(), gatehouse.Config{
		DB: sqldbtest.SQLite(t), PublicURL: "https://id.example.com", MasterKey: bytes.Repeat([]byte{7}, 32), Idle: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gate.Close(context.Background()) })
	f := gate.Flow
	hash, err := f.Passwords.Hasher.Hash(t.Context(), "violet hammer seventeen")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=3,") {
		t.Errorf("the hash is not slow: %s, %v", hash, err)
	}
	for _, name := range []throttle.Name{throttle.FailedAccount, throttle.FailedAddress, throttle.FailedPair} {
		if r := f.Limiter.Rate(name); f.Limiter.Off || r.N == 0 || r.Per == 0 {
			t.Errorf("%s: no limit", name)
		}
	}
	if f.Captcha == nil {
		t.Error("no CAPTCHA")
	}
	if f.Passwords.Breaches == nil || f.Passwords.Breaches.Check == nil {
		t.Error("passwords are not looked up")
	}
	if f.Risk == nil {
		t.Error("nobody looks at odd sign-ins")
	}
	for _, id := range []identity.MethodID{"totp", "passkey", "backup-code"} {
		if !offers(f, id) {
			t.Errorf("no %s", id)
		}
	}
}

func offers(f *authn.Flow, id identity.MethodID) bool {
	for _, m := range f.Methods {
		if m.ID() == id {
			return true
		}
	}
	return false
}
