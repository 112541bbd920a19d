package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/schema"
	"github.com/gatehouse-id/gatehouse/sqlite"
)

// child is the environment variable that makes this program the writer that is killed. Its
// value is the path of the database.
const child = "GATEHOUSE_TEST_WRITER"

// What was acknowledged survives kill -9 at any moment, be it during the first migration,
// and the database opens again by itself (I1, I6, I8, F1). GATEHOUSE_KILL_ROUNDS is how
// often, at least twice; 30 times where it is not set.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	acknowledged := map[string]bool{}
	for round := range rounds(t) {
		for _, row := range killed(t, path, round%2 == 1) {
			acknowledged[row] = true
		}
		reopen(t, path, acknowledged)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	if len(acknowledged) == 0 {
		t.Error("the writer never got to write")
	}
}

func rounds(t *testing.T) int {
	text := os.Getenv("GATEHOUSE_KILL_ROUNDS")
	if text == "" {
		return 30
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return max(2, n)
}

// killed lets a writer run and kills it 5 to 200 ms after its start or, when awaited, after
// its first row. It returns the rows that the writer acknowledged.
func killed(t *testing.T, path string, awaited bool) (rows []string) {
	t.Helper()
	writer := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWriterChild$")
	writer.Env = append(os.Environ(), child+"="+path)
	writer.Stderr = os.Stderr
	out, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	moment := time.Duration(5+int(secret.Bytes(1)[0])*195/255) * time.Millisecond
	kill := func() { time.AfterFunc(moment, func() { _ = writer.Process.Kill() }) }
	if !awaited {
		kill()
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if rows = append(rows, lines.Text()); awaited && len(rows) == 1 {
			kill()
		}
	}
	if err := writer.Wait(); writer.ProcessState.Exited() {
		t.Fatalf("the writer ended by itself: %v", err)
	}
	return rows
}

// reopen checks that the database is whole, has each of rows and takes writes at once.
func reopen(t *testing.T, path string, rows map[string]bool) {
	t.Helper()
	db, err := sqlite.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := errors.Join(db.Migrate(t.Context(), schema.Files), db.Ping(t.Context())); err != nil {
		t.Fatal(err)
	}
	var integrity string
	if _, err := db.Row(t.Context(), []any{&integrity}, `PRAGMA integrity_check`); err != nil || integrity != "ok" {
		t.Errorf("integrity: %s, %v", integrity, err)
	}
	all, err := sqldb.All(t.Context(), db, func(row func(...any) error) (id string, err error) {
		return id, row(&id)
	}, `SELECT jti FROM revoked_tokens`)
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, id := range all {
		there[id] = true
	}
	for row := range rows {
		if !there[row] {
			t.Errorf("%s was acknowledged and is lost", row)
		}
	}
	if _, err := db.Exec(t.Context(), `UPDATE revoked_tokens SET expires_at = expires_at + 1`); err != nil {
		t.Errorf("write after a kill: %v", err)
	}
}

// TestWriterChild writes until it is killed, and prints the name of each row once its commit
// is acknowledged. It does so only where TestKill has started it.
func TestWriterChild(t *testing.T) {
	path := os.Getenv(child)
	if path == "" {
		return
	}
	db, err := sqlite.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context(), schema.Files); err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for {
				row := fmt.Sprintf("%d-%d", os.Getpid(), n.Add(1))
				if err := db.Tx(t.Context(), func(ctx context.Context) error {
					_, err := db.Exec(ctx, `INSERT INTO revoked_tokens (jti, expires_at) VALUES ($1, 0)`, row)
					return err
				}); err != nil {
					t.Error(err)
					return
				}
				if _, err := os.Stdout.WriteString(row + "\n"); err != nil {
					return // the reader is gone
				}
			}
		})
	}
	writers.Wait()
}
