package sqldb_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// ledger keeps what was acknowledged.
type ledger struct {
	mu   sync.Mutex
	rows []int
}

func (l *ledger) note(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = append(l.rows, n)
}

// Of many transactions that share their commits each stands for itself: whatever the others
// do, exactly what was acknowledged is there (I1, I6).
func TestMembersStandForThemselves(t *testing.T) {
	const taken = 1_000_000
	each(t, func(t *testing.T, db *sqldb.DB) {
		if err := add(t.Context(), db, taken); err != nil {
			t.Fatal(err)
		}
		kept := ledger{rows: []int{taken}}
		for round := range max(1, sqldbtest.Rounds(t)/4) {
			sqldbtest.Race(120, func(i int) {
				n := 1000*round + i
				switch i % 4 {
				case 0:
					if err := db.Tx(t.Context(), adding(db, n, nil)); err != nil {
						t.Errorf("%d was to succeed: %v", n, err)
					}
					kept.note(n)
				case 1:
					if err := db.Tx(t.Context(), adding(db, n, errRefused)); !errors.Is(err, errRefused) {
						t.Errorf("%d was to fail: %v", n, err)
					}
				case 2:
					if p := panicOf(func() {
						_ = db.Tx(t.Context(), func(ctx context.Context) error { panic(adding(db, n, nil)(ctx)) })
					}); p == nil {
						t.Errorf("%d was to panic", n)
					}
				case 3:
					err := db.Tx(t.Context(), func(ctx context.Context) error { return errors.Join(add(ctx, db, n), add(ctx, db, taken)) })
					if !db.Exists(err) {
						t.Errorf("%d was to be refused by the database: %v", n, err)
					}
				}
			})
		}
		expect(t, db, kept.rows...)
	})
}

// When a member kills the transaction that all share, the others are run again.
func TestGroupDies(t *testing.T) {
	db := sqldbtest.SQLite(t)
	create(t, db)
	var kept ledger
	var waiting sync.WaitGroup
	waiting.Add(60)
	if err := blocked(t, db, func() {
		sqldbtest.Race(60, func(i int) {
			waiting.Done()
			err := db.Tx(t.Context(), func(ctx context.Context) error {
				if i%10 == 0 {
					_, err := db.Exec(ctx, `ROLLBACK`)
					return err
				}
				return add(ctx, db, i)
			})
			if (err != nil) != (i%10 == 0) {
				t.Errorf("member %d: %v", i, err)
			}
			if err == nil {
				kept.note(i)
			}
		})
	}, waiting.Wait); err != nil {
		t.Errorf("the first of the group: %v", err)
	}
	expect(t, db, kept.rows...)
}

// Close lets the transactions under way end; who waits or comes later is refused, and
// exactly what was acknowledged is there when the database is opened again.
func TestClose(t *testing.T) {
	eachOpen(t, func(t *testing.T, open func() (*sqldb.DB, error)) {
		db := must(t)(open())
		create(t, db)
		var kept ledger
		var all sync.WaitGroup
		many := make(chan struct{})
		for caller := range 40 {
			all.Go(func() {
				for i := 0; ; i++ {
					n := 1_000_000*caller + i
					if err := db.Tx(t.Context(), adding(db, n, nil)); err != nil {
						return
					}
					kept.note(n)
					if n == 20 {
						close(many)
					}
				}
			})
		}
		<-many
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		all.Wait()
		if err := db.Tx(t.Context(), adding(db, -1, nil)); err == nil {
			t.Error("a closed database took a transaction")
		}
		if err := db.Close(); err != nil {
			t.Errorf("closed twice: %v", err)
		}
		expect(t, must(t)(open()), kept.rows...)
	})
}

func TestCloseWaits(t *testing.T) {
	eachOpen(t, func(t *testing.T, open func() (*sqldb.DB, error)) {
		db := must(t)(open())
		create(t, db)
		begun, closing, answer := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		var ended atomic.Bool
		go func() {
			answer <- db.Tx(t.Context(), func(ctx context.Context) error {
				defer ended.Store(true)
				close(begun)
				<-closing
				for i := range 100 {
					if err := add(ctx, db, i); err != nil {
						return err
					}
				}
				return nil
			})
		}()
		<-begun
		close(closing)
		if err := db.Close(); err != nil || !ended.Load() {
			t.Errorf("Close returned %v; the transaction under way had ended: %v", err, ended.Load())
		}
		if err := <-answer; err != nil {
			t.Error(err)
		}
		if got := numbers(t, must(t)(open())); len(got) != 100 {
			t.Errorf("%d of 100 rows are there", len(got))
		}
	})
}
