package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/keyring"
)

// newStore is the store of one machine, whose clock is ahead.
func newStore(t *testing.T, db *sqldb.DB, ahead time.Duration) *acmeStore {
	t.Helper()
	now := func() time.Time { return time.Now().Add(ahead) }
	ring := &keyring.Ring{DB: db, Now: now, Master: masterKey, Log: &audit.Log{DB: db, Now: now}}
	must(t, ring.Open(t.Context()))
	return &acmeStore{certs: &keyring.Certificates{Ring: ring}, db: db, now: now, log: slog.New(slog.DiscardHandler), held: map[string]*acmeLock{}}
}

// The store keeps the promises of certmagic.Storage: files, folders, and what is in neither.
func TestACMEStore(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, other := newStore(t, db, 0), newStore(t, db, 0)
		for _, key := range []string{"a/b/c.key", "a/b/d.crt", "a/e", "f"} {
			must(t, s.Store(t.Context(), key, []byte(key)))
		}
		if value, err := other.Load(t.Context(), "a/b/c.key"); err != nil || string(value) != "a/b/c.key" {
			t.Errorf("another machine reads %q, %v", value, err)
		}
		if _, err := s.Load(t.Context(), "a/b"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a folder is read: %v", err)
		}
		for folder, want := range map[string][2]string{"a": {"a/b a/e", "a/b/c.key a/b/d.crt a/e"}, "": {"a f", "a/b/c.key a/b/d.crt a/e f"}, "nowhere": {}} {
			for i, recursive := range []bool{false, true} {
				got, err := s.List(t.Context(), folder, recursive)
				if slices.Sort(got); err != nil || strings.Join(got, " ") != want[i] {
					t.Errorf("%q, recursive %v: %q, %v", folder, recursive, got, err)
				}
			}
		}
		file, err := s.Stat(t.Context(), "a/e")
		folder, folderErr := s.Stat(t.Context(), "a/b")
		if err != nil || folderErr != nil || !file.IsTerminal || file.Size != 3 || file.Modified.IsZero() || folder.IsTerminal {
			t.Errorf("%+v, %v; %+v, %v", file, err, folder, folderErr)
		}
		must(t, s.Delete(t.Context(), "a"))
		if s.Exists(t.Context(), "a/b") || s.Exists(t.Context(), "a/e") || !s.Exists(t.Context(), "f") {
			t.Error("the wrong things were deleted")
		}
	})
}

// Of all orders for one name, in one process or in several, one at a time has the lock.
func TestACMELock(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		stores := []*acmeStore{newStore(t, db, 0), newStore(t, db, 0)}
		var inside, had atomic.Int32
		sqldbtest.Race(4, func(i int) {
			s := stores[i%2]
			if err := s.Lock(t.Context(), "order"); err != nil {
				t.Error(err)
				return
			}
			if inside.Add(1) != 1 {
				t.Error("two have the lock")
			}
			time.Sleep(10 * time.Millisecond)
			inside.Add(-1)
			had.Add(1)
			if err := s.Unlock(t.Context(), "order"); err != nil {
				t.Error(err)
			}
		})
		if had.Load() != 4 {
			t.Errorf("%d of 4 had it", had.Load())
		}
	})
}

// A machine that ends gives its locks back at once; one that dies is followed when its lease
// is over, and not before.
func TestACMELockOfTheDead(t *testing.T) {
	db := sqldbtest.SQLite(t)
	first, soon, late := newStore(t, db, 0), newStore(t, db, lockLife-5*time.Second), newStore(t, db, lockLife+time.Second)
	must(t, first.Lock(t.Context(), "order"))
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := soon.Lock(short, "order"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the lock is taken from the living: %v", err)
	}
	must(t, late.Lock(t.Context(), "order"))
	late.close(t.Context())
	must(t, soon.Lock(t.Context(), "order"))
	soon.close(t.Context())
	first.close(t.Context())
	if err := first.Unlock(t.Context(), "order"); err == nil {
		t.Error("what is not locked was unlocked")
	}
}

// Certmagic speaks in our log: never louder than a warning, about strangers not even that, and
// nothing that is printed by looking into it.
func TestACMELog(t *testing.T) {
	var text bytes.Buffer
	log := zapped(slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))).With(zap.String("name", "id"))
	for say, want := range map[string]string{
		"debug": "", "info": "DEBUG", "warn": "WARN", "error": "WARN", byStrangers[0]: "DEBUG",
	} {
		text.Reset()
		fields := []zap.Field{zap.Any("store", struct{ Key string }{"geheim"}), zap.Binary("raw", []byte("geheim")), zap.Error(errors.New("why")), zap.Int("attempt", 3)}
		switch say {
		case "debug":
			log.Debug(say, fields...)
		case "info":
			log.Info(say, fields...)
		case "warn":
			log.Warn(say, fields...)
		default:
			log.Error(say, fields...)
		}
		got := text.String()
		if want == "" && got != "" || want != "" && (!strings.Contains(got, "level="+want) || !strings.Contains(got, "name=id error=why attempt=3")) || strings.Contains(got, "geheim") {
			t.Errorf("%s: logged %s", say, got)
		}
	}
}
