package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// A ledger writes down what requests cost, apart from their hashes: what workers do beside them
// is not on it.
type ledger struct {
	mu     sync.Mutex
	reads  []string
	writes []string // BEGIN among them: each is a commit that waits for the disk
	counts []string
}

// kept lets the ledger see what a house counts.
func (l *ledger) kept(c *gatehouse.Config) { c.Ephemeral = counting{ephemeral.Memory(c.Now), l} }

// watch lets it see the statements of every request.
func (l *ledger) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(sqldb.Watched(r.Context(), l.statement)))
	})
}

func (l *ledger) statement(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if text = strings.Join(strings.Fields(text), " "); strings.HasPrefix(text, "SELECT") {
		l.reads = append(l.reads, text)
	} else {
		l.writes = append(l.writes, text)
	}
}

func (l *ledger) count(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts = append(l.counts, key)
}

// bill is what was written down since the last bill: a sum that must be equal, and its items.
func (l *ledger) bill() (sum, items string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	commits := 0
	for _, w := range l.writes {
		if w == "BEGIN" {
			commits++
		}
	}
	sum = fmt.Sprintf("%d reads, %d writes in %d transactions, %d counts", len(l.reads), len(l.writes)-commits, commits, len(l.counts))
	items = strings.Join(append(append(l.reads, l.writes...), l.counts...), "\n  ")
	l.reads, l.writes, l.counts = nil, nil, nil
	return sum, "  " + items
}

// counting is a Store that writes down what is asked of it: of one on the network each is a
// way there and back.
type counting struct {
	ephemeral.Store
	ledger *ledger
}

func (c counting) Count(ctx context.Context, key string, n int, window time.Duration) (int, time.Time, error) {
	c.ledger.count("count " + key)
	return c.Store.Count(ctx, key, n, window)
}

func (c counting) Take(ctx context.Context, key string, n int, per time.Duration) (bool, int, time.Time, error) {
	c.ledger.count("take " + key)
	return c.Store.Take(ctx, key, n, per)
}

func (c counting) Claim(ctx context.Context, key string, d time.Duration) (bool, error) {
	c.ledger.count("claim " + key)
	return c.Store.Claim(ctx, key, d)
}

func (c counting) Forget(ctx context.Context, key string) error {
	c.ledger.count("forget " + key)
	return c.Store.Forget(ctx, key)
}
