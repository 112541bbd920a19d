package gatehouse_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/sqlite"
)

// TestRoutes compares every route of the house, and what it demands, with the list that was
// reviewed: a rule that got weaker shows as a changed line.
func TestRoutes(t *testing.T) {
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "gatehouse.db"))
	if err != nil {
		t.Fatal(err)
	}
	gate, err := gatehouse.New(t.Context(), gatehouse.Config{DB: db, MasterKey: make([]byte, 32), PublicURL: "https://id.example.com", Idle: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gate.Close(t.Context()); _ = db.Close() })
	got := []byte(gate.RouteList())
	golden := filepath.Join("testdata", "routes.golden")
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the routes are not those of %s (go test -run TestRoutes -update . writes it anew): %v\n%s", golden, err, got)
	}
}
