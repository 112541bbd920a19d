package identity_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

func TestNewIDSortsByTime(t *testing.T) {
	shape := regexp.MustCompile(`^usr_[0-9a-hjkmnp-tv-z]{26}$`)
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var ids []string
	for i := range 100 {
		id := identity.NewID[identity.UserID]("usr", start.Add(time.Duration(i)*time.Millisecond))
		if !shape.MatchString(string(id)) {
			t.Fatalf("%q has the wrong shape", id)
		}
		ids = append(ids, string(id))
	}
	if !slices.IsSorted(ids) {
		t.Error("IDs do not sort by the time they were made")
	}
	if a, b := identity.NewID[identity.UserID]("usr", start), identity.NewID[identity.UserID]("usr", start); a == b {
		t.Error("two IDs of one instant are equal")
	}
}

func TestErrorKeepsItsMeaning(t *testing.T) {
	cause := errors.New("no such user")
	err := error(identity.ErrRejected.Because(cause))
	if !errors.Is(err, identity.ErrRejected) || !errors.Is(err, cause) {
		t.Error("a copy with a cause is no longer the same error")
	}
	if identity.ErrRejected.Err != nil {
		t.Error("Because changed the original")
	}
	a := identity.ErrInvalid.With("email", "is missing")
	b := a.With("password", "is missing")
	if len(a.Fields) != 1 || len(b.Fields) != 2 || identity.ErrInvalid.Fields != nil {
		t.Error("With changed its receiver")
	}
	for _, c := range []struct {
		err  error
		code string
		kind identity.Kind
	}{
		{nil, "", identity.Internal},
		{errors.New("boom"), "INTERNAL", identity.Internal},
		{identity.ErrStale.In(time.Second), "STALE_TOKEN", identity.Unauthenticated},
	} {
		if identity.CodeOf(c.err) != c.code || identity.KindOf(c.err) != c.kind {
			t.Errorf("%v: code %q kind %d", c.err, identity.CodeOf(c.err), identity.KindOf(c.err))
		}
	}
}

func TestProofs(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	pw := identity.Proof{Method: "password", Factor: identity.Knowledge, At: at}
	otp := identity.Proof{Method: "totp", Factor: identity.Possession, At: at.Add(time.Minute)}
	key := identity.Proof{Method: "passkey", Factor: identity.Possession | identity.Inherence, At: at}
	for _, c := range []struct {
		name   string
		proofs []identity.Proof
		amr    []string
		acr    string
		time   time.Time
	}{
		{"none", nil, []string{}, "", time.Time{}},
		{"password", []identity.Proof{pw}, []string{"pwd"}, "aal1", at},
		{"password twice", []identity.Proof{pw, pw}, []string{"pwd", "pwd"}, "aal1", at},
		{"two factors", []identity.Proof{otp, pw}, []string{"otp", "pwd", "mfa"}, "aal2", at.Add(time.Minute)},
		{"passkey", []identity.Proof{key}, []string{"hwk", "mfa"}, "aal2", at},
		{"stranger", []identity.Proof{{Method: "oidc:google", Factor: identity.Possession, At: at}}, []string{"oidc:google"}, "aal1", at},
	} {
		s := identity.Session{Proofs: c.proofs}
		if got := identity.AMR(c.proofs); !slices.Equal(got, c.amr) {
			t.Errorf("%s: amr %v, want %v", c.name, got, c.amr)
		}
		if got := identity.ACR(c.proofs); got != c.acr {
			t.Errorf("%s: acr %q, want %q", c.name, got, c.acr)
		}
		if !s.AuthTime().Equal(c.time) || s.MultiFactor() != (c.acr == "aal2") {
			t.Errorf("%s: auth time %v, multi-factor %v", c.name, s.AuthTime(), s.MultiFactor())
		}
	}
}

func TestContext(t *testing.T) {
	ctx := context.Background()
	if identity.FromContext(ctx) != nil || *identity.OriginOf(ctx) != (identity.Origin{}) {
		t.Error("an empty context is not empty")
	}
	p := &identity.Principal{UserID: "usr_1"}
	o := &identity.Origin{IP: "192.0.2.1"}
	ctx = identity.WithOrigin(identity.NewContext(ctx, p), o)
	if identity.FromContext(ctx) != p || identity.OriginOf(ctx) != o {
		t.Error("the context lost what it carried")
	}
}

func TestModes(t *testing.T) {
	for mode, want := range map[identity.Mode]bool{"": false, "token": true, "cookie": true, "cookie-token": true, "native": true, "Token": false} {
		if mode.Valid() != want {
			t.Errorf("Mode(%q).Valid() = %v", mode, !want)
		}
	}
}

// An ID tells when it was made; what is none of ours tells nothing.
func TestMade(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)
	if at, ok := identity.Made(identity.NewID[identity.RequestID]("req", now)); !ok || !at.Equal(now) {
		t.Errorf("%v %v", at, ok)
	}
	for _, id := range []identity.RequestID{"", "req_", "req_1", "req", "req_06dqsacch2f5k0xxbtjkv5akqu!", "req_06DQSACCH2F5K0XXBTJKV5AKQM"} {
		if at, ok := identity.Made(id); ok {
			t.Errorf("%q: %v", id, at)
		}
	}
}
