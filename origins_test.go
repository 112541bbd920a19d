package gatehouse_test

import (
	"net/netip"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// What would let strangers choose their own address, or names nobody to report to, is refused (RAT-07).
func TestEdgeSettings(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*gatehouse.Config)
		fits bool
	}{
		"a proxy":               {func(c *gatehouse.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.5/32")} }, true},
		"everybody is a proxy":  {func(c *gatehouse.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")} }, false},
		"and over IPv6":         {func(c *gatehouse.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("::/0")} }, false},
		"Forwarded":             {func(c *gatehouse.Config) { c.ForwardedHeader = "Forwarded" }, true},
		"another field":         {func(c *gatehouse.Config) { c.ForwardedHeader = "X-Real-IP" }, false},
		"a contact":             {func(c *gatehouse.Config) { c.SecurityContact = "https://example.com/security" }, true},
		"no way to reach it":    {func(c *gatehouse.Config) { c.SecurityContact = "security@example.com" }, false},
		"a contact that forges": {func(c *gatehouse.Config) { c.SecurityContact = "mailto:a@example.com\nExpires: never" }, false},
	} {
		config := gatehouse.Config{DB: sqldbtest.SQLite(t), PublicURL: "https://id.example.com", MasterKey: make([]byte, 32), Idle: true}
		c.set(&config)
		if _, err := gatehouse.New(t.Context(), config); (err == nil) != c.fits {
			t.Errorf("%s: %v", name, err)
		}
	}
}
