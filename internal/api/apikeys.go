package api

import (
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/apikey"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
)

// No API key opens these routes: none of their rules is for credentials that are limited by scopes.
// Threat: a key that leaked would make another one that nobody knows of.
func (a *API) apiKeys() []guard.Route {
	return []guard.Route{
		op("GET /auth/api-keys", "My API keys", guard.Rule{}, http.StatusOK, a.listAPIKeys),
		op("POST /auth/api-keys", "Make an API key, which is shown this once", fresh, http.StatusCreated, a.createAPIKey),
		op("PATCH /auth/api-keys/{id}", "Change the name, the scopes, the networks or the end of an API key", fresh, http.StatusOK, a.patchAPIKey),
		op("DELETE /auth/api-keys/{id}", "Revoke an API key", guard.Rule{}, http.StatusNoContent, a.revokeAPIKey),
		op("POST /auth/api-keys/{id}/rotate", "Give an API key another secret, which is shown this once", fresh, http.StatusOK, a.rotateAPIKey),
		op("GET /admin/api/users/{id}/api-keys", "The API keys of a user", admin, http.StatusOK, a.apiKeysOf),
		op("DELETE /admin/api/users/{id}/api-keys/{key}", "Revoke an API key of a user", admin, http.StatusNoContent, a.revokeAPIKeyOf),
	}
}

type apiKeyBody struct {
	ID          identity.KeyID `json:"id"`
	Name        string         `json:"name"`
	Prefix      string         `json:"prefix"`
	Scopes      []string       `json:"scopes"`
	IPAllowlist []string       `json:"ipAllowlist"` // empty: from everywhere
	CreatedAt   time.Time      `json:"createdAt"`
	ExpiresAt   *time.Time     `json:"expiresAt"`  // null: never
	LastUsedAt  *time.Time     `json:"lastUsedAt"` // null: never; to the minute
}

func showAPIKey(k apikey.Key) apiKeyBody {
	b := apiKeyBody{k.ID, k.Name, k.Prefix, k.Scopes, []string{}, k.CreatedAt, optional(k.ExpiresAt), optional(k.UsedAt)}
	for _, p := range k.Networks {
		b.IPAllowlist = append(b.IPAllowlist, p.String())
	}
	return b
}

// optional is null for no time.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (a *API) listAPIKeys(c call, _ none) (page[apiKeyBody], error) {
	return a.apiKeysFor(c, c.me().UserID)
}

func (a *API) apiKeysFor(c call, user identity.UserID) (page[apiKeyBody], error) {
	list, err := a.Flow.APIKeys.List(c.r.Context(), user)
	return paged(list, "", showAPIKey), err
}

type newAPIKeyBody struct {
	Name        string     `json:"name"`
	Scopes      []string   `json:"scopes,omitempty"` // left out: read
	ExpiresAt   *time.Time `json:"expiresAt,omitempty"`
	IPAllowlist []string   `json:"ipAllowlist,omitempty"` // addresses and networks
}

// madeAPIKeyBody is the only body that ever holds a key.
type madeAPIKeyBody struct {
	ID        identity.KeyID `json:"id"`
	Key       string         `json:"key"`
	Name      string         `json:"name"`
	Prefix    string         `json:"prefix"`
	Scopes    []string       `json:"scopes"`
	CreatedAt time.Time      `json:"createdAt"`
	ExpiresAt *time.Time     `json:"expiresAt"`
	OldUntil  *time.Time     `json:"oldUntil,omitempty"` // of a rotation: until then the old secret is good too
}

func showMade(k apikey.Key, text string) madeAPIKeyBody {
	return madeAPIKeyBody{k.ID, text, k.Name, k.Prefix, k.Scopes, k.CreatedAt, optional(k.ExpiresAt), optional(k.OldUntil)}
}

func (a *API) createAPIKey(c call, in newAPIKeyBody) (madeAPIKeyBody, error) {
	networks, err := apikey.Networks(in.IPAllowlist)
	if err != nil {
		return madeAPIKeyBody{}, err
	}
	n := apikey.New{Name: in.Name, Scopes: in.Scopes, Networks: networks}
	if in.ExpiresAt != nil {
		n.ExpiresAt = *in.ExpiresAt
	}
	k, text, err := a.Flow.CreateAPIKey(c.r.Context(), c.me().UserID, n)
	return showMade(k, text), err
}

type patchAPIKeyBody struct {
	Name         *string    `json:"name,omitempty"`
	Scopes       []string   `json:"scopes,omitempty"`
	IPAllowlist  *[]string  `json:"ipAllowlist,omitempty"` // empty: from everywhere
	ExpiresAt    *time.Time `json:"expiresAt,omitempty"`
	NeverExpires bool       `json:"neverExpires,omitempty"`
}

func (in patchAPIKeyBody) change() (c apikey.Change, err error) {
	c = apikey.Change{Name: in.Name, Scopes: in.Scopes, ExpiresAt: in.ExpiresAt}
	if in.NeverExpires {
		if in.ExpiresAt != nil {
			return c, identity.ErrInvalid.With("neverExpires", "contradicts expiresAt")
		}
		c.ExpiresAt = &time.Time{}
	}
	if in.IPAllowlist != nil {
		networks, err := apikey.Networks(*in.IPAllowlist)
		if err != nil {
			return c, err
		}
		c.Networks = &networks
	}
	return c, nil
}

func (a *API) patchAPIKey(c call, in patchAPIKeyBody) (apiKeyBody, error) {
	change, err := in.change()
	if err != nil {
		return apiKeyBody{}, err
	}
	user, id := c.me().UserID, identity.KeyID(c.id())
	if err := a.Flow.ChangeAPIKey(c.r.Context(), user, id, change); err != nil {
		return apiKeyBody{}, err
	}
	k, err := a.Flow.APIKeys.Get(c.r.Context(), user, id)
	if err != nil {
		return apiKeyBody{}, err
	}
	return showAPIKey(*k), nil
}

func (a *API) revokeAPIKey(c call, _ none) (none, error) {
	return none{}, a.Flow.APIKeys.Revoke(c.r.Context(), c.me().UserID, identity.KeyID(c.id()))
}

type rotateAPIKeyBody struct {
	Overlap string `json:"overlap,omitempty"` // "24h", "30m", "0s": for how long the old secret stays good; left out: 24h
}

func (a *API) rotateAPIKey(c call, in rotateAPIKeyBody) (madeAPIKeyBody, error) {
	overlap := apikey.DefaultOverlap
	if in.Overlap != "" {
		var err error
		if overlap, err = time.ParseDuration(in.Overlap); err != nil {
			return madeAPIKeyBody{}, identity.ErrInvalid.With("overlap", "is not a duration such as 24h")
		}
	}
	k, text, err := a.Flow.RotateAPIKey(c.r.Context(), c.me().UserID, identity.KeyID(c.id()), "", overlap)
	if err != nil {
		return madeAPIKeyBody{}, err
	}
	return showMade(*k, text), nil
}

func (a *API) apiKeysOf(c call, _ none) (page[apiKeyBody], error) {
	user, err := a.user(c)
	if err != nil {
		return page[apiKeyBody]{}, err
	}
	return a.apiKeysFor(c, user.ID)
}

func (a *API) revokeAPIKeyOf(c call, _ none) (none, error) {
	return none{}, a.Flow.APIKeys.Revoke(c.r.Context(), identity.UserID(c.id()), identity.KeyID(c.r.PathValue("key")))
}
