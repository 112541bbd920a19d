package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/postgres"
	"github.com/gatehouse-id/gatehouse/sqlite"
)

// hit is the house that is stuffed: all its limits stand, its accounts are those of the attack, and
// its hashes are cheap, so that the attack is over in minutes and not in hours.
func hit(o options) error {
	return listen(o, func(addr string) (http.Handler, error) {
		h, _, err := stuffed(context.Background(), o, addr)
		return h, err
	})
}

// posted counts the mails that left and throws them away.
type posted struct{ n atomic.Int64 }

func (p *posted) Send(context.Context, gatehouse.Mail) error {
	p.n.Add(1)
	return nil
}

// A footprint is what an attack leaves in the house.
type footprint struct {
	Bytes  int64 `json:"bytes"` // of the database and its log
	Events int64 `json:"events"`
	Locks  int64 `json:"locks"`
	Mails  int64 `json:"mails"`
}

// stuffed opens a house with everybody in it. GET /footprint beside it is for the tool alone.
func stuffed(ctx context.Context, o options, addr string) (http.Handler, *gatehouse.Gate, error) {
	db, err := openStuffed(o)
	if err != nil {
		return nil, nil, err
	}
	key, err := gatehouse.MasterKeyFile(ctx, db, filepath.Join(o.dir, "master.key"))
	if err != nil {
		return nil, nil, err
	}
	mails := &posted{}
	gate, err := gatehouse.New(ctx, gatehouse.Config{
		Breaches: gatehouse.Breaches{Off: true}, DB: db, MasterKey: key, PublicURL: "http://" + addr, Mailer: mails,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Passwords:      gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 1024, Time: 1, Parallelism: 1}},
	})
	if err != nil {
		return nil, nil, err
	}
	if err := populate(ctx, gate, o.attack()); err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", gate.Handler())
	mux.HandleFunc("GET /footprint", func(w http.ResponseWriter, r *http.Request) {
		f, err := measure(r.Context(), db, o)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		f.Mails = mails.n.Load()
		_ = json.NewEncoder(w).Encode(f) // the tool has it, or fails by itself
	})
	return mux, gate, nil
}

func openStuffed(o options) (*sqldb.DB, error) {
	if o.database != "" {
		return postgres.Open(o.database)
	}
	return sqlite.Open(filepath.Join(o.dir, "stuffed.db"))
}

// populate makes the accounts that the attack is about, the victim and the other users.
func populate(ctx context.Context, gate *gatehouse.Gate, a attack) error {
	for i := range a.accounts() {
		user, err := gate.Flow.CreateUser(ctx, account.NewUser{Email: accountOf(i), Verified: true}, secretOf(i))
		if err != nil {
			return err
		}
		switch a.guardOf(i) {
		case secondFactor:
			err = gate.Accounts.Enroll(ctx, &identity.Credential{UserID: user.ID, Method: "totp", Lookup: string(user.ID), Data: []byte("a key")})
		case mustReset:
			err = gate.Accounts.SetMustReset(ctx, user.ID, true)
		}
		if err != nil {
			return err
		}
	}
	for _, email := range append(a.others(), victim) {
		if _, err := gate.Flow.CreateUser(ctx, account.NewUser{Email: email, Verified: true}, phrase); err != nil {
			return err
		}
	}
	return nil
}

// measure looks at what is kept. Of SQLite it is the file and its log, of PostgreSQL the database.
func measure(ctx context.Context, db *sqldb.DB, o options) (f footprint, err error) {
	for _, c := range []struct {
		into *int64
		text string
	}{{&f.Events, `SELECT COUNT(*) FROM events`}, {&f.Locks, `SELECT COUNT(*) FROM locks`}} {
		if _, err := db.Row(ctx, []any{c.into}, c.text); err != nil {
			return f, err
		}
	}
	if o.database != "" {
		_, err = db.Row(ctx, []any{&f.Bytes}, `SELECT pg_database_size(current_database())`)
		return f, err
	}
	for _, name := range []string{"stuffed.db", "stuffed.db-wal"} {
		info, err := os.Stat(filepath.Join(o.dir, name))
		if err != nil {
			return f, err
		}
		f.Bytes += info.Size()
	}
	return f, nil
}

// An attack is how many leaked pairs are tried from how many addresses, and what must come of it.
type attack struct {
	addresses, pairs int
	sessionWithin    time.Duration // the 99th percentile of the requests of whoever is signed in
	signInWithin     time.Duration // the 99th percentile of the sign-ins of whoever has signed in before
	pace             time.Duration // between two sign-ins of one user
}

// What stands between a right pair and an account.
const (
	nothing = iota
	secondFactor
	mustReset
)

const victim = "victim@example.com"

func (a attack) accounts() int { return max(a.pairs/20, 20) }

// fresh is how many of the accounts have leaked as they are: every third has nothing else.
func (a attack) fresh() int { return max(a.accounts()/25, 6) }

func (a attack) guardOf(i int) int {
	if i < a.fresh() {
		return i % 3
	}
	return nothing
}

func (a attack) others() (list []string) {
	for i := range 10 {
		list = append(list, fmt.Sprintf("other%d@example.com", i))
	}
	return list
}

func accountOf(i int) string { return fmt.Sprintf("account%d@example.com", i) }

func secretOf(i int) string { return fmt.Sprintf("the secret of account %d", i) }

// A leaked pair is an address with a password that was good somewhere.
type leaked struct {
	email, password string
	from            string // the client's address
}

// pair returns the i-th pair that is tried. They are in no order: 7919 is prime to what people
// choose for the number of pairs.
func (a attack) pair(i int) leaked {
	j := i * 7919 % a.pairs
	n := i % a.addresses
	p := leaked{password: fmt.Sprintf("once good elsewhere %d", j), from: fmt.Sprintf("198.%d.%d.%d", 18+n>>16, n>>8&255, n&255)}
	switch {
	case j < a.fresh():
		p.email, p.password = accountOf(j), secretOf(j)
	case j%50 == 0:
		p.email = victim
	case j%50 < 30:
		p.email = fmt.Sprintf("elsewhere%d@example.net", j)
	default:
		p.email = accountOf(j % a.accounts())
	}
	return p
}
