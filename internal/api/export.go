package api

import (
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/session"
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
	Places      []placeBody      `json:"places"`
	APIKeys     []apiKeyBody     `json:"apiKeys"`
	Events      []eventBody      `json:"events"`
}

// placeBody is where somebody has signed in, with which they are compared when they do so again.
type placeBody struct {
	Network   string    `json:"network"`
	Device    string    `json:"device"`
	Place     *string   `json:"place"`   // null: not known
	Country   *string   `json:"country"` // null: not known
	ASN       int64     `json:"asn,omitempty"`
	Latitude  float64   `json:"latitude,omitempty"`
	Longitude float64   `json:"longitude,omitempty"`
	Radius    int       `json:"radius,omitempty"` // km; without it there is no latitude and longitude
	FirstSeen time.Time `json:"firstSeen"`
	LastSeen  time.Time `json:"lastSeen"`
}

func showPlace(p session.Place) placeBody {
	return placeBody{
		p.Network, p.Agent, placed(p.Name), placed(p.Country), p.ASN, float64(p.Lat) / 10, float64(p.Lon) / 10, p.Radius, p.FirstAt, p.SeenAt,
	}
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
	places, err := a.Sessions.Places(c.r.Context(), user.ID)
	if err != nil {
		return b, err
	}
	keys, err := a.listAPIKeys(c, none{})
	if err != nil {
		return b, err
	}
	b = exportBody{
		User: showAccount(*user), Credentials: credentials.Items, Sessions: sessions.Items, Places: []placeBody{}, APIKeys: keys.Items, Events: []eventBody{},
	}
	for _, p := range places {
		b.Places = append(b.Places, showPlace(p))
	}
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
