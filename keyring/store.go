package keyring

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/jose"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// The states of a key, in the order in which it goes through them. A dropped key is
// deleted.
const (
	next    = "next"
	current = "current"
	retired = "retired"
)

// idLength is the length of a key ID: short, because it stands in every token.
const idLength = 12

// An entry is one key of the ring.
type entry struct {
	id, state string
	use       Use
	alg       jose.Algorithm
	jose      *jose.Key // of a use that signs
	raw       []byte    // of a symmetric use
	public    []byte    // PKIX, empty for symmetric keys
	sealed    []byte
	createdAt time.Time
	activeAt  time.Time
	dropAt    time.Time
}

// A snapshot is the ring at one moment; it is replaced, never changed.
type snapshot struct {
	all     []*entry
	byID    map[string]*entry
	current map[Use]*entry
	jwks    []byte
}

func (s *snapshot) find(u Use, alg jose.Algorithm, state string) *entry {
	for _, e := range s.all {
		if e.use == u && e.alg == alg && e.state == state {
			return e
		}
	}
	return nil
}

// sealContext binds a private part to its row and use.
func sealContext(id string, u Use) string { return "keys/" + string(u) + "/" + id }

func (r *Ring) make(u Use, alg jose.Algorithm, state string) (*entry, error) {
	e := &entry{id: hex.EncodeToString(secret.Bytes(idLength / 2)), state: state, use: u, alg: alg, public: []byte{}, createdAt: r.Now()}
	var private []byte
	if alg == symmetric {
		e.raw = secret.Bytes(secret.Size)
		private = e.raw
	} else {
		key, err := jose.Generate(alg, e.id)
		if err != nil {
			return nil, fmt.Errorf("make a key for %s: %w", u, err)
		}
		if private, err = key.MarshalPrivate(); err != nil {
			return nil, err
		}
		if !alg.Symmetric() {
			if e.public, err = key.MarshalPublic(); err != nil {
				return nil, err
			}
		}
		e.jose = key
	}
	if state == current {
		e.activeAt = e.createdAt
	}
	e.sealed = r.master.Seal(private, sealContext(e.id, u))
	return e, nil
}

func (r *Ring) insert(ctx context.Context, e *entry) error {
	_, err := r.DB.Exec(ctx, `INSERT INTO keys (id, use, alg, state, public, sealed, created_at, active_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		e.id, string(e.use), string(e.alg), e.state, e.public, e.sealed, e.createdAt.UnixMicro(), micros(e.activeAt))
	return err
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Reload reads the keys anew. Every process does so each few seconds, so that a rotation
// anywhere is known everywhere.
func (r *Ring) Reload(ctx context.Context) error {
	r.reload.Lock()
	defer r.reload.Unlock()
	all, err := sqldb.All(ctx, r.DB, scan, `SELECT id, use, alg, state, public, sealed, created_at, active_at, drop_at
		FROM keys ORDER BY created_at, id`)
	if err != nil {
		return err
	}
	s := &snapshot{all: all, byID: map[string]*entry{}, current: map[Use]*entry{}}
	known := &snapshot{}
	if old := r.keys.Load(); old != nil {
		known = old
	}
	var public []*jose.Key
	for _, e := range all {
		if err := r.open(e, known.byID[e.id]); err != nil {
			return err
		}
		s.byID[e.id] = e
		// A process of another algorithm may have rotated ours away: its key is better than none.
		if e.state == current && (s.current[e.use] == nil || e.alg == r.algorithm(e.use)) {
			s.current[e.use] = e
		}
		if e.use == Access && !e.alg.Symmetric() && (e.state != retired || r.Now().Before(e.dropAt)) {
			public = append(public, e.jose)
		}
	}
	if s.jwks, err = jose.JWKS(public); err != nil {
		return err
	}
	r.keys.Store(s)
	return nil
}

// open unseals e, or takes the material from the entry already known.
func (r *Ring) open(e, known *entry) error {
	if known != nil {
		e.jose, e.raw = known.jose, known.raw
		return nil
	}
	private, err := r.master.Open(e.sealed, sealContext(e.id, e.use))
	if err != nil {
		return ErrMaster
	}
	if e.alg == symmetric {
		e.raw = private
		return nil
	}
	e.jose, err = jose.ParsePrivate(e.alg, e.id, private)
	return err
}

func scan(row func(...any) error) (*entry, error) {
	e := &entry{}
	var created, active, drop int64
	err := row(&e.id, &e.use, &e.alg, &e.state, &e.public, &e.sealed, &created, &active, &drop)
	e.createdAt, e.activeAt = time.UnixMicro(created), time.UnixMicro(active)
	e.dropAt = time.UnixMicro(drop)
	return e, err
}
