package audit_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// What Verify says.
const (
	changed  = "was changed"
	missing  = "missing"
	head     = "the head was signed at"
	notOurs  = "not ours"
	unsigned = "never signed"
)

// tamperings are what somebody with the database, but without the keys, may do to a chain of
// five events.
var tamperings = []tampering{
	{"id", `UPDATE events SET id = 'evt_other' WHERE seq = 3`, changed},
	{"type", `UPDATE events SET type = 'other' WHERE seq = 3`, changed},
	{"time", `UPDATE events SET at = at + 1 WHERE seq = 3`, changed},
	{"actor", `UPDATE events SET actor = 'usr_other' WHERE seq = 3`, changed},
	{"subject", `UPDATE events SET subject = 'usr_other' WHERE seq = 3`, changed},
	{"moved between fields", `UPDATE events SET actor = subject, subject = actor WHERE seq = 3`, changed},
	{"org", `UPDATE events SET org = 'org_other' WHERE seq = 3`, changed},
	{"request", `UPDATE events SET request_id = 'req_other' WHERE seq = 3`, changed},
	{"personal", `UPDATE events SET personal = '{"ip":"192.0.2.66"}' WHERE seq = 3`, changed},
	{"personal emptied, salt kept", `UPDATE events SET personal = '' WHERE seq = 3`, changed},
	{"salt", `UPDATE events SET salt = hash WHERE seq = 3`, changed},
	{"digest", `UPDATE events SET digest = hash WHERE seq = 3`, changed},
	{"data", `UPDATE events SET data = '{}' WHERE seq = 3`, changed},
	{"hash", `UPDATE events SET hash = digest WHERE seq = 3`, changed},
	{"hash of the last", `UPDATE events SET hash = digest WHERE seq = 5`, changed},
	{"no hash", `UPDATE events SET hash = NULL WHERE seq = 3`, changed},
	{"first removed", `DELETE FROM events WHERE seq = 1`, missing},
	{"middle removed", `DELETE FROM events WHERE seq = 3`, missing},
	{"last removed", `DELETE FROM events WHERE seq = 5`, head},
	{"all removed", `DELETE FROM events`, head},
	{"unsealed again", `UPDATE events SET seq = NULL, hash = NULL WHERE seq = 5`, head},
	{"hidden at zero", `UPDATE events SET seq = 0 WHERE seq = 3`, unsigned},
	{"inserted before", insert("0"), unsigned},
	{"inserted after", insert("6"), unsigned},
	{"inserted far after", insert("600"), unsigned},
	{"middle removed, the rest moved up", `DELETE FROM events WHERE seq = 3; UPDATE events SET seq = 3 WHERE seq = 4; UPDATE events SET seq = 4 WHERE seq = 5`, changed},
	{"swapped", `UPDATE events SET seq = 100 WHERE seq = 2; UPDATE events SET seq = 2 WHERE seq = 3; UPDATE events SET seq = 3 WHERE seq = 100`, changed},
	{"hash of the head", `UPDATE event_heads SET hash = (SELECT hash FROM events WHERE seq = 4)`, notOurs},
	{"number of the head", `UPDATE event_heads SET seq = 6`, notOurs},
	{"signature", `UPDATE event_heads SET signature = 'forged'`, notOurs},
	{"cut off, head and all", `DELETE FROM events WHERE seq = 5; UPDATE event_heads SET seq = 4, hash = (SELECT hash FROM events WHERE seq = 4)`, notOurs},
	{"no head", `DELETE FROM event_heads`, unsigned},
	{"a second head", `INSERT INTO event_heads (seq, hash, signature, at) SELECT 6, hash, signature, at FROM event_heads`, notOurs},
}

// insert forges an event with a number.
func insert(seq string) string {
	return `INSERT INTO events (id, type, at, actor, subject, org, request_id, personal, salt, digest, data, seq, hash)
		SELECT 'evt_forged', type, at, actor, subject, org, request_id, personal, salt, digest, data, ` + seq + `, hash FROM events WHERE seq = 3`
}

type tampering struct{ name, sql, want string }

func TestVerifyFinds(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := newLog(db)
		record(t, l, "a", 5)
		seal(t, l, 5)
		for _, c := range tamperings {
			t.Run(c.name, func(t *testing.T) { c.check(t, l) })
		}
		if r := verify(t, l); r.Sealed != 5 || len(r.Problems) > 0 {
			t.Errorf("undone, the chain is whole again: %+v", r)
		}
	})
}

// check tampers, verifies and undoes it.
func (c tampering) check(t *testing.T, l *audit.Log) {
	var r audit.Report
	err := l.DB.Tx(t.Context(), func(ctx context.Context) (err error) {
		for _, query := range strings.Split(c.sql, "; ") {
			if n, err := l.DB.Exec(ctx, query); err != nil || n == 0 {
				return errors.Join(err, errors.New("nothing was tampered with by "+query))
			}
		}
		if r, err = l.Verify(ctx); err != nil {
			return err
		}
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		t.Fatal(err)
	}
	if problems := strings.Join(r.Problems, "\n"); !strings.Contains(problems, c.want) {
		t.Errorf("reported %q, which does not say %q", problems, c.want)
	}
}
