// Package sqlite opens a SQLite database, the default of the house, which serves one
// machine.
//
// It owns the driver (modernc.org/sqlite, no C compiler needed) and its settings: a
// write-ahead log; synchronous=FULL, so that what was acknowledged survives a power cut;
// one writer; readers that cannot write; foreign keys; STRICT tables.
package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"runtime"
	"time"

	"modernc.org/sqlite"

	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

const (
	settings = "_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&" +
		"_pragma=journal_size_limit(67108864)" // what a flood made of the log is cut off once it is in the database (I10)
	readOnly = "_pragma=busy_timeout(10000)&_pragma=query_only(1)"
)

// Open opens the file at path, creating it if it is not there.
func Open(path string) (*sqldb.DB, error) {
	file := "file:" + (&url.URL{Path: path}).EscapedPath() + "?"
	writer, err := sql.Open("sqlite", file+settings)
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	if err := connect(writer); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), writer.Close())
	}
	reader, err := sql.Open("sqlite", file+readOnly)
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	n := max(4, 2*runtime.GOMAXPROCS(0))
	reader.SetMaxOpenConns(n)
	reader.SetMaxIdleConns(n)
	return sqldb.New(writer, reader, dialect), nil
}

// connect makes the first connection, which creates the file and its log; the readers then
// find both. Where several do so at once, SQLite tells all but one that the file is busy, and
// does not let them wait as it does later.
func connect(db *sql.DB) error {
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if err := db.Ping(); !dialect.Retry(err) || time.Since(begin) > 10*time.Second {
			return err
		}
	}
}

var dialect = sqldb.Dialect{
	Name:   "sqlite",
	Single: true,
	Exists: func(err error) bool { c := code(err); return c == 1555 || c == 2067 }, // SQLITE_CONSTRAINT_PRIMARYKEY, _UNIQUE
	Retry:  func(err error) bool { return code(err)&0xff == 5 },                    // SQLITE_BUSY
	Lock:   "SELECT 1",                                                             // BEGIN IMMEDIATE admits one already
	DDL:    ddl,
}

func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

var (
	words = regexp.MustCompile(`\b(BIGINT|BOOLEAN|BYTEA)\b`)
	end   = regexp.MustCompile(`(?m)^(\s*\));$`)
	types = map[string]string{"BIGINT": "INTEGER", "BOOLEAN": "INTEGER", "BYTEA": "BLOB"}
)

// ddl gives the column types the names that STRICT tables know.
func ddl(text string) string {
	text = words.ReplaceAllStringFunc(text, func(w string) string { return types[w] })
	return end.ReplaceAllString(text, "$1 STRICT;")
}
