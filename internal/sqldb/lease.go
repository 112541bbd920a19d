package sqldb

import (
	"context"
	"time"
)

// Lease takes or keeps the named lease for holder until now+d, and reports whether holder
// has it. One statement decides, so of all machines one at a time has it; a holder that
// dies is followed after d at the latest.
func (db *DB) Lease(ctx context.Context, name, holder string, now time.Time, d time.Duration) (bool, error) {
	n, err := db.Exec(ctx, `INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
		WHERE leases.holder = excluded.holder OR leases.until < $4`,
		name, holder, now.Add(d).UnixMicro(), now.UnixMicro())
	return n == 1, err
}

// Release gives the lease back, if holder has it.
func (db *DB) Release(ctx context.Context, name, holder string) error {
	_, err := db.Exec(ctx, `DELETE FROM leases WHERE name = $1 AND holder = $2`, name, holder)
	return err
}
