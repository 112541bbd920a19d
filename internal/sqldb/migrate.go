package sqldb

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// oldest is the line by which a migration names the oldest program that may still run on
// it: the number of the newest migration that such a program knows.
var oldest = regexp.MustCompile(`(?m)^-- oldest: (\d{4})$`)

// Migrate applies, in the order of their names (0001_accounts.sql), the files not yet
// applied, one migrator at a time. It refuses a database that a newer program has changed
// in a way that this one does not understand.
func (db *DB) Migrate(ctx context.Context, files fs.FS) error {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return err
	}
	return db.Tx(ctx, func(ctx context.Context) error {
		if err := db.script(ctx, db.dialect.Lock); err != nil {
			return fmt.Errorf("wait for other migrators: %w", err)
		}
		err := db.script(ctx, db.ddl(`CREATE TABLE IF NOT EXISTS migrations (
			number BIGINT PRIMARY KEY, name TEXT NOT NULL, oldest BIGINT NOT NULL, applied_at BIGINT NOT NULL
		);`))
		if err != nil {
			return err
		}
		if err := db.refuse(ctx, len(names)); err != nil {
			return err
		}
		for i, name := range names {
			if err := db.apply(ctx, files, i+1, name); err != nil {
				return fmt.Errorf("migration %s: %w", name, err)
			}
		}
		return nil
	})
}

// refuse fails when the database has a migration that asks for a newer program than ours.
func (db *DB) refuse(ctx context.Context, known int) error {
	var name string
	var needs int
	found, err := db.Row(ctx, []any{&name, &needs}, `SELECT name, oldest FROM migrations
		WHERE number > $1 AND oldest > $1 ORDER BY oldest DESC LIMIT 1`, known)
	if err != nil || !found {
		return err
	}
	return fmt.Errorf("this database was brought to %s by a newer program and needs one that knows migration %04d; "+
		"this one knows %04d: start the newer program, or restore the backup made before the upgrade", name, needs, known)
}

func (db *DB) apply(ctx context.Context, files fs.FS, number int, name string) error {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(path.Base(name), fmt.Sprintf("%04d_", number)) {
		return fmt.Errorf("expected number %04d", number)
	}
	m := oldest.FindSubmatch(text)
	if m == nil {
		return fmt.Errorf(`no line "-- oldest: NNNN"`)
	}
	needs, _ := strconv.Atoi(string(m[1]))
	n, err := db.Exec(ctx, `INSERT INTO migrations (number, name, oldest, applied_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		number, name, needs, time.Now().UnixMicro())
	if err != nil || n == 0 {
		return err
	}
	return db.script(ctx, db.ddl(string(text)))
}

// script runs statements that have no parameters and will not come again.
func (db *DB) script(ctx context.Context, text string) error {
	_, err := current(ctx).tx.ExecContext(ctx, text)
	return err
}

func (db *DB) ddl(text string) string {
	if db.dialect.DDL == nil {
		return text
	}
	return db.dialect.DDL(text)
}
