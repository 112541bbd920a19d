// Package access knows who may do what: the policy in force, and who has which role in which
// organization.
//
// It owns the tables assignments and policies, and the decision as the house makes it. Roles
// that hold everywhere are package account's, organizations package tenant's; what a role means
// is package policy's. It does not know how somebody signed in, nor any route.
package access

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/policy"
)

// A Store decides, and keeps what decisions rest on. DB, Log and Now are required.
type Store struct {
	DB  *sqldb.DB
	Log *audit.Log
	Now func() time.Time
	// Outdate raises the version of a user, so that tokens that claim other roles are
	// TOKEN_OUTDATED; package account implements it. It joins the caller's transaction.
	Outdate func(ctx context.Context, user identity.UserID) error

	// Base is the policy of the configuration; nil: the one that is stored.
	Base *policy.File
	// Kept are the roles that something outside of the policy rests on: a policy that is to be
	// stored must have them.
	Kept []string
	// Logger is told where the policy in shadow would have decided otherwise; nil: nobody.
	Logger *slog.Logger

	force  atomic.Pointer[force]
	change sync.Mutex // held by whoever changes force

	mu     sync.Mutex
	demand map[policy.Permission]bool // what the routes demand
}

// A force is what decides at one moment.
type force struct {
	policy *policy.Policy
	id     identity.PolicyID // of the stored one; "": it is not stored
	shadow *shadow           // nil: nothing is in shadow
	broken identity.PolicyID // stored on another machine, and not understood by this one
}

var nothing = &force{policy: &policy.Policy{}}

func (s *Store) now() *force {
	if f := s.force.Load(); f != nil {
		return f
	}
	return nothing
}

// Use puts a policy in force, on this machine and from the next decision on.
func (s *Store) Use(p *policy.Policy) {
	s.change.Lock()
	defer s.change.Unlock()
	f := *s.now()
	f.policy, f.id = p, ""
	s.force.Store(&f)
}

// Policy returns the policy in force. Before Use it is one that grants nobody anything.
func (s *Store) Policy() *policy.Policy { return s.now().policy }

// Authorize decides by the policy in force. What is in shadow is asked too, and changes nothing.
func (s *Store) Authorize(ctx context.Context, r policy.Request) policy.Decision {
	f := s.now()
	d := f.policy.Authorize(r)
	if f.shadow != nil {
		f.shadow.compare(ctx, s, r, d, d.Allow, (*policy.Policy).Authorize)
	}
	return d
}

// Permit decides before the resource is known, as policy.Permit does; Authorize settles what
// depends on it.
func (s *Store) Permit(ctx context.Context, r policy.Request) policy.Decision {
	f := s.now()
	d := f.policy.Permit(r.Principal, r.Permission)
	if f.shadow != nil && !d.Allow && !d.Depends { // else Authorize compares
		f.shadow.compare(ctx, s, r, d, false, permits)
	}
	return d
}

// permits is Permit where a maybe counts as a yes.
func permits(p *policy.Policy, r policy.Request) policy.Decision {
	d := p.Permit(r.Principal, r.Permission)
	d.Allow = d.Allow || d.Depends
	return d
}

// Demand notes that a route demands a permission, and reports whether it is registered. From now
// on no policy can be stored that lacks it: the route would open to nobody.
func (s *Store) Demand(p policy.Permission) bool {
	if !s.Policy().Registered(p) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.demand == nil {
		s.demand = map[policy.Permission]bool{}
	}
	s.demand[p] = true
	return true
}

// roleAdmin administers the house, organizations included.
const roleAdmin = "admin"

// administers returns identity.ErrNotFound unless p administers the house and there is such an
// organization.
func (s *Store) administers(ctx context.Context, p *identity.Principal, org identity.TenantID) error {
	if !slices.Contains(p.Roles, roleAdmin) {
		return identity.ErrNotFound
	}
	var n int
	if _, err := s.DB.Row(ctx, []any{&n}, `SELECT COUNT(*) FROM organizations WHERE id = $1`, string(org)); err != nil {
		return err
	}
	if n == 0 {
		return identity.ErrNotFound
	}
	return nil
}

// Within returns p as it is in an organization: with the roles it has there. It returns
// identity.ErrNotFound where p is no member, or is bound to another organization by its
// credential: to outsiders there is no such organization (AUZ-17). Administrators of the house
// are in every one.
func (s *Store) Within(ctx context.Context, p *identity.Principal, org identity.TenantID) (*identity.Principal, error) {
	if org == "" || p.TenantID != "" && p.TenantID != org {
		return nil, identity.ErrNotFound
	}
	roles, err := s.RolesIn(ctx, org, p.UserID)
	if err != nil {
		return nil, err
	}
	if len(roles) == 0 {
		if err := s.administers(ctx, p, org); err != nil {
			return nil, err
		}
	}
	in := *p
	in.TenantID, in.TenantRoles = org, roles
	return &in, nil
}
