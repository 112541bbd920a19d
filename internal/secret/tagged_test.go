package secret_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// A tagged token is known by its tag, its shape and its checksum, and by nothing less.
func TestTagged(t *testing.T) {
	good := secret.Tagged("gcs_")
	if !secret.IsTagged("gcs_", good) || len(good) != len("gcs_")+secret.TaggedLength {
		t.Errorf("%q", good)
	}
	swapped := "A" + good[5:]
	if good[4] == 'A' {
		swapped = "B" + good[5:]
	}
	for _, bad := range []string{"", "gcs_", good[:len(good)-1], good + "0", strings.ToUpper(good), "gcs_" + swapped, strings.Replace(good, "gcs_", "gcx_", 1)} {
		if secret.IsTagged("gcs_", bad) {
			t.Errorf("%q passes", bad)
		}
	}
}
