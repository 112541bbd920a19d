package gatehouse_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// How much is invented: as much as takes seconds. What is counted by grows with the number of calls
// and not with the number of those who make them, so that more of it would show no more.
const (
	inventedKeys    = 1_000_000 // of counters
	inventedPeople  = 4_000     // who sign in
	inventedAPIKeys = 8_000
)

// besieged opens a house for strangers, whose counters the test has in its hands.
func besieged(t *testing.T, db *sqldb.DB) (*gatehouse.Gate, ephemeral.Store, *atomic.Int64) {
	t.Helper()
	moved := new(atomic.Int64) // a Duration
	clock := func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(moved.Load())) }
	counters := ephemeral.Memory(clock)
	gate, err := gatehouse.New(t.Context(), gatehouse.Config{
		Breaches: gatehouse.Breaches{Off: true}, DB: db, MasterKey: make([]byte, 32), PublicURL: "https://id.example.com", Idle: true, Now: clock, Ephemeral: counters,
		Passwords:      gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 8, Time: 1, Parallelism: 1}},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, // httptest's
		Logger:         slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return gate, counters, moved
}

// address is one of many that attack.
func address(i int) string { return fmt.Sprintf("203.%d.%d.%d", byte(i>>16), byte(i>>8), byte(i)) }

// Strangers who invent addresses, accounts and keys fill neither the database nor the memory, and do
// not push out what is counted of somebody under attack.
func TestInventedAreBounded(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		gate, counters, _ := besieged(t, db)
		if _, err := gate.Flow.CreateUser(t.Context(), account.NewUser{Email: "victim@example.com", Verified: true}, "violet hammer seventeen"); err != nil {
			t.Fatal(err)
		}
		rows, heap := rowsOf(t, db), heapOf()
		signIn := func(email, ip string) error {
			ctx := identity.WithOrigin(t.Context(), &identity.Origin{IP: ip})
			_, err := gate.Flow.Finish(ctx, authn.Answer{Method: authn.Password, Input: authn.Input{Email: email, Password: "wrong"}})
			return err
		}
		together(inventedPeople, func(i int) {
			if i%100 == 0 {
				_ = signIn("victim@example.com", "198.51.100.1")
			}
			if err := signIn(fmt.Sprintf("u%d@example.com", i), address(i)); identity.KindOf(err) != identity.Unauthenticated {
				t.Errorf("an invented account: %v", err)
			}
		})
		limiter := throttle.Limiter{Store: counters, Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }}
		for i := range inventedKeys {
			if _, err := limiter.Allow(t.Context(), fmt.Sprintf("login account password x%d@example.com", i), throttle.Rate{N: 10, Per: time.Minute}); err != nil {
				t.Fatal(err)
			}
			if i%10_000 == 0 {
				_ = signIn("victim@example.com", "198.51.100.1")
			}
		}
		if err := signIn("victim@example.com", "198.51.100.2"); identity.KindOf(err) != identity.TooMany {
			t.Errorf("the attempts on the victim were forgotten: %v", err)
		}
		if err := gate.Log.Settle(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		if n := rowsOf(t, db) - rows; n > 200 {
			t.Errorf("%d rows were added", n)
		}
		if grown := heapOf() - heap; grown > 96<<20 {
			t.Errorf("%d MiB more are in use", grown>>20)
		}
	})
}

// API keys that were never issued leave nothing behind.
func TestInventedAPIKeysAreBounded(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		gate, _, _ := besieged(t, db)
		rows, heap := rowsOf(t, db), heapOf()
		together(inventedAPIKeys, func(i int) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://id.example.com/auth/me", nil)
			r.Header.Set("Authorization", "Bearer "+secret.Tagged("sk_live_"))
			r.Header.Set("X-Forwarded-For", address(i))
			w := httptest.NewRecorder()
			if gate.Handler().ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
				t.Errorf("an invented key: %d %s", w.Code, w.Body)
			}
		})
		if err := gate.Log.Settle(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		if n := rowsOf(t, db) - rows; n > 200 {
			t.Errorf("%d rows were added", n)
		}
		if grown := heapOf() - heap; grown > 96<<20 {
			t.Errorf("%d MiB more are in use", grown>>20)
		}
	})
}

// What strangers begin has an end: it is swept, in batches, when it is over.
func TestWhatStrangersBeginEnds(t *testing.T) {
	const many = 300 // of each
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		gate, _, moved := besieged(t, db)
		for path, body := range map[string]string{
			"/auth/forgot-password": `{"email":%q}`, "/auth/magic-link": `{"email":%q}`,
			"/auth/register": `{"email":%q,"password":"violet hammer seventeen"}`, "/auth/verify-email/resend": `{"email":%q}`,
		} {
			together(many, func(i int) {
				text := fmt.Sprintf(body, fmt.Sprintf("u%d%s@example.com", i, strings.ReplaceAll(path, "/", ".")))
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://id.example.com"+path, strings.NewReader(text))
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("X-Forwarded-For", address(i))
				w := httptest.NewRecorder()
				if gate.Handler().ServeHTTP(w, r); w.Code/100 != 2 {
					t.Errorf("POST %s: %d %s", path, w.Code, w.Body)
				}
			})
		}
		var before, after int
		count := func(n *int) {
			t.Helper()
			if _, err := db.Row(t.Context(), []any{n}, `SELECT COUNT(*) FROM challenges`); err != nil {
				t.Fatal(err)
			}
		}
		count(&before)
		moved.Store(int64(48 * time.Hour))
		if err := gate.Accounts.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if count(&after); before < many || after != 0 {
			t.Errorf("%d were begun, %d are left", before, after)
		}
	})
}

// together runs do for each number below n, some at once.
func together(n int, do func(int)) {
	var all sync.WaitGroup
	const workers = 8
	for w := range workers {
		all.Go(func() {
			for i := w; i < n; i += workers {
				do(i)
			}
		})
	}
	all.Wait()
}

func heapOf() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// rowsOf counts the rows of all tables.
func rowsOf(t *testing.T, db *sqldb.DB) (sum int) {
	t.Helper()
	tables := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if db.Engine() == "postgres" {
		tables = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
	}
	names, err := sqldb.All(t.Context(), db, func(row func(...any) error) (name string, err error) { err = row(&name); return name, err }, tables)
	if err != nil || len(names) < 10 {
		t.Fatalf("%v, %v", names, err)
	}
	for _, name := range names {
		var n int
		if _, err := db.Row(t.Context(), []any{&n}, `SELECT COUNT(*) FROM `+name); err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}
