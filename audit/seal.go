package audit

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// sealMost is how many events one transaction seals at the most.
const sealMost = 500

// A link is one event as the chain sees it.
type link struct {
	id, typ, actor, subject, org, request, data string
	at                                          int64
	digest, hash                                []byte
	seq                                         int64
	personal                                    string
	salt                                        []byte // nil: erased
}

// hashAfter returns the hash of the link as number seq, after one with hash prev.
func (k *link) hashAfter(prev []byte, seq int64) []byte {
	number := func(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) } //nolint:gosec // bits, not a quantity
	return secret.MAC(prev, number(seq), []byte(k.id), []byte(k.typ), number(k.at), []byte(k.actor),
		[]byte(k.subject), []byte(k.org), []byte(k.request), k.digest, []byte(k.data))
}

// personalIntact reports whether the personal fields are those of the digest, or erased.
func (k *link) personalIntact() bool {
	return len(k.salt) == 0 && k.personal == "" || secret.Equal(secret.MAC(k.salt, []byte(k.personal)), k.digest)
}

const linkColumns = `id, type, at, actor, subject, org, request_id, data, digest, COALESCE(seq, 0), hash, personal, salt`

func scanLink(row func(...any) error) (k link, err error) {
	err = row(&k.id, &k.typ, &k.at, &k.actor, &k.subject, &k.org, &k.request, &k.data, &k.digest, &k.seq, &k.hash, &k.personal, &k.salt)
	return
}

// A head is the end of the chain, as it was signed.
type head struct {
	seq       int64
	hash      []byte
	signature string
}

func (h head) message() []byte {
	return fmt.Appendf(nil, "gatehouse audit head %d %x", h.seq, h.hash)
}

func (l *Log) head(ctx context.Context) (h head, err error) {
	_, err = l.DB.Row(ctx, []any{&h.seq, &h.hash, &h.signature},
		`SELECT seq, hash, signature FROM event_heads ORDER BY seq DESC LIMIT 1`)
	return h, err
}

// Seal chains the events that were committed but not yet sealed, and returns how many. Two
// callers at once cannot fork the chain: both would seal the same events, and one fails.
func (l *Log) Seal(ctx context.Context) (n int, err error) {
	if l.Sign == nil {
		return 0, nil
	}
	links, h, err := l.tail(ctx)
	if err != nil || len(links) == 0 {
		return 0, err
	}
	for i := range links {
		h.seq++
		h.hash = links[i].hashAfter(h.hash, h.seq)
		links[i].seq, links[i].hash = h.seq, h.hash
	}
	if h.signature, err = l.Sign(h.message()); err != nil {
		return 0, fmt.Errorf("sign the head of the audit log: %w", err)
	}
	return len(links), l.DB.Tx(ctx, func(ctx context.Context) error {
		for _, k := range links {
			n, err := l.DB.Exec(ctx, `UPDATE events SET seq = $1, hash = $2 WHERE id = $3 AND seq IS NULL`, k.seq, k.hash, k.id)
			if err != nil {
				return err
			}
			if n == 0 {
				return fmt.Errorf("seal event %s: it was sealed or removed meanwhile", k.id)
			}
		}
		if _, err := l.DB.Exec(ctx, `INSERT INTO event_heads (seq, hash, signature, at) VALUES ($1, $2, $3, $4)`,
			h.seq, h.hash, h.signature, l.Now().UnixMicro()); err != nil {
			return err
		}
		_, err := l.DB.Exec(ctx, `DELETE FROM event_heads WHERE seq < $1`, h.seq)
		return err
	})
}

// Waiting reports whether there are events to seal.
func (l *Log) Waiting(ctx context.Context) (bool, error) {
	var one int
	return l.DB.Row(ctx, []any{&one}, `SELECT 1 FROM events WHERE seq IS NULL LIMIT 1`)
}

func (l *Log) tail(ctx context.Context) ([]link, head, error) {
	links, err := sqldb.All(ctx, l.DB, scanLink, `SELECT `+linkColumns+` FROM events WHERE seq IS NULL ORDER BY at, id LIMIT $1`, sealMost)
	if err != nil || len(links) == 0 {
		return nil, head{}, err
	}
	h, err := l.head(ctx)
	return links, h, err
}

// A Report is what Verify found.
type Report struct {
	Sealed   int64    // events in the chain
	Head     []byte   // hash of the last of them: kept elsewhere it shows a chain begun anew
	Unsealed int64    // events committed since the last seal: not protected yet
	Problems []string // what is wrong, in sentences; empty when the chain is whole
}

// Verify reads the whole chain and reports whether a sealed event was changed, removed or
// inserted. Sealing may go on meanwhile.
func (l *Log) Verify(ctx context.Context) (r Report, err error) {
	h, err := l.head(ctx)
	if err != nil {
		return r, err
	}
	r.Head = h.hash
	if h.seq > 0 && (l.Authentic == nil || !l.Authentic(h.message(), h.signature)) {
		r.Problems = append(r.Problems, "the signature of the head is not ours")
	}
	prev, err := l.walk(ctx, h.seq, &r)
	if err != nil {
		return r, err
	}
	if r.Sealed != h.seq {
		r.Problems = append(r.Problems, fmt.Sprintf("the head was signed at %d events, %d are there", h.seq, r.Sealed))
	} else if h.seq > 0 && !secret.Equal(prev, h.hash) {
		r.Problems = append(r.Problems, "the last event is not the one whose hash was signed")
	}
	var outside int64 // of the head as it is now: one statement sees events and head at one moment
	_, err = l.DB.Row(ctx, []any{&r.Unsealed, &outside}, `SELECT (SELECT COUNT(*) FROM events WHERE seq IS NULL),
		(SELECT COUNT(*) FROM events WHERE seq < 1 OR seq > (SELECT COALESCE(MAX(seq), 0) FROM event_heads))`)
	if outside > 0 {
		r.Problems = append(r.Problems, fmt.Sprintf("%d events have a number that was never signed", outside))
	}
	return r, err
}

// walk checks each link up to number end against its own content and the stored hash before
// it, so that one changed event is one problem and not one for each that follows.
func (l *Log) walk(ctx context.Context, end int64, r *Report) (prev []byte, err error) {
	for last := int64(0); ; {
		links, err := sqldb.All(ctx, l.DB, scanLink, `SELECT `+linkColumns+` FROM events
			WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3`, last, end, sealMost)
		if err != nil || len(links) == 0 {
			return prev, err
		}
		for _, k := range links {
			if k.seq != last+1 {
				r.Problems = append(r.Problems, fmt.Sprintf("events %d to %d are missing", last+1, k.seq-1))
			} else if !secret.Equal(k.hashAfter(prev, k.seq), k.hash) || !k.personalIntact() {
				r.Problems = append(r.Problems, fmt.Sprintf("event %d (%s) was changed, or is not the one that was sealed", k.seq, k.id))
			}
			last, prev = k.seq, k.hash
			r.Sealed++
		}
	}
}
