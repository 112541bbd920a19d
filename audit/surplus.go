package audit

import (
	"context"
	"hash/crc32"
	"maps"
	"strconv"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// Threat: a stranger who tries invented addresses writes an event for each, and fills the disk with
// what is about nobody. So of each type some are recorded one by one within a minute, and of the
// others one event tells how many there were (decision 0016). What is about somebody is always
// recorded: the limits on attempts bound it.

const (
	plenty        = 100         // about nobody, of one type, recorded one by one within a minute
	addressesMost = 10_000      // that are told apart in a sum
	sumEvery      = time.Minute // and so long sums may wait
	places        = 64          // that are written over
)

// A surplus is what is not recorded one by one of one type.
type surplus struct {
	began     time.Time // of the minute
	recorded  int       // in that minute
	more      int       // summed, and not yet written
	since     time.Time // of the first of these
	addresses map[string]bool
}

// spare reports whether the event is only summed.
func (l *Log) spare(e *identity.Event) bool {
	if e.Subject != "" || e.Actor != "" || e.Org != "" {
		return false
	}
	l.summing.Lock()
	defer l.summing.Unlock()
	s := l.surplus[e.Type]
	if s == nil {
		if l.surplus == nil {
			l.surplus = map[string]*surplus{}
		}
		s = &surplus{began: e.At}
		l.surplus[e.Type] = s
	}
	if e.At.Sub(s.began) >= sumEvery {
		s.began, s.recorded = e.At, 0
	}
	if s.recorded < plenty {
		s.recorded++
		return false
	}
	s.add(1, e.At, map[string]bool{e.IP: true})
	return true
}

// tally writes as much as an event would be, over what was written before: in few places, so that
// strangers fill nothing, and not in one, for which they would wait. All events of a request share one, so
// that no two transactions wait for each other. Threat: the commit that is missing would tell by the clock
// that an address is nobody's, as soon as there are more than plenty (BUG-21).
func (l *Log) tally(ctx context.Context, e identity.Event) error {
	_, err := l.DB.Exec(ctx, `INSERT INTO surplus (place, events) VALUES ($1, 1)
		ON CONFLICT (place) DO UPDATE SET events = surplus.events + 1`, crc32.ChecksumIEEE([]byte(e.RequestID))%places)
	return err
}

func (s *surplus) add(n int, since time.Time, addresses map[string]bool) {
	if s.more == 0 {
		s.since, s.addresses = since, map[string]bool{}
	}
	s.more += n
	for a := range addresses {
		if len(s.addresses) < addressesMost {
			s.addresses[a] = true
		}
	}
}

// take returns the sums that have waited long enough, or all, and begins new ones.
func (l *Log) take(all bool) map[string]surplus {
	l.summing.Lock()
	defer l.summing.Unlock()
	due := map[string]surplus{}
	for typ, s := range l.surplus {
		if s.more > 0 && (all || l.Now().Sub(s.since) >= sumEvery) {
			due[typ] = *s
			s.more, s.addresses = 0, nil
		}
	}
	return due
}

// Settle writes the events that tell how many were not recorded one by one: those that have waited
// for a minute, or all of them. What cannot be written waits for the next time. A process that is
// killed loses the sums of its last minute, and nothing else.
func (l *Log) Settle(ctx context.Context, all bool) error {
	due := l.take(all)
	for typ, s := range maps.Clone(due) {
		e := identity.Event{Type: typ, Actor: "gatehouse", Data: map[string]string{
			"count": strconv.Itoa(s.more), "addresses": strconv.Itoa(len(s.addresses)), "since": s.since.UTC().Format(time.RFC3339),
		}}
		l.fill(ctx, &e)
		if err := l.write(ctx, e); err != nil {
			l.giveBack(due)
			return err
		}
		delete(due, typ)
		l.ring()
	}
	return nil
}

func (l *Log) giveBack(due map[string]surplus) {
	l.summing.Lock()
	defer l.summing.Unlock()
	for typ, s := range due {
		l.surplus[typ].add(s.more, s.since, s.addresses)
	}
}
