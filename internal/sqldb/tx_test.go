package sqldb_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

func TestTx(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		for _, c := range []struct {
			name string
			fn   func(context.Context) error
			err  error
			rows []int
		}{
			{"commits", adding(db, 1, nil), nil, []int{1}},
			{"rolls back", adding(db, 1, errRefused), errRefused, nil},
			{"an inner Tx commits with the outer", func(ctx context.Context) error {
				return errors.Join(add(ctx, db, 1), db.Tx(ctx, adding(db, 2, nil)))
			}, nil, []int{1, 2}},
			{"an inner Tx is rolled back with the outer", func(ctx context.Context) error {
				return errors.Join(db.Tx(ctx, adding(db, 1, nil)), errRefused)
			}, errRefused, nil},
			{"an inner Tx that fails fails the outer", func(ctx context.Context) error {
				return errors.Join(add(ctx, db, 1), db.Tx(ctx, adding(db, 2, errRefused)))
			}, errRefused, nil},
		} {
			t.Run(c.name, func(t *testing.T) {
				if err := db.Tx(t.Context(), c.fn); !errors.Is(err, c.err) {
					t.Errorf("Tx returned %v, want %v", err, c.err)
				}
				expect(t, db, c.rows...)
				if _, err := db.Exec(t.Context(), `DELETE FROM numbers`); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}

// A panic reaches its caller, and nobody else: the writer goes on.
func TestTxPanic(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		if got := panicOf(func() {
			_ = db.Tx(t.Context(), func(ctx context.Context) error {
				_ = add(ctx, db, 1)
				panic("on purpose")
			})
		}); got != "on purpose" {
			t.Errorf("the caller recovered %v", got)
		}
		if err := db.Tx(t.Context(), adding(db, 2, nil)); err != nil {
			t.Error(err)
		}
		expect(t, db, 2)
	})
}

func panicOf(fn func()) (p any) {
	defer func() { p = recover() }()
	fn()
	return nil
}

// Inside, a transaction reads what it wrote; outside, nobody reads it before the commit.
func TestTxSeesItsOwnWrites(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		var inside, outside int
		err := db.Tx(t.Context(), func(ctx context.Context) error {
			if err := add(ctx, db, 1); err != nil {
				return err
			}
			_, err1 := db.Row(ctx, []any{&inside}, `SELECT COUNT(*) FROM numbers`)
			_, err2 := db.Row(t.Context(), []any{&outside}, `SELECT COUNT(*) FROM numbers`)
			return errors.Join(err1, err2)
		})
		if err != nil || inside != 1 || outside != 0 {
			t.Errorf("%d rows inside, %d outside, %v; want 1 and 0", inside, outside, err)
		}
		expect(t, db, 1)
	})
}

// A caller who hangs up neither undoes his own transaction nor kills those who share its
// commit.
func TestTxOutlivesItsCaller(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		var want []int
		for i := range 32 {
			want = append(want, i)
		}
		sqldbtest.Race(32, func(i int) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if err := db.Tx(ctx, func(ctx context.Context) error {
				if i%2 == 0 {
					cancel()
				}
				return errors.Join(ctx.Err(), add(ctx, db, i))
			}); err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		})
		expect(t, db, want...)
	})
}

func TestTxOfCancelledCaller(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := db.Tx(ctx, adding(db, 1, nil)); !errors.Is(err, context.Canceled) {
			t.Errorf("Tx returned %v", err)
		}
		expect(t, db)
	})
}

// Who gives up while waiting for the writer is told so, and nothing of his is done; who was
// let in before is acknowledged.
func TestTxCancelledWhileWaiting(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		var kept ledger
		var begun atomic.Int64
		err := blocked(t, db, func() {
			sqldbtest.Race(200, func(i int) {
				if begun.Add(1) == 150 {
					cancel()
				}
				switch err := db.Tx(ctx, adding(db, i, nil)); {
				case err == nil:
					kept.note(i)
				case !errors.Is(err, context.Canceled):
					t.Errorf("caller %d: %v", i, err)
				}
			})
		}, func() { <-ctx.Done() })
		if err != nil {
			t.Error(err)
		}
		expect(t, db, kept.rows...)
	})
}

// blocked calls fn while a transaction is open that ends when until returns.
func blocked(t *testing.T, db *sqldb.DB, fn, until func()) error {
	begun, answer := make(chan struct{}), make(chan error, 1)
	var once atomic.Bool
	go func() {
		answer <- db.Tx(t.Context(), func(context.Context) error {
			if once.CompareAndSwap(false, true) {
				close(begun)
			}
			until()
			return nil
		})
	}()
	<-begun
	fn()
	return <-answer
}

// A commit that the engine refuses is an error to its caller, and the connection is not
// spoilt for the next one.
func TestTxFailedCommit(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		if _, err := db.Exec(t.Context(), `CREATE TABLE children (n BIGINT REFERENCES numbers (n) DEFERRABLE INITIALLY DEFERRED)`); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := db.Exec(t.Context(), `INSERT INTO children (n) VALUES (7)`); err == nil {
				t.Error("a child without a parent was committed")
			}
		}
		if err := db.Tx(t.Context(), adding(db, 1, nil)); err != nil {
			t.Errorf("after a failed commit: %v", err)
		}
		expect(t, db, 1)
	})
}
