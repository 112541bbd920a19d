package audit_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

var errUndo = errors.New("undo")

// newLog returns a log whose clock stands still and whose heads are signed by a MAC.
func newLog(db *sqldb.DB) *audit.Log {
	key := secret.Bytes(secret.Size)
	sign := func(message []byte) (string, error) { return hex.EncodeToString(secret.MAC(key, message)), nil }
	return &audit.Log{
		DB:   db,
		Now:  func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC) },
		Sign: sign,
		Authentic: func(message []byte, signature string) bool {
			want, _ := sign(message)
			return signature == want
		},
	}
}

// record records n events of one type, about usr_1 to usr_n, in one transaction.
func record(t *testing.T, l *audit.Log, typ string, n int) {
	t.Helper()
	if err := recordAll(t.Context(), l, typ, n); err != nil {
		t.Fatal(err)
	}
}

func recordAll(ctx context.Context, l *audit.Log, typ string, n int) error {
	return l.DB.Tx(ctx, func(ctx context.Context) error {
		for i := range n {
			user := identity.UserID(fmt.Sprint("usr_", i+1))
			if err := l.Record(ctx, identity.Event{Type: typ, Subject: user, Data: map[string]string{"n": fmt.Sprint(i)}}); err != nil {
				return err
			}
		}
		return nil
	})
}

func seal(t *testing.T, l *audit.Log, want int) {
	t.Helper()
	if n, err := l.Seal(t.Context()); n != want || err != nil {
		t.Fatalf("sealed %d events, %v; want %d", n, err, want)
	}
}

func verify(t *testing.T, l *audit.Log) audit.Report {
	t.Helper()
	r, err := l.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// An event tells where it came from and who caused it, in a table of its own (MWS-07).
func TestRecord(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := newLog(db)
		ctx := identity.WithOrigin(t.Context(), &identity.Origin{RequestID: "req_1", IP: "192.0.2.1", UserAgent: `Brow"ser \ <ünï>` + "\x00\xff"})
		signedIn := identity.NewContext(ctx, &identity.Principal{UserID: "usr_ann"})
		for _, c := range []struct {
			name  string
			ctx   context.Context
			event identity.Event
			actor string
		}{
			{"a stranger", ctx, identity.Event{Type: "one"}, ""},
			{"the principal", signedIn, identity.Event{Type: "two"}, "usr_ann"},
			{"a named actor comes first", signedIn, identity.Event{Type: "three", Actor: "gatehouse"}, "gatehouse"},
		} {
			c.event.Subject, c.event.Org = "usr_bob", "org_1"
			c.event.Data = map[string]string{"key": `va"lue <&> 'ö'`}
			if err := l.Record(c.ctx, c.event); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			found, _, err := l.List(t.Context(), audit.Query{Type: c.event.Type})
			if err != nil || len(found) != 1 {
				t.Fatalf("%s: %d events, %v", c.name, len(found), err)
			}
			e := found[0]
			if e.Actor != c.actor || e.Subject != "usr_bob" || e.Org != "org_1" || e.RequestID != "req_1" || e.IP != "192.0.2.1" ||
				e.UserAgent != `Brow"ser \ <ünï>`+"\x00\ufffd" || e.ID == "" || !e.At.Equal(l.Now()) || e.Seq != 0 || !maps.Equal(e.Data, c.event.Data) {
				t.Errorf("%s: %+v", c.name, e)
			}
		}
	})
}

// The event and what it tells are one transaction (I7).
func TestRecordIsRolledBack(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := newLog(db)
		for _, c := range []struct {
			err  error
			want int
		}{{errUndo, 0}, {nil, 1}} {
			if err := db.Tx(t.Context(), func(ctx context.Context) error {
				return errors.Join(l.Record(ctx, identity.Event{Type: "a"}), c.err)
			}); !errors.Is(err, c.err) {
				t.Fatal(err)
			}
			if events, _, err := l.List(t.Context(), audit.Query{}); err != nil || len(events) != c.want {
				t.Errorf("after %v there are %d events, %v; want %d", c.err, len(events), err, c.want)
			}
		}
		if got := l.Counts(); got["a"] != 2 || len(got) != 1 {
			t.Errorf("counted %v", got)
		}
	})
}

// Pages follow each other without a gap or a repetition, also within one microsecond.
func TestList(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := newLog(db)
		now := l.Now()
		l.Now = func() time.Time { return now }
		for i := range 4 {
			record(t, l, fmt.Sprint("type", i%2), 3)
			now = now.Add(time.Duration(i) * time.Microsecond)
		}
		for _, c := range []struct {
			name  string
			query audit.Query
			want  int
		}{
			{"all", audit.Query{}, 12},
			{"by two", audit.Query{Limit: 2}, 12},
			{"by five", audit.Query{Limit: 5}, 12},
			{"of a user", audit.Query{Subject: "usr_2", Limit: 3}, 4},
			{"of a type", audit.Query{Type: "type1", Limit: 1}, 6},
			{"of a user and a type", audit.Query{Subject: "usr_3", Type: "type0"}, 2},
			{"of nobody", audit.Query{Subject: "usr_4"}, 0},
		} {
			all := pages(t, l, c.query)
			seen := map[identity.EventID]bool{}
			for _, e := range all {
				if c.query.Subject != "" && e.Subject != c.query.Subject || c.query.Type != "" && e.Type != c.query.Type {
					t.Errorf("%s: %+v does not belong", c.name, e)
				}
				seen[e.ID] = true
			}
			newestFirst := slices.IsSortedFunc(all, func(a, b identity.Event) int { return b.At.Compare(a.At) })
			if len(all) != c.want || len(seen) != c.want || !newestFirst {
				t.Errorf("%s: %d events, %d of them different, newest first: %v; want %d", c.name, len(all), len(seen), newestFirst, c.want)
			}
		}
	})
}

func pages(t *testing.T, l *audit.Log, q audit.Query) (all []identity.Event) {
	t.Helper()
	for page := 0; page < 50; page++ {
		events, next, err := l.List(t.Context(), q)
		if err != nil || q.Limit > 0 && len(events) > q.Limit {
			t.Fatalf("a page of %d events, %v", len(events), err)
		}
		all = append(all, events...)
		if next == "" {
			return all
		}
		q.Cursor = next
	}
	t.Fatal("the pages have no end")
	return nil
}

func TestListLimits(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := newLog(db)
		record(t, l, "a", 210)
		for limit, want := range map[int]int{0: 50, -1: 50, 7: 7, 200: 200, 1000: 200} {
			if events, next, err := l.List(t.Context(), audit.Query{Limit: limit}); len(events) != want || next == "" || err != nil {
				t.Errorf("limit %d: %d events, next %q, %v; want %d", limit, len(events), next, err, want)
			}
		}
		if _, _, err := l.List(t.Context(), audit.Query{Cursor: "forged"}); !errors.Is(err, identity.ErrInvalid) {
			t.Errorf("a forged cursor: %v", err)
		}
	})
}
