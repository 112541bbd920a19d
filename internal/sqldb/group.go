package sqldb

import (
	"context"
	"database/sql"
	"fmt"
)

// Group commit: where there is one writer, a durable commit waits for the disk, and all who
// wait meanwhile share the next one. Each member runs in a savepoint, so that its failure
// undoes its own work only, and is answered after the commit: acknowledged means durable.

// groupMost is how many transactions share a commit at the most.
const groupMost = 64

// A member is one caller's transaction on its way through a group.
type member struct {
	ctx    context.Context
	fn     func(context.Context) error
	answer chan result
}

type result struct {
	err   error
	panic any
}

// join hands fn to the writer and waits for its commit.
func (db *DB) join(ctx context.Context, fn func(context.Context) error) error {
	m := &member{ctx: ctx, fn: fn, answer: make(chan result, 1)}
	select {
	case db.queue <- m:
	case <-ctx.Done():
		return ctx.Err()
	case <-db.stop:
		return sql.ErrConnDone
	}
	var r result
	select {
	case r = <-m.answer:
	case <-db.stop:
		db.done.Wait() // the writer finishes what it has begun, and refuses the rest
		select {
		case r = <-m.answer:
		default:
			return sql.ErrConnDone
		}
	}
	if r.panic != nil {
		panic(r.panic)
	}
	return r.err
}

// write is the writer: it lives as long as the DB.
func (db *DB) write() {
	group := make([]*member, 0, groupMost)
	for {
		select {
		case <-db.stop:
			return
		case m := <-db.queue:
			group = db.gather(append(group[:0], m))
			for rest := group; len(rest) > 0; {
				rest = db.commit(rest)
			}
		}
	}
}

// gather adds whoever waits already; nobody is waited for.
func (db *DB) gather(group []*member) []*member {
	for len(group) < groupMost {
		select {
		case m := <-db.queue:
			group = append(group, m)
		default:
			return group
		}
	}
	return group
}

// commit runs the group in one transaction and answers its members. When the transaction
// itself dies under a member, that one is answered and the others are returned to run
// again.
func (db *DB) commit(group []*member) (again []*member) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	tx, err := db.writer.db.BeginTx(ctx, nil)
	if err != nil {
		answerAll(group, result{err: fmt.Errorf("begin: %w", err)})
		return nil
	}
	t := &transaction{tx: tx, pool: db.writer}
	results := make([]result, len(group))
	for i, m := range group {
		var dead bool
		if results[i], dead = m.run(ctx, t); dead {
			_ = tx.Rollback()
			m.answer <- results[i]
			return append(group[:i:i], group[i+1:]...)
		}
	}
	if err := tx.Commit(); err != nil {
		if db.dialect.Retry(err) {
			_ = tx.Rollback()
			return group
		}
		answerAll(group, result{err: fmt.Errorf("commit: %w", err)})
		return nil
	}
	t.learn(ctx)
	for i, m := range group {
		m.answer <- results[i]
	}
	return nil
}

func answerAll(group []*member, r result) {
	for _, m := range group {
		m.answer <- r
	}
}

// run runs one member in its savepoint and reports whether the transaction died of it.
func (m *member) run(group context.Context, t *transaction) (r result, dead bool) {
	if _, err := t.prepare(group, "SAVEPOINT member").ExecContext(group); err != nil {
		return result{err: err}, true
	}
	ctx := context.WithValue(context.WithoutCancel(m.ctx), txKey{}, t)
	r = m.call(ctx)
	if r.err != nil || r.panic != nil {
		if _, err := t.prepare(group, "ROLLBACK TO member").ExecContext(group); err != nil {
			return r, true
		}
	}
	if _, err := t.prepare(group, "RELEASE member").ExecContext(group); err != nil {
		return result{err: err}, true
	}
	return r, false
}

// call keeps a panic of one member from taking the writer, and so everybody, with it.
func (m *member) call(ctx context.Context) (r result) {
	defer func() {
		if p := recover(); p != nil {
			r.panic = p
		}
	}()
	return result{err: m.fn(ctx)}
}
