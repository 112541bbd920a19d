package audit

import (
	"context"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// After returns the sealed events that follow number seq, in the order of the chain, at most
// limit. Numbers are given when events are sealed, so whoever reads on from the last one has
// missed none.
func (l *Log) After(ctx context.Context, seq int64, limit int) ([]identity.Event, error) {
	return sqldb.All(ctx, l.DB, scan, `SELECT `+columns+` FROM events WHERE seq > $1 ORDER BY seq LIMIT $2`, seq, limit)
}

// Sealed returns the number of the newest sealed event; 0: there is none.
func (l *Log) Sealed(ctx context.Context) (seq int64, err error) {
	_, err = l.DB.Row(ctx, []any{&seq}, `SELECT COALESCE(MAX(seq), 0) FROM events`)
	return seq, err
}

// ByID finds an event, or returns identity.ErrNotFound.
func (l *Log) ByID(ctx context.Context, id identity.EventID) (*identity.Event, error) {
	list, err := sqldb.All(ctx, l.DB, scan, `SELECT `+columns+` FROM events WHERE id = $1`, string(id))
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, identity.ErrNotFound
	}
	return &list[0], nil
}
