package postgres_test

import (
	"os"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/postgres"
)

// A server that may forget what it acknowledged is refused, with the setting by its name
// (F3).
func TestPing(t *testing.T) {
	if os.Getenv(sqldbtest.Server) == "none" {
		return
	}
	url := sqldbtest.PostgresURL(t)
	for setting, refused := range map[string]bool{
		"":                                 false,
		"&synchronous_commit=on":           false,
		"&synchronous_commit=remote_apply": false,
		"&synchronous_commit=off":          true,
	} {
		db, err := postgres.Open(url + setting)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Ping(t.Context()); (err != nil) != refused || refused && !strings.Contains(err.Error(), "synchronous_commit=off") {
			t.Errorf("with %q Ping returned %v", setting, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A server that cannot be reached is an error that does not tell the password.
func TestUnreachable(t *testing.T) {
	for name, url := range map[string]string{
		"nobody listens": "postgres://gate:topsecret@127.0.0.1:1/gate?sslmode=disable&connect_timeout=2",
		"malformed":      "postgres://gate:topsecret@127.0.0.1:port/gate",
	} {
		db, err := postgres.Open(url)
		if err == nil {
			err = db.Ping(t.Context())
			_ = db.Close()
		}
		if err == nil || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
