package api

import (
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/policy"
)

func (a *API) me() []guard.Route {
	return []guard.Route{
		op("GET /auth/me", "Who is signed in", guard.Rule{}, http.StatusOK, a.whoAmI),
		op("GET /auth/sessions", "Where I am signed in", guard.Rule{}, http.StatusOK, a.sessions),
		op("DELETE /auth/sessions/{id}", "Sign one of my devices out", guard.Rule{}, http.StatusNoContent, a.endSession),
		op("GET /auth/events", "What happened to my account", guard.Rule{}, http.StatusOK, a.myEvents),
		op("POST /auth/change-password", "Choose a new password; every other session ends", guard.Rule{}, http.StatusOK, a.changePassword),
		op("GET /auth/export", "Everything that is kept about me, but secrets", guard.Rule{}, http.StatusOK, a.export),
		op("DELETE /auth/account", "Delete my account", guard.Rule{Fresh: deletionFreshness}, http.StatusNoContent, a.deleteAccount),
	}
}

type meBody struct {
	User struct {
		userBody
		EmailVerified bool `json:"emailVerified"`
	} `json:"user"`
	Permissions []policy.Permission `json:"permissions"`
	Org         *membershipBody     `json:"org"` // the one that the credential is bound to
	Session     *meSession          `json:"session"`
	AuthTime    time.Time           `json:"authTime"`
	AMR         []string            `json:"amr"`
	ACR         string              `json:"acr"`
}

type meSession struct {
	ID        identity.SessionID `json:"id"`
	CreatedAt time.Time          `json:"createdAt"`
	ExpiresAt time.Time          `json:"expiresAt"`
}

func (a *API) whoAmI(c call, _ none) (b meBody, err error) {
	p := c.me()
	user, err := a.Accounts.ByID(c.r.Context(), p.UserID)
	if err != nil {
		return b, err
	}
	if p.SessionID != "" { // a scheme of the embedding program may have none
		v, err := a.Sessions.Get(c.r.Context(), p.SessionID)
		if err != nil {
			return b, err
		}
		b.Session = &meSession{v.ID, v.CreatedAt, v.ExpiresAt}
	}
	b.User.userBody, b.User.EmailVerified = *showUser(user), user.EmailVerified
	if p.TenantID != "" {
		if p, err = a.Access.Within(c.r.Context(), p, p.TenantID); err != nil {
			return b, err
		}
	}
	b.Permissions = []policy.Permission{}
	if a.Flow.Assured(p) {
		b.Permissions = a.Access.Policy().OfBoth(user.Roles, p.TenantRoles)
	}
	if p.TenantID != "" {
		org, err := a.Tenants.ByID(c.r.Context(), p.TenantID)
		if err != nil {
			return b, err
		}
		b.Org = &membershipBody{org.ID, org.Name, append([]string{}, p.TenantRoles...)}
	}
	b.AuthTime, b.AMR, b.ACR = p.AuthTime.UTC(), p.AMR, p.ACR
	return b, nil
}

type deviceBody struct {
	ID        identity.SessionID `json:"id"`
	CreatedAt time.Time          `json:"createdAt"`
	LastSeen  time.Time          `json:"lastSeen"`
	ExpiresAt time.Time          `json:"expiresAt"`
	Device    string             `json:"device"`
	IP        string             `json:"ip"`
	Place     *string            `json:"place"` // null: not known
	Mode      identity.Mode      `json:"mode"`
	Current   bool               `json:"current"`
}

func (a *API) sessions(c call, _ none) (page[deviceBody], error) {
	list, err := a.Sessions.List(c.r.Context(), c.me().UserID)
	return paged(list, "", func(v identity.Session) deviceBody {
		return deviceBody{v.ID, v.CreatedAt, v.SeenAt, v.ExpiresAt, notify.Device(v.UserAgent), v.IP, placed(a.Flow.Place(v.IP)), v.Mode, v.ID == c.me().SessionID}
	}), err
}

// placed is the name of a place, nil for one that is not known.
func placed(name string) *string {
	if name == "" {
		return nil
	}
	return &name
}

func (a *API) endSession(c call, _ none) (none, error) {
	id := identity.SessionID(c.id())
	if id == c.me().SessionID {
		a.Site.ClearAll(c.w)
	}
	return none{}, a.Flow.SignOut(c.r.Context(), c.me().UserID, id)
}

type eventBody struct {
	ID        identity.EventID   `json:"id"`
	Seq       *int64             `json:"seq"` // null: not sealed yet
	Type      string             `json:"type"`
	At        time.Time          `json:"at"`
	Actor     string             `json:"actor"`
	Subject   identity.UserID    `json:"subject"`
	Org       *identity.TenantID `json:"org"`
	IP        string             `json:"ip"`
	UserAgent string             `json:"userAgent"`
	RequestID identity.RequestID `json:"requestId"`
	Data      map[string]string  `json:"data"`
}

func showEvent(e identity.Event) eventBody {
	b := eventBody{e.ID, nil, e.Type, e.At, e.Actor, e.Subject, nil, e.IP, e.UserAgent, e.RequestID, e.Data}
	if e.Seq != 0 {
		b.Seq = &e.Seq
	}
	if e.Org != "" {
		b.Org = &e.Org
	}
	return b
}

func (a *API) myEvents(c call, in historyQuery) (page[eventBody], error) {
	list, next, err := a.happened(c, eventQuery{in, c.me().UserID})
	return paged(list, next, func(e identity.Event) eventBody { return showEvent(e.Told()) }), err
}

func (a *API) events(c call, in eventQuery) (page[eventBody], error) {
	list, next, err := a.happened(c, in)
	return paged(list, next, showEvent), err
}

func (a *API) happened(c call, in eventQuery) ([]identity.Event, string, error) {
	return a.Log.List(c.r.Context(), audit.Query{Subject: in.Subject, Type: in.Type, Limit: in.Limit, Cursor: in.Cursor})
}

type passwordBody struct {
	CurrentPassword string `json:"currentPassword"`
	NewPassword     string `json:"newPassword"`
}

func (a *API) changePassword(c call, in passwordBody) (signedInBody, error) {
	if in.CurrentPassword == "" {
		return signedInBody{}, identity.ErrInvalid.With("currentPassword", "is missing")
	}
	signed, err := a.Flow.ChangePassword(c.r.Context(), c.me(), in.CurrentPassword, in.NewPassword)
	if err != nil {
		return signedInBody{}, err
	}
	a.Site.HandOver(c.w, c.r, signed.Cookies(), false)
	return a.show(signed), nil
}
