// Package sqldb runs one SQL text on SQLite and on PostgreSQL.
//
// It owns connections, transactions, the statement cache and migrations. It does not know
// what is stored: the statements live beside the rules they enforce.
//
// The text keeps to what both engines understand: $1 placeholders; TEXT, BIGINT, BOOLEAN
// and BYTEA columns; a time is a BIGINT of microseconds; ON CONFLICT and RETURNING; no
// SELECT FOR UPDATE (change a row conditionally and look at what RETURNING says). All that
// still differs is in Dialect.
//
// Row and All read. Exec and Change write, in a transaction that travels in the context: a
// call with the context of a Tx joins it. On SQLite the readers cannot write at all.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A Dialect is everything that differs between two engines.
type Dialect struct {
	Name   string                               // "sqlite" or "postgres"
	Exists func(error) bool                     // a unique value is already taken
	Retry  func(error) bool                     // the transaction may be run again
	Lock   string                               // a statement that admits one migrator at a time
	DDL    func(string) string                  // the text of a migration for this engine; nil leaves it
	Single bool                                 // one writer: statements are prepared here, commits are shared
	Check  func(context.Context, *sql.DB) error // whether the server keeps its promises; nil asks nothing
}

// A DB is one database. Packages sqlite and postgres open one.
type DB struct {
	dialect Dialect
	writer  *pool
	reader  *pool
	queue   chan *member // nil where transactions do not share a commit
	stop    chan struct{}
	done    sync.WaitGroup // the writer
	alive   sync.RWMutex   // held for reading by each transaction that has a commit of its own
	once    sync.Once
}

// deadline is how long a transaction, or a group of them, may take before it is rolled
// back. It is the database's, not the request's: a caller who hangs up must not undo the
// work of the others in the group.
const deadline = 30 * time.Second

// patience is how long a read waits for a server that does not answer.
const patience = 10 * time.Second

// New returns a DB that writes through writer and reads through reader, which may be the
// same. It takes both over.
func New(writer, reader *sql.DB, d Dialect) *DB {
	db := &DB{dialect: d, writer: &pool{db: writer, cache: d.Single}, stop: make(chan struct{})}
	db.reader = db.writer
	if reader != writer {
		db.reader = &pool{db: reader, cache: d.Single}
	}
	if d.Single {
		db.queue = make(chan *member, groupMost)
		db.done.Go(db.write)
	}
	return db
}

// Close waits for the transactions under way and closes the connections.
func (db *DB) Close() error {
	var err error
	db.once.Do(func() {
		close(db.stop)
		db.done.Wait()
		db.alive.Lock()
		defer db.alive.Unlock()
		err = errors.Join(db.reader.Close(), db.writer.Close())
	})
	return err
}

// Engine returns "sqlite" or "postgres".
func (db *DB) Engine() string { return db.dialect.Name }

// Exists reports whether err means that a unique value is already taken.
func (db *DB) Exists(err error) bool { return err != nil && db.dialect.Exists(err) }

// Ping reports whether the database answers and keeps what it promises.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.reader.db.PingContext(ctx); err != nil {
		return fmt.Errorf("reach database: %w", err)
	}
	if db.dialect.Check == nil {
		return nil
	}
	return db.dialect.Check(ctx, db.reader.db)
}

type txKey struct{}

func current(ctx context.Context) *transaction {
	t, _ := ctx.Value(txKey{}).(*transaction)
	return t
}

// Tx runs fn in a transaction that the context given to fn carries; a Tx within joins it.
// What fn returns decides: nil commits, an error rolls back, and after an error of the
// database fn must return. fn may run more than once, so it changes nothing but the
// database; and because others may wait for it, it never hashes, signs, dials or sends.
// Its context is not cancelled with the caller's.
func (db *DB) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	if current(ctx) != nil {
		return fn(ctx)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	tell(ctx, "BEGIN")
	if db.queue != nil {
		return db.join(ctx, fn)
	}
	for {
		err := db.alone(ctx, fn)
		if err == nil || !db.dialect.Retry(err) || ctx.Err() != nil {
			return err
		}
	}
}

func (db *DB) alone(ctx context.Context, fn func(context.Context) error) error {
	db.alive.RLock()
	defer db.alive.RUnlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deadline)
	defer cancel()
	tx, err := db.writer.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	if err := fn(context.WithValue(ctx, txKey{}, &transaction{tx: tx, pool: db.writer})); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Exec runs a statement that writes and returns how many rows it changed. Outside of a Tx
// it is a transaction of its own.
func (db *DB) Exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = db.Tx(ctx, func(ctx context.Context) error {
		tell(ctx, query)
		res, err := current(ctx).prepare(ctx, query).ExecContext(ctx, args...)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}

// Change runs a statement that writes and returns one row, and scans it into dest. It
// reports whether there was a row: a condition that did not hold is no error. Outside of a
// Tx it is a transaction of its own.
func (db *DB) Change(ctx context.Context, dest []any, query string, args ...any) (changed bool, err error) {
	err = db.Tx(ctx, func(ctx context.Context) error {
		changed = false
		tell(ctx, query)
		err := current(ctx).prepare(ctx, query).QueryRowContext(ctx, args...).Scan(dest...)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		changed = err == nil
		return err
	})
	return changed, err
}

// Row runs a query that only reads, at most one row, and scans it into dest. It reports
// whether there was one: absence is no error.
func (db *DB) Row(ctx context.Context, dest []any, query string, args ...any) (bool, error) {
	ctx, done := db.patient(ctx)
	defer done()
	stmt, err := db.read(ctx, query)
	if err != nil {
		return false, err
	}
	err = stmt.QueryRowContext(ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// All runs a query that only reads and scans each of its rows.
func All[T any](ctx context.Context, db *DB, scan func(func(...any) error) (T, error), query string, args ...any) ([]T, error) {
	ctx, done := db.patient(ctx)
	defer done()
	stmt, err := db.read(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// patient returns a context that is not cancelled with the caller's: that would cost the
// connection, and a point read is over sooner. A server on the network may stop answering
// altogether, so there the wait has an end.
func (db *DB) patient(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx = context.WithoutCancel(ctx)
	if db.dialect.Single || current(ctx) != nil {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, patience)
}

// read prepares query where ctx says: inside a Tx its own writes must be seen.
func (db *DB) read(ctx context.Context, query string) (statement, error) {
	tell(ctx, query)
	if t := current(ctx); t != nil {
		return t.prepare(ctx, query), nil
	}
	return db.reader.prepare(ctx, query)
}
