package audit

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// A Query selects events, newest first. The zero Query selects the newest 50 of all.
type Query struct {
	Subject identity.UserID // of this user; empty: of everybody
	Type    string          // of this type; empty: of every type
	Limit   int             // at most 200; 0 means 50
	Cursor  string          // where the page before ended; empty: from the newest
}

const columns = `id, type, at, actor, subject, org, request_id, personal, data, COALESCE(seq, 0)`

// List returns the events of a query and the cursor of the next page, "" at the end.
// A malformed cursor is identity.ErrInvalid.
func (l *Log) List(ctx context.Context, q Query) (events []identity.Event, next string, err error) {
	at, id, limit, err := sqldb.Page(q.Cursor, q.Limit)
	if err != nil {
		return nil, "", err
	}
	events, err = sqldb.All(ctx, l.DB, scan, `SELECT `+columns+` FROM events
		WHERE (at, id) < ($1, $2) AND ($3 = '' OR subject = $3) AND ($4 = '' OR type = $4)
		ORDER BY at DESC, id DESC LIMIT $5`, at, id, string(q.Subject), q.Type, limit)
	if err == nil && len(events) == limit {
		last := events[limit-1]
		next = sqldb.Cursor(last.At.UnixMicro(), string(last.ID))
	}
	return events, next, err
}

func scan(row func(...any) error) (e identity.Event, err error) {
	var at int64
	var who, data string
	if err = row(&e.ID, &e.Type, &at, &e.Actor, &e.Subject, &e.Org, &e.RequestID, &who, &data, &e.Seq); err != nil {
		return e, err
	}
	e.At = time.UnixMicro(at).UTC()
	if strings.HasPrefix(who, "{") { // erased where it is not
		var p personal
		if err = json.Unmarshal([]byte(who), &p); err != nil {
			return e, err
		}
		e.IP, e.UserAgent = p.IP, p.UserAgent
	}
	return e, json.Unmarshal([]byte(data), &e.Data)
}
