package access

import (
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// MayName reports whether p may be given a credential that is limited to scopes. It returns
// identity.ErrInvalid, naming the member "scopes", for a scope that there is not, and
// identity.ErrScope for a permission that p does not have itself, for a scope of which p may do
// nothing, and for one with the administration of the house where p does not administer it.
// Threat: a route that demands a scope alone would open to whoever asks for the scope.
func (s *Store) MayName(p *identity.Principal, scopes []string) error {
	now := s.Policy()
	if err := now.Scoped(scopes); err != nil {
		return err
	}
	for _, scope := range scopes {
		if want := policy.Permission(scope); now.Registered(want) {
			if !s.Has(p, want) {
				return lacking(scope)
			}
			continue
		}
		if !s.mayNameSet(p, now.OfScopes([]string{scope})) {
			return lacking(scope)
		}
	}
	return nil
}

// mayNameSet judges a scope that stands for several permissions, each of which is still asked
// for when it is used.
func (s *Store) mayNameSet(p *identity.Principal, list []policy.Permission) (some bool) {
	for _, permission := range list {
		has := s.Has(p, permission) || s.Has(p, permission+":own")
		if permission == policy.Admin && !has {
			return false
		}
		some = some || has
	}
	return some
}

func lacking(scope string) error {
	e := *identity.ErrScope
	e.Message = "You may not give a credential the scope " + scope + "."
	return &e
}
