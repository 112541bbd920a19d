package backupcode

// Hashes is how many hashes were computed.
func (m *Method) Hashes() uint64 { return m.hasher.Hashes() }
