// Package audit keeps the log of what happened: append-only, chained by hashes, written in
// the transaction of what it tells.
//
// It owns the tables events and event_heads. It does not know what the events mean, nor
// who reads them: history pages, alerts and webhooks read by seq.
//
// Record writes an event unsealed. One process at a time seals what was committed, in
// batches: each event gets the next seq and a hash that covers its content and the hash of
// the one before, and the head of the chain is signed. A chain head inside the transaction
// would make every writer wait for every other. Verify finds a sealed event that was
// changed, removed or inserted. What names a person (address, browser) enters the chain as
// a salted digest, so that erasing it leaves the chain whole.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// A Log is the only code that touches the tables of events. DB and Now are required.
type Log struct {
	DB  *sqldb.DB
	Now func() time.Time
	// Sign signs the head of the chain; Authentic checks such a signature. Both are set by
	// whoever has the keys. A nil Sign seals nothing.
	Sign      func(message []byte) (signature string, err error)
	Authentic func(message []byte, signature string) bool

	counts   sync.Map // type → *atomic.Int64
	summing  sync.Mutex
	surplus  map[string]*surplus // by type
	once     sync.Once
	recorded chan struct{}
}

// Recorded is ready when this process has recorded an event since it was last read. The
// event's transaction may still be under way.
func (l *Log) Recorded() <-chan struct{} { return l.bell() }

func (l *Log) bell() chan struct{} {
	l.once.Do(func() { l.recorded = make(chan struct{}, 1) })
	return l.recorded
}

// personal is what an event tells of a person's surroundings.
type personal struct {
	IP        string `json:"ip"`
	UserAgent string `json:"userAgent"`
}

// Record appends e in the transaction of ctx, so that the caller's change and its event are
// one. The ID, the time and the origin are filled in, and the actor where it is empty. Of what
// strangers cause about nobody only so many are recorded in a minute; Settle tells of the others.
func (l *Log) Record(ctx context.Context, e identity.Event) error {
	l.fill(ctx, &e)
	write := l.write
	if l.spare(&e) {
		write = l.tally
	}
	if err := write(ctx, e); err != nil {
		return err
	}
	l.count(e.Type)
	l.ring()
	return nil
}

// write appends an event that is filled in.
func (l *Log) write(ctx context.Context, e identity.Event) error {
	who, err := json.Marshal(personal{e.IP, e.UserAgent})
	if err != nil {
		return err
	}
	data, err := json.Marshal(e.Data) // a map: its keys come out sorted
	if err != nil {
		return err
	}
	salt := secret.Bytes(16)
	_, err = l.DB.Exec(ctx, `INSERT INTO events (id, type, at, actor, subject, org, request_id, personal, salt, digest, data)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		e.ID, e.Type, e.At.UnixMicro(), e.Actor, e.Subject, e.Org, e.RequestID, string(who), salt, secret.MAC(salt, who), string(data))
	if err != nil {
		return fmt.Errorf("record %s: %w", e.Type, err)
	}
	return nil
}

func (l *Log) ring() {
	select {
	case l.bell() <- struct{}{}:
	default:
	}
}

func (l *Log) fill(ctx context.Context, e *identity.Event) {
	e.At = l.Now()
	e.ID = identity.NewID[identity.EventID]("evt", e.At)
	origin := identity.OriginOf(ctx)
	e.IP, e.UserAgent, e.RequestID = origin.IP, origin.UserAgent, origin.RequestID
	if e.Actor == "" {
		e.Actor = identity.FromContext(ctx).Name()
	}
	if e.Data == nil {
		e.Data = map[string]string{}
	}
}

func (l *Log) count(typ string) {
	n, ok := l.counts.Load(typ)
	if !ok {
		n, _ = l.counts.LoadOrStore(typ, new(atomic.Int64))
	}
	n.(*atomic.Int64).Add(1)
}

// Counts returns how many events of each type this process has written, including the few
// whose transaction was rolled back.
func (l *Log) Counts() map[string]int64 {
	all := map[string]int64{}
	l.counts.Range(func(typ, n any) bool {
		all[typ.(string)] = n.(*atomic.Int64).Load()
		return true
	})
	return all
}
