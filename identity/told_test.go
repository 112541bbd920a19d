package identity_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
)

// Whoever is no operator is not told by what they could find out more than they may know (AUZ-17,
// RAT-16). The event itself stays as it is.
func TestTold(t *testing.T) {
	for kind, want := range map[string][]string{
		identity.EventAccessDenied:   {"code", "route"},
		identity.EventRiskAssessed:   {"method", "signals"},
		identity.EventLoginSucceeded: {"code", "method", "reasons", "route", "score", "signals", "verdict"},
	} {
		e := identity.Event{Type: kind, Data: map[string]string{"code": "1", "method": "2", "reasons": "3", "route": "4", "score": "5", "signals": "6", "verdict": "7"}}
		if got := slices.Sorted(maps.Keys(e.Told().Data)); !slices.Equal(got, want) || len(e.Data) != 7 {
			t.Errorf("%s: %q, want %q; %v", kind, got, want, e.Data)
		}
	}
}
