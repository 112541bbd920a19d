package gatehouse_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// A configuration that could not hold is refused, and the refusal names the field. Lifetimes
// beyond those of the keys would sign people out by themselves (JWT-14, CON-01).
func TestRefusedConfig(t *testing.T) {
	db := sqldbtest.SQLite(t)
	for _, c := range []struct {
		name  string
		spoil func(*gatehouse.Config)
		says  string // "": it is accepted
	}{
		{"good", func(*gatehouse.Config) {}, ""},
		{"no database", func(c *gatehouse.Config) { c.DB = nil }, "DB"},
		{"a short key", func(c *gatehouse.Config) { c.MasterKey = c.MasterKey[1:] }, "MasterKey"},
		{"no mailer", func(c *gatehouse.Config) { c.Unverified, c.Idle = false, false }, "Mailer"},
		{"plain http", func(c *gatehouse.Config) { c.PublicURL = "http://id.example.com" }, "https"},
		{"a query", func(c *gatehouse.Config) { c.PublicURL += "?x=1" }, "public URL"},
		{"a token for an hour", func(c *gatehouse.Config) { c.AccessTokenLife = time.Hour }, "AccessTokenLife"},
		{"a family of 31 days", func(c *gatehouse.Config) { c.Lifetimes = authn.Lifetimes{TokenLife: 31 * 24 * time.Hour} }, "TokenLife"},
		{"a negative life", func(c *gatehouse.Config) { c.Lifetimes = authn.Lifetimes{CookieIdle: -time.Minute} }, "CookieIdle"},
		{"an assurance that there is not", func(c *gatehouse.Config) { c.Proofs.ACR = "aal3" }, `Proofs: assurance "aal3"`},
		{"a role that there is not", func(c *gatehouse.Config) { c.Proofs.Roles = map[string]string{"admn": "aal2"} }, `Proofs: role "admn"`},
		{"high security", func(c *gatehouse.Config) { c.Proofs = authn.HighSecurity() }, ""},
		{"another site", func(c *gatehouse.Config) { c.Origins = []string{"https://example.org"} }, "same site"},
		{"a default port", func(c *gatehouse.Config) { c.Origins = []string{"https://app.example.com:443"} }, "exactly"},
		{"upper case", func(c *gatehouse.Config) { c.Origins = []string{"https://App.example.com"} }, "exactly"},
		{"an application on another host", func(c *gatehouse.Config) { c.Applications = []string{"https://app.example.org:8443"} }, ""},
		{"an application here", func(c *gatehouse.Config) { c.Applications = []string{"https://id.example.com"} }, "another host"},
		{"an application in clear", func(c *gatehouse.Config) { c.Applications = []string{"http://app.example.com"} }, "another host"},
		{"an application with a path", func(c *gatehouse.Config) { c.Applications = []string{"https://app.example.com/"} }, "exactly"},
		{"any application", func(c *gatehouse.Config) { c.Applications = []string{"https://*.example.com"} }, "exactly"},
		{"a method of the house", func(c *gatehouse.Config) { c.Methods = []authn.Method{called("password")} }, `"password", which is taken`},
		{"one method twice", func(c *gatehouse.Config) { c.Methods = []authn.Method{called("smoke"), called("smoke")} }, `"smoke"`},
		{"a method without a name", func(c *gatehouse.Config) { c.Methods = []authn.Method{called("")} }, `""`},
		{"a method like remembered devices", func(c *gatehouse.Config) { c.Methods = []authn.Method{called(authn.Device)} }, `"device"`},
		{"one more method", func(c *gatehouse.Config) { c.Methods = []authn.Method{called("smoke")} }, ""},
		{"the same site", func(c *gatehouse.Config) { c.Origins = []string{"https://app.example.com"} }, ""},
	} {
		config := gatehouse.Config{DB: db, MasterKey: make([]byte, 32), PublicURL: "https://id.example.com", Unverified: true, Idle: true}
		c.spoil(&config)
		_, err := gatehouse.New(t.Context(), config)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// called is a method that has a name and nothing else.
type called identity.MethodID

func (c called) ID() identity.MethodID { return identity.MethodID(c) }

func (called) Begin(context.Context, *authn.Login, authn.Input) (authn.Prompt, error) {
	return authn.Prompt{}, nil
}

func (called) Finish(context.Context, *authn.Login, authn.Input) (identity.Proof, error) {
	return identity.Proof{}, identity.ErrRejected
}

// Browsers leave a default port out of an origin, so the house does too.
func TestDefaultPort(t *testing.T) {
	gate, err := gatehouse.New(t.Context(), gatehouse.Config{
		DB: sqldbtest.SQLite(t), MasterKey: make([]byte, 32), PublicURL: "https://ID.example.com:443/id/", Unverified: true, Idle: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if s := gate.Site(); s.Origin() != "https://id.example.com" || s.URL("/login") != "https://id.example.com/id/login" {
		t.Errorf("%s, %s", s.Origin(), s.URL("/login"))
	}
}

// The file of the master key is there whole, for its owner only, and alone.
func TestMasterKeyFile(t *testing.T) {
	db, folder := sqldbtest.SQLite(t), t.TempDir()
	file := filepath.Join(folder, "master.key")
	key, err := gatehouse.MasterKeyFile(t.Context(), db, file)
	if err != nil || len(key) != 32 {
		t.Fatalf("%d bytes, %v", len(key), err)
	}
	again, err := gatehouse.MasterKeyFile(t.Context(), db, file)
	if err != nil || string(again) != string(key) {
		t.Errorf("another key the second time, or %v", err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if all, err := os.ReadDir(folder); err != nil || len(all) != 1 {
		t.Errorf("left in the folder: %v, %v", all, err)
	}
}
