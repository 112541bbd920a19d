package apikey

import "github.com/gatehouse-id/gatehouse/internal/secret"

// Draw makes a key of a kind, and Within judges an address, for the tests.
var (
	Draw   = draw
	Within = within
)

// Near returns a key that differs from another in the last characters of its secret, and in its
// checksum.
func Near(text string) string {
	body := text[:Length-sumLength-8] + secret.New()[:8]
	return body + checksum(body)
}
