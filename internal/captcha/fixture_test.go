package captcha_test

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/captcha"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/outbound"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/keyring"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A fixture is a house with a clock that stands still until somebody waits.
type fixture struct {
	testing.TB
	captcha.House
	log   strings.Builder
	since atomic.Int64
}

func (f *fixture) now() time.Time { return start.Add(time.Duration(f.since.Load())) }

func (f *fixture) wait(d time.Duration) { f.since.Add(int64(d)) }

// each runs fn on every engine.
func each(t *testing.T, fn func(*fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(open(t, db, make([]byte, 32))) })
}

// open starts a machine on a database.
func open(t testing.TB, db *sqldb.DB, master []byte) *fixture {
	t.Helper()
	f := &fixture{TB: t}
	log := &audit.Log{DB: db, Now: f.now}
	f.House = captcha.House{
		Accounts: &account.Store{DB: db, Log: log, Now: f.now}, Keys: &keyring.Ring{DB: db, Log: log, Now: f.now, Master: master},
		Solved: ephemeral.Memory(f.now), Caller: &outbound.Client{Loopback: true}, Hosts: []string{"id.example.com"},
		Now: f.now, Logger: slog.New(slog.NewTextHandler(&f.log, nil)),
	}
	if err := f.Keys.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) work() *captcha.Work {
	return captcha.New(captcha.Choice{Difficulty: captcha.MinDifficulty}, f.House).(*captcha.Work)
}

func (f *fixture) challenge(w *captcha.Work) captcha.Challenge {
	f.Helper()
	c, err := w.Challenge(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	return c
}

// refused fails unless the answer is refused because of the cause; "" means that it passes.
func (f *fixture) refused(what, cause string, err error) {
	f.Helper()
	switch {
	case cause == "" && err != nil:
		f.Errorf("%s: %v", what, err)
	case cause != "" && (!errors.Is(err, identity.ErrCaptcha) || !strings.Contains(err.Error(), cause)):
		f.Errorf("%s: %v, want it refused: %s", what, err, cause)
	}
}

// A solution is what a browser finds.
type solution struct {
	Counter    uint32  `json:"counter"`
	DerivedKey string  `json:"derivedKey"`
	Time       float64 `json:"time"`
}

// solve does the work from a counter on.
func solve(p captcha.Parameters, from uint32) solution {
	for n := from; ; n++ {
		if key := derive(p, n); strings.HasPrefix(key, p.KeyPrefix) {
			return solution{n, key, 12.5}
		}
	}
}

func derive(p captcha.Parameters, n uint32) string {
	nonce, _ := hex.DecodeString(p.Nonce)
	salt, _ := hex.DecodeString(p.Salt)
	key, err := pbkdf2.Key(sha256.New, string(binary.BigEndian.AppendUint32(nonce, n)), salt, p.Cost, p.KeyLength)
	if err != nil {
		panic(err)
	}
	return hex.EncodeToString(key)
}

func payload(c captcha.Challenge, s solution) string {
	text, err := json.Marshal(map[string]any{"challenge": c, "solution": s})
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}

// solved is a right answer to a new challenge.
func (f *fixture) solved(w *captcha.Work) string {
	f.Helper()
	c := f.challenge(w)
	return payload(c, solve(c.Parameters, 0))
}

func from(ctx context.Context, ip string) context.Context {
	return identity.WithOrigin(ctx, &identity.Origin{IP: ip})
}
