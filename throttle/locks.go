package throttle

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// Locks are the keys that may not be tried for a time, each a row that survives what is ephemeral.
// A row holds a hash of its key, which names what a stranger has typed. Both fields are required.
type Locks struct {
	DB  *sqldb.DB
	Now func() time.Time
}

// Until returns when the lock of a key ends; the zero time if it has none.
func (l *Locks) Until(ctx context.Context, key string) (time.Time, error) {
	var micros int64
	found, err := l.DB.Row(ctx, []any{&micros}, `SELECT expires_at FROM locks WHERE key = $1`, hashed(key))
	if err != nil || !found {
		return time.Time{}, err
	}
	return time.UnixMicro(micros), nil
}

// Lock locks a key, in the transaction of ctx. A lock that ends later stays.
func (l *Locks) Lock(ctx context.Context, key string, d time.Duration) error {
	_, err := l.DB.Exec(ctx, `INSERT INTO locks (key, expires_at) VALUES ($1, $2)
		ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at WHERE locks.expires_at < excluded.expires_at`,
		hashed(key), l.Now().Add(d).UnixMicro())
	return err
}

// Unlock opens keys, locked or not.
func (l *Locks) Unlock(ctx context.Context, keys ...string) error {
	return l.DB.Tx(ctx, func(ctx context.Context) error {
		for _, key := range keys {
			if _, err := l.DB.Exec(ctx, `DELETE FROM locks WHERE key = $1`, hashed(key)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Sweep removes locks that are over.
func (l *Locks) Sweep(ctx context.Context) error {
	return l.DB.Sweep(ctx, `DELETE FROM locks WHERE key IN (SELECT key FROM locks WHERE expires_at <= $1 LIMIT $2)`, l.Now().UnixMicro())
}

func hashed(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:]
}
