package identity

import "time"

// A Client is an application that is known to the house: a service that acts for itself, by a
// secret or a certificate.
type Client struct {
	ID      ClientID
	Name    string
	State   State    // Active or Disabled
	Version int64    // as User.Version: a token of an older one is TOKEN_OUTDATED
	Roles   []string // deployment-wide, sorted
	Scopes  []string // what its tokens may name at most, sorted
	// URI is the name that its certificates carry, "spiffe://example.com/billing"; "" is none.
	URI       string
	CreatedAt time.Time
	UsedAt    time.Time // zero: never
}
