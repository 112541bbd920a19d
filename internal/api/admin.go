package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// What an administrator reads needs the role; what is dangerous needs a fresh proof too.
var (
	admin      = guard.Rule{Permission: policy.Admin}
	adminFresh = guard.Rule{Permission: policy.Admin, Fresh: freshness}
)

func (a *API) admin() []guard.Route {
	return []guard.Route{
		op("GET /admin/api/users", "List users", admin, http.StatusOK, a.listUsers),
		op("POST /admin/api/users", "Create a user", adminFresh, http.StatusCreated, a.createUser),
		op("GET /admin/api/users/{id}", "Show a user", admin, http.StatusOK, a.getUser),
		op("PATCH /admin/api/users/{id}", "Rename, disable or enable a user", adminFresh, http.StatusOK, a.patchUser),
		op("DELETE /admin/api/users/{id}", "Delete a user", adminFresh, http.StatusNoContent, a.deleteUser),
		op("GET /admin/api/users/{id}/roles", "Show the roles of a user, and how they came to them", admin, http.StatusOK, a.userRoles),
		op("PUT /admin/api/users/{id}/roles", "Give a user exactly these roles", adminFresh, http.StatusOK, a.setRoles),
		op("DELETE /admin/api/users/{id}/sessions", "Sign a user out everywhere", admin, http.StatusNoContent, a.endSessions),
		op("POST /admin/api/users/{id}/recovery", "Mail a user who lost all factors a link to set everything anew", adminFresh, http.StatusOK, a.beginRecovery),
		op("GET /admin/api/events", "Read the audit log", admin, http.StatusOK, a.events),
		op("POST /admin/api/keys/rotate", "Rotate the keys", adminFresh, http.StatusOK, a.rotateKeys),
	}
}

type accountBody struct {
	ID            identity.UserID `json:"id"`
	Email         string          `json:"email"`
	EmailVerified bool            `json:"emailVerified"`
	Name          string          `json:"name"`
	Roles         []string        `json:"roles"`
	Disabled      bool            `json:"disabled"`
	CreatedAt     time.Time       `json:"createdAt"`
}

func showAccount(u identity.User) accountBody {
	return accountBody{u.ID, u.Email, u.EmailVerified, u.Name, u.Roles, u.State != identity.Active, u.CreatedAt}
}

func (a *API) listUsers(c call, in userQuery) (page[accountBody], error) {
	list, next, err := a.Accounts.List(c.r.Context(), account.Query{Search: in.Search, Limit: in.Limit, Cursor: in.Cursor})
	return paged(list, next, showAccount), err
}

// user loads the user that the path names.
func (a *API) user(c call) (*identity.User, error) {
	return a.Accounts.ByID(c.r.Context(), identity.UserID(c.id()))
}

func (a *API) shown(c call) (accountBody, error) {
	u, err := a.user(c)
	if err != nil {
		return accountBody{}, err
	}
	return showAccount(*u), nil
}

func (a *API) getUser(c call, _ none) (accountBody, error) { return a.shown(c) }

type createUserBody struct {
	Email         string   `json:"email"`
	Password      string   `json:"password"`
	Name          string   `json:"name,omitempty"`
	Roles         []string `json:"roles,omitempty"`
	EmailVerified bool     `json:"emailVerified"`
}

// createUser makes a user whose address the administrator vouches for, or else one who must
// prove it before the first sign-in is complete.
func (a *API) createUser(c call, in createUserBody) (accountBody, error) {
	u, err := a.Flow.CreateUser(c.r.Context(), account.NewUser{Email: in.Email, Verified: in.EmailVerified, Name: in.Name, Roles: in.Roles}, in.Password)
	if err != nil {
		return accountBody{}, err
	}
	return showAccount(*u), nil
}

type patchUserBody struct {
	Disabled *bool   `json:"disabled,omitempty"`
	Name     *string `json:"name,omitempty"`
}

func (a *API) patchUser(c call, in patchUserBody) (accountBody, error) {
	u, err := a.user(c)
	if err != nil {
		return accountBody{}, err
	}
	err = a.Flow.DB.Tx(c.r.Context(), func(ctx context.Context) error {
		if in.Name != nil {
			name, err := account.DisplayName(*in.Name)
			if err != nil {
				return err
			}
			if err := a.Accounts.Rename(ctx, u.ID, name); err != nil {
				return err
			}
		}
		if in.Disabled == nil {
			return nil
		}
		return a.Flow.Disable(ctx, u.ID, *in.Disabled)
	})
	if err != nil {
		return accountBody{}, err
	}
	return a.shown(c)
}

func (a *API) deleteUser(c call, _ none) (none, error) {
	return none{}, a.Accounts.Delete(c.r.Context(), identity.UserID(c.id()))
}

type rolesBody struct {
	Roles []string `json:"roles"`
}

func (a *API) setRoles(c call, in rolesBody) (accountBody, error) {
	if in.Roles == nil {
		return accountBody{}, identity.ErrInvalid.With("roles", "is missing")
	}
	if err := a.Flow.SetRoles(c.r.Context(), identity.UserID(c.id()), in.Roles); err != nil {
		return accountBody{}, err
	}
	return a.shown(c)
}

func (a *API) endSessions(c call, _ none) (none, error) {
	return none{}, a.Flow.SignOutOther(c.r.Context(), identity.UserID(c.id()))
}

type recoveryBody struct {
	Status  string    `json:"status"`
	OpensAt time.Time `json:"opensAt"` // before that the link does nothing, and its owner can stop it
}

// beginRecovery mails the link to the user. The administrator never sees it: they can let
// somebody back in, but not get in as them (ASVS 6.4.6).
func (a *API) beginRecovery(c call, _ none) (recoveryBody, error) {
	opens, err := a.Restorer.BeginRecovery(c.r.Context(), identity.UserID(c.id()))
	return recoveryBody{"started", opens.UTC()}, err
}

type rotatedBody struct {
	Status string    `json:"status"`
	Keys   []keyBody `json:"keys"`
}

type keyBody struct {
	ID        string    `json:"id"`
	Use       string    `json:"use"`
	Algorithm string    `json:"alg"`
	State     string    `json:"state"`
	CreatedAt time.Time `json:"createdAt"`
}

type rotateBody struct {
	Emergency bool `json:"emergency,omitempty"`
}

func (a *API) rotateKeys(c call, in rotateBody) (rotatedBody, error) {
	if err := a.Keys.Rotate(c.r.Context(), in.Emergency); err != nil {
		return rotatedBody{}, err
	}
	b := rotatedBody{Status: "rotated"}
	for _, k := range a.Keys.List() {
		b.Keys = append(b.Keys, keyBody{k.ID, string(k.Use), string(k.Algorithm), k.State, k.CreatedAt})
	}
	return b, nil
}
