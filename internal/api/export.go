package api

import (
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
)

// deletionFreshness is how old the last proof may be for what cannot be undone (ZTR-06).
const deletionFreshness = time.Minute

// deleteAccount removes the caller with everything of theirs. First the record, then the
// cookies.
func (a *API) deleteAccount(c call, _ none) (none, error) {
	if err := a.Restorer.DeleteAccount(c.r.Context(), c.me().UserID); err != nil {
		return none{}, err
	}
	a.Site.ClearAll(c.w)
	return none{}, nil
}

// exportBody is everything that the house keeps about a person, but secrets.
type exportBody struct {
	User        accountBody      `json:"user"`
	Credentials []credentialBody `json:"credentials"`
	Sessions    []deviceBody     `json:"sessions"`
	APIKeys     []apiKeyBody     `json:"apiKeys"`
	Events      []eventBody      `json:"events"`
}

func (a *API) export(c call, _ none) (b exportBody, err error) {
	user, err := a.Accounts.ByID(c.r.Context(), c.me().UserID)
	if err != nil {
		return b, err
	}
	credentials, err := a.listCredentials(c, none{})
	if err != nil {
		return b, err
	}
	sessions, err := a.sessions(c, none{})
	if err != nil {
		return b, err
	}
	keys, err := a.listAPIKeys(c, none{})
	if err != nil {
		return b, err
	}
	b = exportBody{User: showAccount(*user), Credentials: credentials.Items, Sessions: sessions.Items, APIKeys: keys.Items, Events: []eventBody{}}
	for cursor := ""; ; {
		list, next, err := a.Log.List(c.r.Context(), audit.Query{Subject: user.ID, Limit: 200, Cursor: cursor})
		if err != nil {
			return b, err
		}
		for _, e := range list {
			b.Events = append(b.Events, showEvent(e.Told()))
		}
		if cursor = next; cursor == "" {
			return b, nil
		}
	}
}
