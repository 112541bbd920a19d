package audit_test

import (
	"errors"
	"testing"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

func TestSeal(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := newLog(db)
		check := func(sealed, unsealed int64) {
			t.Helper()
			if r := verify(t, l); r.Sealed != sealed || r.Unsealed != unsealed || len(r.Problems) > 0 {
				t.Errorf("%+v; want %d sealed, %d unsealed", r, sealed, unsealed)
			}
		}
		seal(t, l, 0)
		check(0, 0)
		record(t, l, "a", 3)
		check(0, 3)
		seal(t, l, 3)
		check(3, 0)
		seal(t, l, 0)
		record(t, l, "b", 601) // more than one batch, in sealing and in verifying
		check(3, 601)
		seal(t, l, 500)
		check(503, 101)
		seal(t, l, 101)
		check(604, 0)
		if events, _, err := l.List(t.Context(), audit.Query{Type: "a"}); err != nil || events[0].Seq+events[1].Seq+events[2].Seq != 1+2+3 {
			t.Errorf("the first three have other numbers: %+v, %v", events, err)
		}
	})
}

func TestSealWithoutKeys(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := newLog(db)
		record(t, l, "a", 2)
		seal(t, &audit.Log{DB: db, Now: l.Now}, 0)
		broken := *newLog(db)
		broken.Sign = func([]byte) (string, error) { return "", errUndo }
		if n, err := broken.Seal(t.Context()); n != 0 || !errors.Is(err, errUndo) {
			t.Errorf("without a signature %d events were sealed, %v", n, err)
		}
		seal(t, l, 2)
		if r := verify(t, &audit.Log{DB: db, Now: l.Now}); len(r.Problems) == 0 {
			t.Error("nobody could check the signature, and it was taken for ours")
		}
	})
}

// Where a person was is erased, and the chain is whole.
func TestErasure(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := newLog(db)
		ctx := identity.WithOrigin(t.Context(), &identity.Origin{IP: "192.0.2.1", UserAgent: "Browser"})
		for _, subject := range []identity.UserID{"usr_ann", "usr_bob"} {
			if err := l.Record(ctx, identity.Event{Type: "a", Subject: subject}); err != nil {
				t.Fatal(err)
			}
		}
		seal(t, l, 2)
		if n, err := db.Exec(t.Context(), `UPDATE events SET personal = '', salt = $1 WHERE subject = 'usr_ann'`, []byte{}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if r := verify(t, l); r.Sealed != 2 || len(r.Problems) > 0 {
			t.Errorf("%+v", r)
		}
		for subject, ip := range map[identity.UserID]string{"usr_ann": "", "usr_bob": "192.0.2.1"} {
			if events, _, err := l.List(t.Context(), audit.Query{Subject: subject}); err != nil || len(events) != 1 || events[0].IP != ip {
				t.Errorf("%s: %+v, %v", subject, events, err)
			}
		}
	})
}

// Several processes that seal at once cannot fork the chain, while events come in and
// somebody verifies.
func TestSealAtOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := newLog(db)
		total := 0
		for range sqldbtest.Rounds(t) {
			record(t, l, "a", 5)
			sqldbtest.Race(6, func(i int) {
				switch i {
				case 0:
					if err := recordAll(t.Context(), l, "b", 5); err != nil {
						t.Error(err)
					}
				case 1:
					if r, err := l.Verify(t.Context()); err != nil || len(r.Problems) > 0 {
						t.Errorf("a false alarm: %v, %v", r.Problems, err)
					}
				default:
					_, _ = l.Seal(t.Context()) // of those who seal the same, one fails
				}
			})
			total += 10
		}
		for n := -1; n != 0; {
			var err error
			if n, err = l.Seal(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if r := verify(t, l); r.Sealed != int64(total) || r.Unsealed != 0 || len(r.Problems) > 0 {
			t.Errorf("%+v; want %d events in one chain", r, total)
		}
	})
}
