package authn

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/gatehouse-id/gatehouse/access"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/token"
)

// Found makes an organization whose first owner is a user: there is never one without. It
// returns the error of OrganizationName.
func (f *Flow) Found(ctx context.Context, owner identity.UserID, name string) (*identity.Tenant, error) {
	name, err := OrganizationName(name)
	if err != nil {
		return nil, err
	}
	var org *identity.Tenant
	err = f.DB.Tx(ctx, func(ctx context.Context) error {
		if org, err = f.Tenants.Create(ctx, name); err != nil {
			return err
		}
		return f.Access.SetRolesIn(ctx, org.ID, owner, []string{access.RoleOwner})
	})
	if err != nil {
		return nil, err
	}
	return org, nil
}

// OrganizationName is account.DisplayName for an organization, which cannot go without:
// identity.ErrInvalid, naming the member "name".
func OrganizationName(text string) (string, error) {
	name, err := account.DisplayName(text)
	if err == nil && name == "" {
		err = identity.ErrInvalid.With("name", "is missing")
	}
	return name, err
}

// Dissolve ends an organization: every membership, so that no token claims one any more, and
// everything of its own. It returns identity.ErrNotFound for an unknown one.
func (f *Flow) Dissolve(ctx context.Context, org identity.TenantID) error {
	return f.DB.Tx(ctx, func(ctx context.Context) error {
		if err := f.Access.Dissolve(ctx, org); err != nil {
			return err
		}
		if err := f.Webhooks.Forget(ctx, org); err != nil {
			return err
		}
		return f.Tenants.Delete(ctx, org)
	})
}

// A Want narrows the access token that Exchange makes. The zero Want narrows nothing.
type Want struct {
	Scope string            // what it may be used for, separated by spaces; "": everything
	Org   identity.TenantID // the organization that it is bound to; "": none
}

// scopesMost is how many scopes one token may name.
const scopesMost = 20

// purpose checks a Want: the organization must be the caller's, and nobody gets a scope for what
// they may not do themselves (ZTR-02).
func (f *Flow) purpose(ctx context.Context, p *identity.Principal, want Want) (token.Purpose, error) {
	to := token.Purpose{}
	if want.Org != "" {
		in, err := f.Access.Within(ctx, p, want.Org)
		if err != nil {
			return to, err
		}
		if _, err := f.Tenants.ByID(ctx, want.Org); err != nil { // an administrator is in whatever there is not
			return to, err
		}
		p, to.Org, to.OrgRoles = in, want.Org, in.TenantRoles
	}
	if want.Scope == "" {
		return to, nil
	}
	scopes := slices.Compact(slices.Sorted(strings.FieldsSeq(want.Scope)))
	if len(scopes) == 0 || len(scopes) > scopesMost {
		return to, identity.ErrInvalid.With("scope", "must be 1 to 20 scopes, separated by spaces")
	}
	if err := f.Access.MayName(p, scopes); err != nil {
		return to, about(err, "scopes", "scope")
	}
	to.Scope = strings.Join(scopes, " ")
	return to, nil
}

// about moves what an error says of one member of the body to the one that the caller sent.
func about(err error, member, sent string) error {
	var e *identity.Error
	if errors.As(err, &e) && e.Fields[member] != "" {
		moved := *e
		moved.Fields = map[string]string{sent: e.Fields[member]}
		return &moved
	}
	return err
}

// Exchange gives whoever is signed in an access token, narrowed to what they want it for, and
// no refresh token.
//
// The holder of a session cookie may have any: for server-rendered applications and hosted
// sessions. Only mode cookie has one: what cookie-token keeps from scripts must not be handed to
// them here. The holder of an access token may have one that is limited to scopes, which lives
// five minutes and cannot be exchanged again (ZTR-03). Threat: one that was stolen would else
// renew itself.
func (f *Flow) Exchange(ctx context.Context, p *identity.Principal, want Want) (*SignedIn, error) {
	if p.SessionID == "" || !p.Cookie && want.Scope == "" {
		return nil, identity.ErrNoCredentials
	}
	user, err := f.Accounts.ByID(ctx, p.UserID)
	if err != nil {
		return nil, err
	}
	v, err := f.Sessions.Get(ctx, p.SessionID)
	if errors.Is(err, identity.ErrNotFound) || err == nil && p.Cookie && v.Mode != identity.ModeCookie {
		return nil, identity.ErrNoCredentials
	}
	if err != nil {
		return nil, err
	}
	if want.Org == "" {
		want.Org = p.TenantID // who is bound to one stays so
	}
	if f.Policy.Demand(user, Start{Tenant: want.Org}) == "aal2" && !v.MultiFactor() {
		weak := *identity.ErrStale
		weak.ACR = "aal2"
		return nil, &weak
	}
	to, err := f.purpose(ctx, p, want)
	if err != nil {
		return nil, err
	}
	in := &SignedIn{User: user, Session: v, ExpiresIn: f.Tokens.LifeOf(to)}
	in.Access, err = f.Tokens.Issue(user, v, p.GrantID, to)
	return in, err
}
