package access

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

const (
	differencesMost = 1000        // kinds of differences that are told apart
	tellEvery       = time.Minute // how often the log is told of one kind
)

// A Difference is a kind of decision that the policy in shadow would have made otherwise, as
// this machine saw it since the policy stands there.
type Difference struct {
	Permission policy.Permission
	Route      string // "": of no route
	Now, Would bool   // allowed by the policy in force, and by the one in shadow
	Count      int64
	// The last one.
	Last          time.Time
	RequestID     identity.RequestID
	Caller        string // a user or a client; "" is nobody
	NowDecision   policy.Decision
	WouldDecision policy.Decision
}

type kind struct {
	permission policy.Permission
	route      string
	would      bool
}

// A shadow is a policy that is asked and only listened to. What it does can change no decision.
type shadow struct {
	id     identity.PolicyID
	policy *policy.Policy // nil: this machine does not understand it
	fault  string         // why

	mu      sync.Mutex
	kinds   map[kind]*Difference
	told    map[kind]time.Time
	others  int64 // differences of further kinds
	failed  int64 // decisions that it panicked on
	decided int64
}

func (v *shadow) is() identity.PolicyID {
	if v == nil {
		return ""
	}
	return v.id
}

// cast loads the policy in shadow; nil for no ID. One that does not compile here has a fault.
func (s *Store) cast(ctx context.Context, id identity.PolicyID) *shadow {
	if id == "" {
		return nil
	}
	v := &shadow{id: id, kinds: map[kind]*Difference{}, told: map[kind]time.Time{}}
	p, err := s.load(ctx, id)
	if err != nil {
		v.fault = err.Error()
	}
	v.policy = p
	return v
}

// compare asks the shadow what it would have decided, and tells where that is something else.
func (v *shadow) compare(ctx context.Context, s *Store, r policy.Request, d policy.Decision, now bool,
	ask func(*policy.Policy, policy.Request) policy.Decision,
) {
	if v.policy == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			v.note(func() { v.decided++; v.failed++ })
		}
	}()
	would := ask(v.policy, r)
	if would.Allow == now {
		v.note(func() { v.decided++ })
		return
	}
	found := Difference{
		Permission: r.Permission, Route: routeOf(ctx), Now: now, Would: would.Allow, Last: s.Now(),
		RequestID: identity.OriginOf(ctx).RequestID, Caller: r.Principal.Name(), NowDecision: d, WouldDecision: would,
	}
	if v.tally(found) && s.Logger != nil {
		s.Logger.WarnContext(ctx, "the policy in shadow would decide otherwise", "policy", v.id, "requestId", found.RequestID,
			"permission", found.Permission, "route", found.Route, "caller", found.Caller, "now", found.Now, "would", found.Would,
			"nowReason", d.Reason, "wouldReason", would.Reason)
	}
}

func (v *shadow) note(fn func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	fn()
}

// tally counts a difference and reports whether the log is to be told of it. Threat: whoever
// asks for what differs in a loop would else fill the log.
func (v *shadow) tally(d Difference) (tell bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.decided++
	k := kind{d.Permission, d.Route, d.Would}
	known := v.kinds[k]
	if known == nil && len(v.kinds) == differencesMost {
		v.others++
		return false
	}
	d.Count = 1
	if known != nil {
		d.Count = known.Count + 1
	}
	v.kinds[k] = &d
	tell = d.Last.Sub(v.told[k]) >= tellEvery
	if tell {
		v.told[k] = d.Last
	}
	return tell
}

// A Report is what the policy in shadow would have decided otherwise, on this machine, since it
// stands there here.
type Report struct {
	Stored
	Fault       string       // why this machine cannot ask it; "" where it can
	Decided     int64        // decisions that it was asked about
	Failed      int64        // of those, the ones that it failed on
	Differences []Difference // the most frequent first
	Others      int64        // further differences, of kinds that there was no room for
}

// Shadowed returns what the policy in shadow would have decided otherwise, or
// identity.ErrNotFound where there is none.
func (s *Store) Shadowed(ctx context.Context) (*Report, error) {
	v := s.now().shadow
	if v == nil {
		return nil, identity.ErrNotFound
	}
	stored, err := s.Stored(ctx, v.id)
	if err != nil {
		return nil, err
	}
	r := &Report{Stored: *stored, Fault: v.fault}
	v.note(func() {
		r.Decided, r.Failed, r.Others = v.decided, v.failed, v.others
		for _, d := range v.kinds {
			r.Differences = append(r.Differences, *d)
		}
	})
	slices.SortFunc(r.Differences, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(fmt.Sprint(a.Permission, a.Route, a.Would), fmt.Sprint(b.Permission, b.Route, b.Would)))
	})
	return r, nil
}

// SetShadow stores a policy that from now on is asked beside the one in force, and decides
// nothing; the former one in shadow is forgotten. It may stand beside a policy of the
// configuration. It returns identity.ErrInvalid for one that does not compile.
func (s *Store) SetShadow(ctx context.Context, text, actor string) (*Stored, error) {
	if _, err := compile(text); err != nil {
		return nil, err
	}
	p := s.written(Shadow, text, actor)
	err := s.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := s.DB.Exec(ctx, `DELETE FROM policies WHERE state = 'shadow'`); err != nil {
			return err
		}
		if err := s.insert(ctx, p); err != nil {
			return err
		}
		return s.Log.Record(ctx, identity.Event{Type: identity.EventPolicyShadowed, Actor: actor, Data: map[string]string{"policy": string(p.ID)}})
	})
	if err != nil {
		return nil, err
	}
	return p, s.Reload(ctx)
}

// ClearShadow ends it, or returns identity.ErrNotFound.
func (s *Store) ClearShadow(ctx context.Context, actor string) error {
	err := s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `DELETE FROM policies WHERE state = 'shadow'`)
		if err == nil && n == 0 {
			err = identity.ErrNotFound
		}
		if err != nil {
			return err
		}
		return s.Log.Record(ctx, identity.Event{Type: identity.EventPolicyShadowed, Actor: actor})
	})
	if err != nil {
		return err
	}
	return s.Reload(ctx)
}

type routeKey struct{}

// AtRoute returns a context that says at which route a decision is made, for what is in shadow.
// Where nothing is, it returns ctx: nothing would read it.
func (s *Store) AtRoute(ctx context.Context, route string) context.Context {
	if s.now().shadow == nil {
		return ctx
	}
	return context.WithValue(ctx, routeKey{}, route)
}

func routeOf(ctx context.Context) string {
	route, _ := ctx.Value(routeKey{}).(string)
	return route
}
