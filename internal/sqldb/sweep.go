package sqldb

import "context"

// sweepMost is how many rows one transaction removes at the most.
const sweepMost = 500

// Sweep runs a DELETE again and again until there is no more to remove. Its last placeholder must be
// a LIMIT, which Sweep fills in: a million rows in one transaction would make every writer wait, and
// its log grow with them (I10). Each run is a transaction of its own, and others come in between.
func (db *DB) Sweep(ctx context.Context, query string, args ...any) error {
	args = append(args[:len(args):len(args)], sweepMost)
	for {
		n, err := db.Exec(ctx, query, args...)
		if err != nil || n < sweepMost {
			return err
		}
	}
}
