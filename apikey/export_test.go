package apikey

import "github.com/gatehouse-id/gatehouse/internal/secret"

// Draw makes a key of a kind, and Within judges an address, for the tests.
var (
	Draw   = secret.Tagged
	Within = within
)
