package api_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/policy"
)

// claims are what an access token says.
func (f *fixture) claims(token string) (c map[string]any) {
	f.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	f.must(err)
	f.must(json.Unmarshal(text, &c))
	return c
}

// Tokens tell permissions where the configuration says so, those of one purpose none; and the log
// is told of tokens that get large (AUZ-11, CON-18).
func TestPermissionsInTokens(t *testing.T) {
	var said bytes.Buffer
	few := func(c *gatehouse.Config) {
		withPosts(c)
		c.PermissionsInTokens, c.Logger = true, slog.New(slog.NewTextHandler(&said, nil))
	}
	f := one(t, few)
	f.person(alice)
	d := f.signedIn(alice, "native")
	if got := f.claims(d.access)["perms"]; fmt.Sprint(got) != "[posts:edit:own posts:read]" {
		t.Errorf("%v", got)
	}
	narrow := d.call("POST", "/auth/token", message{"scope": "posts:read"}).is(200, "").str("accessToken")
	if c := f.claims(narrow); c["perms"] != nil || c["scope"] != "posts:read" {
		t.Errorf("%v", c)
	}
	if f.gate.Counters().TokensIssued != 2 {
		t.Errorf("%d tokens were issued", f.gate.Counters().TokensIssued)
	}
	for n, level := range map[int]string{30: "level=WARN", 300: "level=ERROR"} {
		said.Reset()
		many := slices.Collect(func(yield func(policy.Permission) bool) {
			for i := range n {
				if !yield(policy.Permission(fmt.Sprintf("things%d:edit", i))) {
					return
				}
			}
		})
		one(t, few, func(c *gatehouse.Config) { c.Policy = &policy.File{Permissions: many} })
		if !strings.Contains(said.String(), level+` msg="access tokens are large`) {
			t.Errorf("%d permissions: %s", n, said.String())
		}
	}
}

// What is put in force on one machine decides on every other within a second or two.
func TestPolicyEverywhere(t *testing.T) {
	each(t, func(f *fixture) {
		there, err := gatehouse.New(t.Context(), gatehouse.Config{
			DB: f.gate.Flow.DB, PublicURL: f.public.String(), MasterKey: f.key, Mailer: &notify.Capture{}, Now: f.now,
		})
		f.must(err)
		t.Cleanup(func() { _ = there.Close(context.Background()) })
		_, err = f.gate.Access.Apply(t.Context(), posts, "")
		f.must(err)
		for deadline := time.Now().Add(10 * time.Second); !there.Access.Policy().Registered("posts:edit"); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("it did not come")
			}
		}
	})
}
