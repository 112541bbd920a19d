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
	Subject identity.UserID   // of this user; empty: of everybody
	Org     identity.TenantID // in this organization; empty: in all and in none
	Type    string            // of this type; empty: of every type
	Topic   string            // of the types that begin so: "role" for role.granted; empty: of all
	Limit   int               // at most 200; 0 means 50
	Cursor  string            // where the page before ended; empty: from the newest
}

const columns = `id, type, at, actor, subject, org, request_id, personal, data, COALESCE(seq, 0)`

// List returns the events of a query and the cursor of the next page, "" at the end.
// A malformed cursor is identity.ErrInvalid.
func (l *Log) List(ctx context.Context, q Query) (events []identity.Event, next string, err error) {
	at, id, limit, err := sqldb.Page(q.Cursor, q.Limit)
	if err != nil {
		return nil, "", err
	}
	where, args := ``, []any{at, id, string(q.Subject), q.Type, limit, q.Topic}
	if q.Org != "" {
		where, args = ` AND org = $7 AND org <> ''`, append(args, string(q.Org)) // as the index has it
	}
	events, err = sqldb.All(ctx, l.DB, scan, `SELECT `+columns+` FROM events
		WHERE (at, id) < ($1, $2) AND ($3 = '' OR subject = $3) AND ($4 = '' OR type = $4) AND ($6 = '' OR type LIKE $6 || '.%')`+where+`
		ORDER BY at DESC, id DESC LIMIT $5`, args...)
	if err == nil && len(events) == limit {
		last := events[limit-1]
		next = sqldb.Cursor(last.At.UnixMicro(), string(last.ID))
	}
	return events, next, err
}

// OfRequest returns the events of one request, oldest first; none where the ID is none of ours. The
// ID tells when the request began, so that only the hour after it is searched.
func (l *Log) OfRequest(ctx context.Context, id identity.RequestID) ([]identity.Event, error) {
	began, ok := identity.Made(id)
	if !ok {
		return nil, nil
	}
	from := began.Add(-time.Minute) // clocks differ
	return sqldb.All(ctx, l.DB, scan, `SELECT `+columns+` FROM events
		WHERE at BETWEEN $1 AND $2 AND request_id = $3 ORDER BY at, id`, from.UnixMicro(), began.Add(time.Hour).UnixMicro(), string(id))
}

// Count returns how many events of one type there are about a user since a time, and counts no
// further than most.
func (l *Log) Count(ctx context.Context, subject identity.UserID, kind string, since time.Time, most int) (n int, err error) {
	_, err = l.DB.Row(ctx, []any{&n}, `SELECT COUNT(*) FROM (SELECT 1 FROM events WHERE subject = $1 AND at > $2 AND type = $3 LIMIT $4) AS few`,
		string(subject), since.UnixMicro(), kind, most)
	return n, err
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
