package account

// CrowdedAt is how many challenges ring.
const CrowdedAt = crowdedAt

// Crowd counts one.
func (s *Store) Crowd() { s.crowd() }
