package token

import "sync"

// seenMost is how many tokens are remembered: about four megabytes.
const seenMost = 4096

// A seenToken is a token whose signature was found good, and the key that made it.
type seenToken struct {
	claims *Claims // never changed
	key    string
}

// seen remembers good signatures by the hash of their token. It keeps two generations, so
// that it is bounded without a sweeper. It holds no yes about a session or a user.
type seen struct {
	mu         sync.RWMutex
	young, old map[[32]byte]seenToken
}

func (s *seen) get(hash []byte) (seenToken, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, ok := s.young[[32]byte(hash)]
	if !ok {
		t, ok = s.old[[32]byte(hash)]
	}
	return t, ok
}

func (s *seen) put(hash []byte, t seenToken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.young == nil || len(s.young) >= seenMost/2 {
		s.old, s.young = s.young, make(map[[32]byte]seenToken)
	}
	s.young[[32]byte(hash)] = t
}
