package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/client"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
)

// clients are the routes by which an administrator keeps the services that act for themselves.
func (a *API) clients() []guard.Route {
	return []guard.Route{
		op("GET /admin/api/clients", "List clients", admin, http.StatusOK, a.listClients),
		op("POST /admin/api/clients", "Create a client; its secret is shown once", adminFresh, http.StatusCreated, a.createClient),
		op("GET /admin/api/clients/{id}", "Show a client", admin, http.StatusOK, a.getClient),
		op("PATCH /admin/api/clients/{id}", "Change, disable or enable a client", adminFresh, http.StatusOK, a.patchClient),
		op("DELETE /admin/api/clients/{id}", "Delete a client", adminFresh, http.StatusNoContent, a.deleteClient),
		op("POST /admin/api/clients/{id}/rotate", "Give a client another secret, which is shown once", adminFresh, http.StatusOK, a.rotateClient),
	}
}

type clientBody struct {
	ID        identity.ClientID `json:"id"`
	Name      string            `json:"name"`
	Roles     []string          `json:"roles"`
	Scopes    []string          `json:"scopes"`
	URI       string            `json:"uri"` // that its certificates carry; "": none
	Disabled  bool              `json:"disabled"`
	CreatedAt time.Time         `json:"createdAt"`
	UsedAt    *time.Time        `json:"usedAt"` // to the minute; null: never
}

func showClient(c identity.Client) clientBody {
	b := clientBody{c.ID, c.Name, c.Roles, c.Scopes, c.URI, c.State != identity.Active, c.CreatedAt, nil}
	if !c.UsedAt.IsZero() {
		b.UsedAt = &c.UsedAt
	}
	return b
}

func (a *API) listClients(c call, in listing) (page[clientBody], error) {
	list, next, err := a.Clients.List(c.r.Context(), in.Cursor, in.Limit)
	return paged(list, next, showClient), err
}

func (a *API) getClient(c call, _ none) (clientBody, error) {
	found, err := a.Clients.ByID(c.r.Context(), identity.ClientID(c.id()))
	if err != nil {
		return clientBody{}, err
	}
	return showClient(*found), nil
}

type newClientBody struct {
	Name   string   `json:"name"`
	Roles  []string `json:"roles,omitempty"`
	Scopes []string `json:"scopes,omitempty"`
	URI    string   `json:"uri,omitempty"`
}

// clientSecretBody is the only answer that has a secret, which nobody can ask for again.
type clientSecretBody struct {
	ID     identity.ClientID `json:"id"`
	Secret string            `json:"secret"`
}

func (a *API) createClient(c call, in newClientBody) (clientSecretBody, error) {
	made, secret, err := a.Clients.Create(c.r.Context(), client.New{Name: in.Name, Roles: in.Roles, Scopes: in.Scopes, URI: in.URI})
	if err != nil {
		return clientSecretBody{}, err
	}
	return clientSecretBody{made.ID, secret}, nil
}

type patchClientBody struct {
	Name     *string  `json:"name,omitempty"`
	Roles    []string `json:"roles,omitempty"`
	Scopes   []string `json:"scopes,omitempty"`
	URI      *string  `json:"uri,omitempty"`
	Disabled *bool    `json:"disabled,omitempty"`
}

func (a *API) patchClient(c call, in patchClientBody) (clientBody, error) {
	id := identity.ClientID(c.id())
	err := a.Flow.DB.Tx(c.r.Context(), func(ctx context.Context) error {
		if in.Name != nil || in.Roles != nil || in.Scopes != nil || in.URI != nil {
			if err := a.Clients.Change(ctx, id, client.Change{Name: in.Name, Roles: in.Roles, Scopes: in.Scopes, URI: in.URI}); err != nil {
				return err
			}
		}
		switch {
		case in.Disabled == nil:
			return nil
		case *in.Disabled:
			return a.Clients.SetState(ctx, id, identity.Disabled)
		default:
			return a.Clients.SetState(ctx, id, identity.Active)
		}
	})
	if err != nil {
		return clientBody{}, err
	}
	return a.getClient(c, none{})
}

func (a *API) deleteClient(c call, _ none) (none, error) {
	return none{}, a.Clients.Delete(c.r.Context(), identity.ClientID(c.id()))
}

type rotateClientBody struct {
	Overlap string `json:"overlap,omitempty"` // "24h", as Go writes durations; none: the old secret ends at once
}

func (a *API) rotateClient(c call, in rotateClientBody) (clientSecretBody, error) {
	var overlap time.Duration
	if in.Overlap != "" {
		var err error
		if overlap, err = time.ParseDuration(in.Overlap); err != nil {
			return clientSecretBody{}, identity.ErrInvalid.With("overlap", "must be a duration, such as 24h")
		}
	}
	id := identity.ClientID(c.id())
	secret, err := a.Clients.Rotate(c.r.Context(), id, overlap)
	if err != nil {
		return clientSecretBody{}, err
	}
	return clientSecretBody{id, secret}, nil
}
