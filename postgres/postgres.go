// Package postgres opens a PostgreSQL database, for when one machine is not enough.
//
// It owns the driver (jackc/pgx through database/sql, which caches statements by itself)
// and the size of the pool. Transactions run READ COMMITTED, PostgreSQL's default.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"

	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// Open opens the database at url, "postgres://…".
func Open(url string) (*sqldb.DB, error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return sqldb.New(db, db, dialect), nil
}

var dialect = sqldb.Dialect{
	Name:   "postgres",
	Exists: func(err error) bool { return code(err) == "23505" },                         // unique_violation
	Retry:  func(err error) bool { c := code(err); return c == "40001" || c == "40P01" }, // serialization, deadlock
	Lock:   "SELECT pg_advisory_xact_lock(7305)",
	Check:  check,
}

func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// check asks for what an acknowledged commit relies on. A server that may forget one could
// bring a revoked session back to life.
func check(ctx context.Context, db *sql.DB) error {
	var fsync, commit string
	err := db.QueryRowContext(ctx, "SELECT current_setting('fsync'), current_setting('synchronous_commit')").Scan(&fsync, &commit)
	if err != nil {
		return fmt.Errorf("ask PostgreSQL for its settings: %w", err)
	}
	if fsync != "on" || commit == "off" {
		return fmt.Errorf("PostgreSQL has fsync=%s, synchronous_commit=%s: it may lose what it acknowledged; turn both on", fsync, commit)
	}
	return nil
}
