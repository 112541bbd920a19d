// Package redis counts for several machines, in a Redis server that they share.
//
// It owns the driver (redis/rueidis, without its client-side cache, which is stale right after a
// write), the names of the keys, and the scripts: each verb is one, so that no count is lost and
// no key lives for ever. It does not know what is counted. A server that is emptied, or gone, must
// change nothing but how much is remembered of attempts: Redis is never the place of a "no".
// Locks, used codes and revocations are rows in the database.
//
// Only what is in a Store's own keyspace is ever touched: the server may serve others too.
package redis

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

const (
	dialWithin  = 500 * time.Millisecond
	writeWithin = time.Second
	startWithin = 2 * time.Second
	chunk       = 512 // scripts that are sent at once
)

// A Store is an ephemeral.Remote. Open makes one.
type Store struct {
	client rueidis.Client
	prefix string
	now    func() time.Time

	mark atomic.Pointer[string] // what the server was last known by
	lost atomic.Int64           // microseconds; 0 for never
}

// Open returns a Store at url:
//
//	redis://[[user]:password@]host[:port][/number][?prefix=gatehouse:]
//	rediss://…                                      over TLS, verified
//
// A password over plain redis:// can be read on its way, and whoever can answer for the server can
// switch the limits off; so it is for this machine only, unless the URL says tls=off: for a network
// in which nobody else is.
//
// A server that does not answer is no error: it may come later. One that refuses the password is.
// A nil now means time.Now. The caller closes the Store.
func Open(ctx context.Context, url string, now func() time.Time) (*Store, error) {
	at, err := parse(url)
	if err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	s := &Store{prefix: at.prefix, now: now}
	// With ForceSingleClient there is a client even if nobody answers yet.
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{at.addr}, Username: at.user, Password: at.password, SelectDB: at.number, TLSConfig: at.tls,
		ForceSingleClient: true, AlwaysPipelining: true, PipelineMultiplex: -1, DisableCache: true, DisableRetry: true, ConnWriteTimeout: writeWithin, ClientSetInfo: rueidis.DisableClientSetInfo,
		Dialer: dialer(),
	})
	if client == nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	s.client = client
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	if _, err = s.Spend(ctx, nil); err != nil && refused(err) {
		client.Close()
		return nil, fmt.Errorf("redis: %w", err)
	}
	return s, nil
}

// refused reports whether the server does not know us: waiting would not help.
func refused(err error) bool {
	e, ok := rueidis.IsRedisErr(err)
	return ok && (strings.HasPrefix(e.Error(), "WRONGPASS") || strings.HasPrefix(e.Error(), "NOAUTH") || strings.HasPrefix(e.Error(), "NOPERM"))
}

// Close ends the connections.
func (s *Store) Close() error {
	s.client.Close()
	return nil
}

// Count implements ephemeral.Store.
func (s *Store) Count(ctx context.Context, key string, n int, window time.Duration) (int, time.Time, error) {
	return s.count(ctx, s.name("n", key), n, window)
}

// Claim implements ephemeral.Store.
func (s *Store) Claim(ctx context.Context, key string, d time.Duration) (bool, error) {
	n, _, err := s.count(ctx, s.name("c", key), 1, d)
	return n == 1, err
}

func (s *Store) count(ctx context.Context, name string, n int, window time.Duration) (int, time.Time, error) {
	now := s.now()
	answer, err := counting.Exec(ctx, s.client, []string{name, s.prefix + "mark"},
		[]string{micros(now), strconv.Itoa(n), strconv.FormatInt(window.Microseconds(), 10)}).ToArray()
	if err != nil {
		return 0, time.Time{}, err
	}
	if len(answer) != 3 {
		return 0, time.Time{}, fmt.Errorf("redis: %d answers to a count", len(answer))
	}
	sum, err := answer[0].AsInt64()
	if err != nil {
		return 0, time.Time{}, err
	}
	end, err := moment(answer[1])
	if err != nil {
		return 0, time.Time{}, err
	}
	mark, err := answer[2].ToString()
	s.knows(mark, now)
	return int(sum), end, err
}

// knows compares the mark that the server bears with the one it had. Another one means that it
// was emptied, with all that it counted.
func (s *Store) knows(mark string, now time.Time) {
	if was := s.mark.Swap(&mark); was != nil && *was != mark {
		s.lost.Store(now.UnixMicro())
	}
}

// Lost implements ephemeral.Remote.
func (s *Store) Lost() time.Time {
	if us := s.lost.Load(); us != 0 {
		return time.UnixMicro(us)
	}
	return time.Time{}
}

// Take implements ephemeral.Store.
func (s *Store) Take(ctx context.Context, key string, n int, per time.Duration) (bool, int, time.Time, error) {
	now := s.now().Truncate(time.Microsecond)
	answer, err := taking.Exec(ctx, s.client, []string{s.name("t", key)}, []string{
		micros(now), strconv.FormatInt(ephemeral.Interval(n, per).Microseconds(), 10), strconv.FormatInt(per.Microseconds(), 10),
	}).ToArray()
	if err != nil {
		return false, 0, time.Time{}, err
	}
	if len(answer) != 2 {
		return false, 0, time.Time{}, fmt.Errorf("redis: %d answers to a take", len(answer))
	}
	ok, err := answer[0].AsInt64()
	if err != nil {
		return false, 0, time.Time{}, err
	}
	full, err := moment(answer[1])
	if err != nil {
		return false, 0, time.Time{}, err
	}
	taken, left, until := ephemeral.Taken(ok == 1, now, full, n, per)
	return taken, left, until, nil
}

// Spend implements ephemeral.Remote. What machines overdrew together is paid back, for no longer
// than it takes to be full again once more.
func (s *Store) Spend(ctx context.Context, spent []ephemeral.Spent) ([]time.Time, error) {
	if len(spent) == 0 {
		// A write: a replica, or a server that is full, answers but does not count.
		return nil, s.client.Do(ctx, s.client.B().Set().Key(s.prefix+"probe").Value("").Px(time.Minute).Build()).Error()
	}
	full, now := make([]time.Time, 0, len(spent)), micros(s.now())
	for begin := 0; begin < len(spent); begin += chunk {
		var calls []rueidis.LuaExec
		for _, e := range spent[begin:min(begin+chunk, len(spent))] {
			each := ephemeral.Interval(e.N, e.Per).Microseconds()
			calls = append(calls, rueidis.LuaExec{Keys: []string{s.name("t", e.Key)}, Args: []string{
				now, strconv.FormatInt(each*int64(e.Used), 10), strconv.FormatInt(e.Per.Microseconds(), 10),
			}})
		}
		for _, answer := range spending.ExecMulti(ctx, s.client, calls...) {
			us, err := answer.AsInt64()
			if err != nil {
				return nil, err
			}
			full = append(full, time.UnixMicro(us))
		}
	}
	return full, nil
}

// Forget implements ephemeral.Store.
func (s *Store) Forget(ctx context.Context, key string) error {
	return s.client.Do(ctx, s.client.B().Del().Key(s.name("n", key), s.name("t", key), s.name("c", key)).Build()).Error()
}

// name is where a key is kept. Keys tell who signs in from where; they are hashed.
func (s *Store) name(kind, key string) string {
	return s.prefix + kind + ":" + base64.RawURLEncoding.EncodeToString(secret.Hash(key))
}

func micros(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }

func moment(m rueidis.RedisMessage) (time.Time, error) {
	us, err := m.AsInt64()
	return time.UnixMicro(us), err
}
