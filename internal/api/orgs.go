package api

import (
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/access"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// Who is in an organization is told to those with a role that may read it. Who is not in it
// learns nothing, not even that it exists.
var (
	anyMember = guard.Rule{Organization: pathOrg}
	orgReader = guard.Rule{Organization: pathOrg, Permission: policy.OrgRead}
	orgEditor = guard.Rule{Organization: pathOrg, Permission: policy.OrgEdit}
	orgFresh  = guard.Rule{Organization: pathOrg, Permission: policy.OrgEdit, Fresh: freshness}
)

func pathOrg(r *http.Request) identity.TenantID { return identity.TenantID(r.PathValue("org")) }

func (a *API) organizations() []guard.Route {
	found := guard.Rule{Limit: a.Flow.Limiter.Rate(throttle.Organizations)}
	return []guard.Route{
		op("GET /orgs", "The organizations that I am in", guard.Rule{}, http.StatusOK, a.myOrgs),
		op("POST /orgs", "Found an organization and become its owner", found, http.StatusCreated, a.foundOrg),
		op("GET /orgs/{org}", "Show an organization, and what I am in it", anyMember, http.StatusOK, a.getOrg),
		op("PATCH /orgs/{org}", "Rename an organization", orgEditor, http.StatusOK, a.renameOrg),
		op("DELETE /orgs/{org}", "Delete an organization", orgFresh, http.StatusNoContent, a.deleteOrg),
		op("GET /orgs/{org}/members", "Who is a member, and as what", orgReader, http.StatusOK, a.members),
		op("GET /orgs/{org}/history", "Which roles were given and taken, when and by whom", orgReader, http.StatusOK, a.orgHistory),
		op("PUT /orgs/{org}/members/{user}", "Give somebody exactly these roles", orgFresh, http.StatusOK, a.setMember),
		op("DELETE /orgs/{org}/members/{user}", "Remove a member", orgFresh, http.StatusNoContent, a.removeMember),
		op("DELETE /orgs/{org}/members/me", "Leave an organization", anyMember, http.StatusNoContent, a.leave),
	}
}

// org returns the organization that the path names.
func (c call) org() identity.TenantID { return pathOrg(c.r) }

// user returns the user that the path names.
func (c call) user() identity.UserID { return identity.UserID(c.r.PathValue("user")) }

type orgBody struct {
	ID        identity.TenantID `json:"id"`
	Name      string            `json:"name"`
	CreatedAt time.Time         `json:"createdAt"`
	Roles     []string          `json:"roles"` // the caller's own
}

func showOrg(m access.Membership) orgBody {
	return orgBody{m.Org.ID, m.Org.Name, m.Org.CreatedAt, append([]string{}, m.Roles...)}
}

func (a *API) myOrgs(c call, _ none) (page[orgBody], error) {
	list, err := a.Access.Of(c.r.Context(), c.me().UserID)
	return paged(list, "", showOrg), err
}

type orgNameBody struct {
	Name string `json:"name"`
}

func (a *API) foundOrg(c call, in orgNameBody) (orgBody, error) {
	if c.me().UserID == "" { // a client is no member of anything
		return orgBody{}, identity.ErrForbidden
	}
	org, err := a.Flow.Found(c.r.Context(), c.me().UserID, in.Name)
	if err != nil {
		return orgBody{}, err
	}
	return showOrg(access.Membership{Org: *org, Roles: []string{access.RoleOwner}}), nil
}

func (a *API) getOrg(c call, _ none) (orgBody, error) {
	org, err := a.Tenants.ByID(c.r.Context(), c.org())
	if err != nil {
		return orgBody{}, err
	}
	return showOrg(access.Membership{Org: *org, Roles: c.me().TenantRoles}), nil
}

func (a *API) renameOrg(c call, in orgNameBody) (orgBody, error) {
	name, err := authn.OrganizationName(in.Name)
	if err != nil {
		return orgBody{}, err
	}
	if err := a.Tenants.Rename(c.r.Context(), c.org(), name); err != nil {
		return orgBody{}, err
	}
	return a.getOrg(c, none{})
}

func (a *API) deleteOrg(c call, _ none) (none, error) {
	return none{}, a.Flow.Dissolve(c.r.Context(), c.org())
}

// memberBody tells of a member what the organization decided. Threat: whoever knows an ID could
// else add its user and read their name and address, unasked.
type memberBody struct {
	User  identity.UserID `json:"user"`
	Roles []string        `json:"roles"`
	Since time.Time       `json:"since"`
}

func showMember(m access.Member) memberBody { return memberBody{m.User, m.Roles, m.Since} }

func (a *API) members(c call, in listing) (page[memberBody], error) {
	list, next, err := a.Access.Members(c.r.Context(), c.org(), access.Page{Limit: in.Limit, Cursor: in.Cursor})
	return paged(list, next, showMember), err
}

type memberRolesBody struct {
	User  identity.UserID `json:"user"`
	Roles []string        `json:"roles"`
}

// setMember adds a member or changes one. That an ID is nobody's is told, as 404: IDs have 80
// random bits, and an owner who mistypes one must learn it.
func (a *API) setMember(c call, in rolesBody) (memberRolesBody, error) {
	if len(in.Roles) == 0 {
		return memberRolesBody{}, identity.ErrInvalid.With("roles", "must have one at least; DELETE removes a member")
	}
	if err := a.Access.Assign(c.r.Context(), c.me(), c.org(), c.user(), in.Roles); err != nil {
		return memberRolesBody{}, err
	}
	roles, err := a.Access.RolesIn(c.r.Context(), c.org(), c.user())
	return memberRolesBody{c.user(), roles}, err
}

func (a *API) removeMember(c call, _ none) (none, error) {
	return none{}, a.Access.Assign(c.r.Context(), c.me(), c.org(), c.user(), nil)
}

// leave needs no permission: nobody is held in an organization but its last owner.
func (a *API) leave(c call, _ none) (none, error) {
	return none{}, a.Access.SetRolesIn(c.r.Context(), c.org(), c.me().UserID, nil)
}

// grantBody is one line of the history of roles.
type grantBody struct {
	At      time.Time          `json:"at"`
	Type    string             `json:"type"` // role.granted or role.revoked
	User    identity.UserID    `json:"user"`
	Org     *identity.TenantID `json:"org"` // null: everywhere
	Role    string             `json:"role"`
	Actor   string             `json:"actor"`
	EventID identity.EventID   `json:"event"`
}

func showGrant(e identity.Event) grantBody {
	b := grantBody{At: e.At, Type: e.Type, User: e.Subject, Role: e.Data["role"], Actor: e.Actor, EventID: e.ID}
	if e.Org != "" {
		b.Org = &e.Org
	}
	return b
}

type orgHistoryQuery struct {
	listing
	User identity.UserID `json:"user,omitempty"`
}

func (a *API) orgHistory(c call, in orgHistoryQuery) (page[grantBody], error) {
	list, next, err := a.Access.History(c.r.Context(), in.User, c.org(), access.Page{Limit: in.Limit, Cursor: in.Cursor})
	return paged(list, next, showGrant), err
}
