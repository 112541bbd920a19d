package notify

import (
	"context"
	"slices"
	"sync"
	"time"
)

// captureMost is how many messages a Capture keeps.
const captureMost = 200

// A Capture is a Sender for development and tests: it sends nothing and keeps the newest
// 200 messages in memory. The zero Capture works.
type Capture struct {
	Now func() time.Time // nil means time.Now

	mu   sync.Mutex
	kept []Captured // oldest first
}

// A Captured is a message that would have been sent.
type Captured struct {
	Message
	At time.Time
}

// Send keeps m. It never fails.
func (c *Capture) Send(_ context.Context, m Message) error {
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = append(c.kept, Captured{m, now()})
	if extra := len(c.kept) - captureMost; extra > 0 {
		c.kept = slices.Delete(c.kept, 0, extra)
	}
	return nil
}

// List returns the messages, newest first.
func (c *Capture) List() []Captured {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := slices.Clone(c.kept)
	slices.Reverse(list)
	return list
}

// Clear forgets the messages.
func (c *Capture) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = nil
}
