package access

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/policy"
)

// The states of a stored policy.
const (
	Current = "current" // in force
	Past    = "past"    // was in force
	Shadow  = "shadow"  // asked too, and only listened to
)

// ErrConfigured is returned where the policy is code: what a house decides by must not depend on
// which of two places was written last.
var ErrConfigured = &identity.Error{
	Kind: identity.Conflict, Code: identity.ErrConflict.Code,
	Message: "The policy of this house stands in its configuration. Change it there, and start anew.",
}

var errMeanwhile = &identity.Error{
	Kind: identity.Conflict, Code: identity.ErrConflict.Code, Message: "Somebody else has changed the policy just now. Look at it, and try again.",
}

// A Stored policy is one as it was written.
type Stored struct {
	ID        identity.PolicyID
	State     string // Current, Past or Shadow
	Text      string
	Actor     string // who stored it
	CreatedAt time.Time
}

// Open puts the policy of the configuration in force, or else the one that is stored, or else
// the built-in one. One that is stored and does not compile any more is an error: to go on with
// another could open what was closed.
func (s *Store) Open(ctx context.Context) error {
	file := policy.File{}
	if s.Base != nil {
		file = *s.Base
	}
	p, err := file.Compile()
	if err != nil {
		return err
	}
	s.Use(p)
	return s.Reload(ctx)
}

// Reload puts in force what was stored since, on whichever machine. A policy that this machine
// does not understand, because another runs a newer program, is an error, once: it goes on with
// the one that it has.
func (s *Store) Reload(ctx context.Context) error {
	s.change.Lock()
	defer s.change.Unlock()
	ids, err := s.stored(ctx)
	if err != nil {
		return err
	}
	f := *s.now()
	if s.Base == nil && ids[Current] != f.id && ids[Current] != f.broken {
		if f.policy, err = s.load(ctx, ids[Current]); err != nil {
			broken := *s.now()
			broken.broken = ids[Current]
			s.force.Store(&broken)
			return err
		}
		f.id = ids[Current]
	}
	if f.shadow.is() != ids[Shadow] {
		f.shadow = s.cast(ctx, ids[Shadow])
	}
	s.force.Store(&f)
	return nil
}

// stored returns the IDs of the policies that are in use, by their state.
func (s *Store) stored(ctx context.Context) (map[string]identity.PolicyID, error) {
	list, err := sqldb.All(ctx, s.DB, func(row func(...any) error) (p Stored, err error) { return p, row(&p.ID, &p.State) },
		`SELECT id, state FROM policies WHERE state IN ('current', 'shadow')`)
	found := map[string]identity.PolicyID{}
	for _, p := range list {
		found[p.State] = p.ID
	}
	return found, err
}

// load compiles a stored policy; that of no ID is the built-in one.
func (s *Store) load(ctx context.Context, id identity.PolicyID) (*policy.Policy, error) {
	if id == "" {
		return policy.File{}.Compile()
	}
	stored, err := s.Stored(ctx, id)
	if err != nil {
		return nil, err
	}
	file, err := policy.Read([]byte(stored.Text))
	if err != nil {
		return nil, fmt.Errorf("the stored policy %s: %w", id, err)
	}
	p, err := file.Compile()
	if err != nil {
		return nil, fmt.Errorf("the stored policy %s: %w", id, err)
	}
	return p, nil
}

const selectStored = `SELECT id, state, text, actor, created_at FROM policies `

func scanStored(row func(...any) error) (p Stored, err error) {
	var created int64
	err = row(&p.ID, &p.State, &p.Text, &p.Actor, &created)
	p.CreatedAt = time.UnixMicro(created).UTC()
	return p, err
}

// Stored finds a policy that was stored, or returns identity.ErrNotFound.
func (s *Store) Stored(ctx context.Context, id identity.PolicyID) (*Stored, error) {
	list, err := sqldb.All(ctx, s.DB, scanStored, selectStored+`WHERE id = $1`, string(id))
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, identity.ErrNotFound
	}
	return &list[0], nil
}

// Policies returns those that are or were in force, the newest first, without their text, and
// the cursor of the next page, "" at the end.
func (s *Store) Policies(ctx context.Context, p Page) (list []Stored, next string, err error) {
	at, id, limit, err := sqldb.Page(p.Cursor, p.Limit)
	if err != nil {
		return nil, "", err
	}
	list, err = sqldb.All(ctx, s.DB, scanStored, `SELECT id, state, '', actor, created_at FROM policies
		WHERE state <> 'shadow' AND (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3`, at, id, limit)
	if err == nil && len(list) == limit {
		last := list[limit-1]
		next = sqldb.Cursor(last.CreatedAt.UnixMicro(), string(last.ID))
	}
	return list, next, err
}

// Check reports whether a text could be put in force: whether it compiles, passes its own tests,
// and has every permission that a route of this program demands and every role that its
// configuration names.
// identity.ErrInvalid says of the member "policy" what is wrong, and on which line.
func (s *Store) Check(text string) (*policy.Policy, error) {
	p, err := compile(text)
	if err != nil {
		return nil, err
	}
	if failed := p.Test(); failed != nil {
		f := failed[0]
		return nil, identity.ErrInvalid.With("policy", fmt.Sprintf("line %d: the test %q wants %s, got %s: %s", f.Line, f.Name, f.Want, f.Got, f.Reason))
	}
	for _, role := range s.Kept {
		if p.Known([]string{role}, false) != nil {
			return nil, identity.ErrInvalid.With("policy", fmt.Sprintf("lacks the role %q, which the configuration names", role))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var lost []policy.Permission
	for permission := range s.demand {
		if !p.Registered(permission) {
			lost = append(lost, permission)
		}
	}
	if lost != nil {
		return nil, identity.ErrInvalid.With("policy", fmt.Sprintf("lacks the permission %q, which a route demands", string(slices.Min(lost))))
	}
	return p, nil
}

func compile(text string) (*policy.Policy, error) {
	file, err := policy.Read([]byte(text))
	if err != nil {
		return nil, identity.ErrInvalid.With("policy", err.Error())
	}
	p, err := file.Compile()
	if err != nil {
		return nil, identity.ErrInvalid.With("policy", err.Error())
	}
	return p, nil
}

// Apply stores a policy and puts it in force: here at once, on other machines within a second.
// The errors are those of Check, ErrConfigured, and identity.ErrConflict where somebody else was
// faster.
func (s *Store) Apply(ctx context.Context, text, actor string) (*Stored, error) {
	return s.apply(ctx, text, actor, "")
}

// Rollback puts a past policy in force again, as a new one with the same text. It returns
// identity.ErrNotFound for one that was never in force, and the errors of Apply.
func (s *Store) Rollback(ctx context.Context, id identity.PolicyID, actor string) (*Stored, error) {
	past, err := s.Stored(ctx, id)
	if err == nil && past.State == Shadow {
		err = identity.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return s.apply(ctx, past.Text, actor, id)
}

func (s *Store) apply(ctx context.Context, text, actor string, restored identity.PolicyID) (*Stored, error) {
	if s.Base != nil {
		return nil, ErrConfigured
	}
	if _, err := s.Check(text); err != nil {
		return nil, err
	}
	p := s.written(Current, text, actor)
	err := s.DB.Tx(ctx, func(ctx context.Context) error {
		var former identity.PolicyID
		if _, err := s.DB.Change(ctx, []any{&former}, `UPDATE policies SET state = 'past' WHERE state = 'current' RETURNING id`); err != nil {
			return err
		}
		if err := s.insert(ctx, p); err != nil {
			return err
		}
		data := map[string]string{"policy": string(p.ID)}
		if former != "" {
			data["former"] = string(former)
		}
		if restored != "" {
			data["restored"] = string(restored)
		}
		return s.Log.Record(ctx, identity.Event{Type: identity.EventPolicyChanged, Actor: actor, Data: data})
	})
	if err != nil {
		return nil, err
	}
	return p, s.Reload(ctx)
}

func (s *Store) written(state, text, actor string) *Stored {
	now := s.Now()
	return &Stored{identity.NewID[identity.PolicyID]("pol", now), state, text, actor, now.UTC().Truncate(time.Microsecond)}
}

// insert stores p, unless somebody else has stored one of its state since the former one was
// put aside.
func (s *Store) insert(ctx context.Context, p *Stored) error {
	n, err := s.DB.Exec(ctx, `INSERT INTO policies (id, state, text, actor, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		string(p.ID), p.State, p.Text, p.Actor, p.CreatedAt.UnixMicro())
	if err == nil && n == 0 {
		err = errMeanwhile
	}
	return err
}

// The places that the policy in force can come from.
const (
	FromConfiguration = "configuration"
	FromDatabase      = "database"
	BuiltIn           = "built-in"
)

// InForce returns the policy in force as it was written, and where it comes from. That of the
// configuration is written anew, without its comments; the built-in one is empty.
func (s *Store) InForce(ctx context.Context) (p Stored, source string, err error) {
	if s.Base != nil {
		text, err := yaml.Marshal(s.Base)
		return Stored{State: Current, Text: string(text)}, FromConfiguration, err
	}
	id := s.now().id
	if id == "" {
		return Stored{State: Current}, BuiltIn, nil
	}
	stored, err := s.Stored(ctx, id)
	if err != nil {
		return p, "", err
	}
	return *stored, FromDatabase, nil
}
