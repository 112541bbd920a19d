package verify

import (
	"crypto/sha256"
	"sync"
)

// seenMost is how many tokens are remembered: about six megabytes.
const seenMost = 4096

// generations remembers something of tokens by their hash. It keeps two generations, so that it
// is bounded without a sweeper. The zero value is empty.
type generations[V any] struct {
	mu         sync.RWMutex
	young, old map[[sha256.Size]byte]V
}

func (g *generations[V]) get(id [sha256.Size]byte) (V, bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	v, ok := g.young[id]
	if !ok {
		v, ok = g.old[id]
	}
	return v, ok
}

func (g *generations[V]) put(id [sha256.Size]byte, v V) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.young == nil || len(g.young) >= seenMost/2 {
		g.old, g.young = g.young, make(map[[sha256.Size]byte]V)
	}
	g.young[id] = v
}

// usual is how long the tokens of the house are at most, in bytes.
const usual = 1 << 10

// fingerprint returns the hash of a token, without a copy of it on the heap.
func fingerprint(token string) [sha256.Size]byte {
	if len(token) > usual {
		return sha256.Sum256([]byte(token))
	}
	var text [usual]byte
	return sha256.Sum256(text[:copy(text[:], token)])
}
