package throttle

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// SQL is an ephemeral.Store in a table, for several machines that share a database and nothing
// else. Each verb is one statement with its condition, so that no two callers at once are judged
// by the same count. Its writes are durable, which counters need not be: where failures are many,
// Redis costs less.
type SQL struct {
	DB  *sqldb.DB
	Now func() time.Time // required
	// Key hides the keys from whoever reads the table; nil hides them behind a hash, from which an
	// address can be guessed.
	Key []byte
}

// Count implements ephemeral.Store.
func (s *SQL) Count(ctx context.Context, key string, n int, window time.Duration) (int, time.Time, error) {
	now, name := s.Now(), s.name("count", key)
	sum, end := int64(max(0, n)), now.Add(window).UnixMicro()
	if n == 0 {
		_, err := s.DB.Row(ctx, []any{&sum, &end}, "SELECT count, expires_at FROM counters WHERE key = $1 AND expires_at > $2", name, now.UnixMicro())
		return int(sum), time.UnixMicro(end), err
	}
	_, err := s.DB.Change(ctx, []any{&sum, &end}, `
		INSERT INTO counters (key, count, expires_at) VALUES ($1, $2, $3)
		ON CONFLICT (key) DO UPDATE SET
			count = CASE WHEN counters.expires_at <= $4 THEN excluded.count
				WHEN counters.count + $5 < 0 THEN 0 ELSE counters.count + $5 END,
			expires_at = CASE WHEN counters.expires_at <= $4 THEN excluded.expires_at ELSE counters.expires_at END
		RETURNING count, expires_at`, name, sum, end, now.UnixMicro(), n)
	return int(sum), time.UnixMicro(end), err
}

// Take implements ephemeral.Store. What a key is full again at is kept as the end of its row.
func (s *SQL) Take(ctx context.Context, key string, n int, per time.Duration) (bool, int, time.Time, error) {
	now, name, each := s.Now().Truncate(time.Microsecond), s.name("take", key), ephemeral.Interval(n, per)
	var full int64
	taken, err := s.DB.Change(ctx, []any{&full}, `
		INSERT INTO counters (key, count, expires_at) VALUES ($1, 0, $2)
		ON CONFLICT (key) DO UPDATE SET
			expires_at = CASE WHEN counters.expires_at < $3 OR counters.expires_at > $6 THEN excluded.expires_at ELSE counters.expires_at + $4 END
		WHERE counters.expires_at <= $5 OR counters.expires_at > $6
		RETURNING expires_at`, name, now.Add(each).UnixMicro(), now.UnixMicro(), each.Microseconds(), now.Add(per-each).UnixMicro(),
		now.Add(2*per).UnixMicro()) // nobody takes so much: the clock went back
	if err == nil && !taken {
		full = now.Add(per).UnixMicro() // if the row is gone meanwhile
		_, err = s.DB.Row(ctx, []any{&full}, "SELECT expires_at FROM counters WHERE key = $1", name)
	}
	taken, left, until := ephemeral.Taken(taken, now, time.UnixMicro(full), n, per)
	return taken, left, until, err
}

// Claim implements ephemeral.Store.
func (s *SQL) Claim(ctx context.Context, key string, d time.Duration) (bool, error) {
	now := s.Now()
	n, err := s.DB.Exec(ctx, `
		INSERT INTO counters (key, count, expires_at) VALUES ($1, 1, $2)
		ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at WHERE counters.expires_at <= $3`,
		s.name("claim", key), now.Add(d).UnixMicro(), now.UnixMicro())
	return n == 1, err
}

// Forget implements ephemeral.Store.
func (s *SQL) Forget(ctx context.Context, key string) error {
	_, err := s.DB.Exec(ctx, "DELETE FROM counters WHERE key IN ($1, $2, $3)", s.name("count", key), s.name("take", key), s.name("claim", key))
	return err
}

// Sweep removes what is over.
func (s *SQL) Sweep(ctx context.Context) error {
	return s.DB.Sweep(ctx, `DELETE FROM counters WHERE key IN (SELECT key FROM counters WHERE expires_at <= $1 LIMIT $2)`, s.Now().UnixMicro())
}

// name is the key of a row. Keys tell who signs in from where.
func (s *SQL) name(kind, key string) []byte {
	if s.Key == nil {
		return secret.Hash(kind + ":" + key)
	}
	return secret.MAC(s.Key, []byte(kind), []byte(key))
}
