package api

import (
	"github.com/gatehouse-id/gatehouse/access"
	"github.com/gatehouse-id/gatehouse/identity"
)

// membershipBody is an organization that somebody is in.
type membershipBody struct {
	ID    identity.TenantID `json:"id"`
	Name  string            `json:"name"`
	Roles []string          `json:"roles"`
}

func showMembership(m access.Membership) membershipBody {
	return membershipBody{m.Org.ID, m.Org.Name, append([]string{}, m.Roles...)}
}

// userRolesBody is what a user is now and how they came to it.
type userRolesBody struct {
	Roles         []string         `json:"roles"` // everywhere
	Organizations []membershipBody `json:"organizations"`
	History       page[grantBody]  `json:"history"`
}

type rolesQuery struct {
	listing
	Org identity.TenantID `json:"org,omitempty"` // whose history; "": all
}

func (a *API) userRoles(c call, in rolesQuery) (b userRolesBody, err error) {
	user, err := a.user(c)
	if err != nil {
		return b, err
	}
	orgs, err := a.Access.Of(c.r.Context(), user.ID)
	if err != nil {
		return b, err
	}
	list, next, err := a.Access.History(c.r.Context(), user.ID, in.Org, access.Page{Limit: in.Limit, Cursor: in.Cursor})
	return userRolesBody{user.Roles, paged(orgs, "", showMembership).Items, paged(list, next, showGrant)}, err
}
