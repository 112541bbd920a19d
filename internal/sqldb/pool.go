package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// A statement is a text ready to run: prepared by us, or left to the driver's own cache.
type statement interface {
	ExecContext(ctx context.Context, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, args ...any) *sql.Row
}

// A pool is connections with the statements that were prepared on them. The texts are
// constants of the program, so the cache is bounded by the program's size.
type pool struct {
	db    *sql.DB
	cache bool     // prepare here; false where the driver caches by itself
	stmts sync.Map // string → *sql.Stmt
}

func (p *pool) prepare(ctx context.Context, query string) (statement, error) {
	if !p.cache {
		return direct{p.db, query}, nil
	}
	if s, ok := p.stmts.Load(query); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := p.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if other, taken := p.stmts.LoadOrStore(query, s); taken {
		defer s.Close() // somebody else was first; theirs is as good
		return other.(*sql.Stmt), nil
	}
	return s, nil
}

func (p *pool) Close() error {
	var err error
	p.stmts.Range(func(_, s any) bool {
		err = errors.Join(err, s.(*sql.Stmt).Close())
		return true
	})
	return errors.Join(err, p.db.Close())
}

// A transaction is what the context of a Tx carries.
type transaction struct {
	tx   *sql.Tx
	pool *pool
	new  []string // texts that the pool had not prepared yet
}

// prepare never asks the pool for a connection: a single writer's only one is ours.
func (t *transaction) prepare(ctx context.Context, query string) statement {
	if s, ok := t.pool.stmts.Load(query); ok {
		return t.tx.StmtContext(ctx, s.(*sql.Stmt))
	}
	if t.pool.cache {
		t.new = append(t.new, query)
	}
	return direct{t.tx, query}
}

// learn prepares what the transaction met for the first time, now that its connection is
// free. What cannot be prepared is left as it was.
func (t *transaction) learn(ctx context.Context) {
	for _, query := range t.new {
		_, _ = t.pool.prepare(ctx, query)
	}
}

type conn interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// direct runs its text without a statement of ours.
type direct struct {
	on    conn
	query string
}

func (d direct) ExecContext(ctx context.Context, args ...any) (sql.Result, error) {
	return d.on.ExecContext(ctx, d.query, args...)
}

func (d direct) QueryContext(ctx context.Context, args ...any) (*sql.Rows, error) {
	return d.on.QueryContext(ctx, d.query, args...)
}

func (d direct) QueryRowContext(ctx context.Context, args ...any) *sql.Row {
	return d.on.QueryRowContext(ctx, d.query, args...)
}
