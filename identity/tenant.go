package identity

import "time"

// A Tenant is an organization: people who share what belongs to it, each with roles of their own
// there.
type Tenant struct {
	ID        TenantID
	Name      string
	CreatedAt time.Time
}
