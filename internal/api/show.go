package api

import (
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// show returns the body of a sign-in. What a mode hands out by cookie is left out of it.
func show(in *authn.SignedIn) signedInBody {
	b := signedInBody{User: showUser(in.User), Session: &sessionEnds{in.Session.ID, in.Session.ExpiresAt}}
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

func showUser(u *identity.User) *userBody { return &userBody{u.ID, u.Email, u.Name, u.Roles} }
