package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/schema"
)

type migrateCommand struct{}

// Run brings the tables up to date and says what that took.
func (migrateCommand) Run(ctx context.Context, p *Program, s *Settings) error {
	db, err := s.database()
	if err != nil {
		return err
	}
	applied, err := migrate(ctx, db)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	for _, name := range applied {
		fmt.Fprintln(p.Out, "applied", name)
	}
	if len(applied) == 0 {
		fmt.Fprintln(p.Out, "nothing to do: the database is up to date")
	}
	return nil
}

// migrate returns the names of the migrations that it, or another process meanwhile, applied.
func migrate(ctx context.Context, db *gatehouse.Database) ([]string, error) {
	began := time.Now()
	if err := db.Migrate(ctx, schema.Files); err != nil {
		return nil, err
	}
	return sqldb.All(ctx, db, func(row func(...any) error) (name string, err error) {
		err = row(&name)
		return
	}, `SELECT name FROM migrations WHERE applied_at >= $1 ORDER BY number`, began.UnixMicro())
}
