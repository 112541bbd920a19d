package api_test

import (
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// Alive is not ready: whoever sends us requests must know which of our dependencies fails.
func TestHealth(t *testing.T) {
	db := sqldbtest.SQLite(t)
	d := open(t, db).program()
	d.do("GET", "/healthz", nil).is(200, "").has("", "status")
	if a := d.do("GET", "/readyz", nil).is(200, "").has("", "status", "checks"); a.at("checks.database") != "ok" || a.at("status") != "ready" {
		t.Errorf("%s", a.text)
	}
	d.must(db.Close())
	d.do("GET", "/healthz", nil).is(200, "")
	if a := d.do("GET", "/readyz", nil).is(503, "UNAVAILABLE"); a.at("fields.database") != "failing" {
		t.Errorf("%s", a.text)
	}
}
