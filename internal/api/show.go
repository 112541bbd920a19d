package api

import (
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// show returns the body of a sign-in. What a mode hands out by cookie is left out of it.
func (a *API) show(in *authn.SignedIn) signedInBody {
	b := signedInBody{User: showUser(in.User), Permissions: a.permissions(in), Session: showEnds(in.Session)}
	switch in.Session.Mode {
	case identity.ModeNative:
		b.RefreshToken = in.Refresh
		fallthrough
	case identity.ModeToken:
		b.AccessToken, b.ExpiresIn, b.TokenType = in.Access, seconds(in.ExpiresIn), "Bearer"
	case identity.ModeCookie, identity.ModeCookieToken:
	}
	return b
}

func showEnds(v *identity.Session) *sessionEnds { return &sessionEnds{v.ID, v.ExpiresAt} }

// permissions are what somebody's roles may do, told with every token so that a page asks for them
// once: none while the sign-in rests on less than the roles demand.
func (a *API) permissions(in *authn.SignedIn) []policy.Permission {
	acr := "aal1"
	if in.Session.MultiFactor() {
		acr = "aal2"
	}
	if !a.Flow.Assured(&identity.Principal{SessionID: in.Session.ID, Roles: in.User.Roles, ACR: acr}) {
		return []policy.Permission{}
	}
	return a.Access.Policy().Of(in.User.Roles)
}

func showUser(u *identity.User) *userBody { return &userBody{u.ID, u.Email, u.Name, u.Roles} }
