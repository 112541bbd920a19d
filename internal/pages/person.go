package pages

import (
	"context"
	"net/http"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// address shows the address and the form for another one.
func (p *Pages) address(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v, err := p.ours(w, r, "address", why)
	if err != nil {
		return err
	}
	return v.render(status(why), "account/email")
}

// move asks both addresses. One that is somebody else's is answered alike: a member must not
// find out who else is one.
func (p *Pages) move(w http.ResponseWriter, r *http.Request) error {
	if err := demand(r.PostForm, "email"); err != nil {
		return err
	}
	if err := p.Restorer.AskEmail(r.Context(), identity.FromContext(r.Context()), r.PostForm.Get("email")); err != nil {
		return err
	}
	return p.see(w, r, "/account/email?done=moving")
}

// farewell says what a deletion takes away, and asks.
func (p *Pages) farewell(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v, err := p.ours(w, r, "delete", why)
	if err != nil {
		return err
	}
	if why != nil && why.Kind == identity.Conflict {
		v.Problem = v.trouble("delete.last")
	}
	return v.render(status(why), "account/delete")
}

// erase removes the account of whoever typed its address: a click alone must not.
func (p *Pages) erase(w http.ResponseWriter, r *http.Request) error {
	user, err := p.Accounts.ByID(r.Context(), identity.FromContext(r.Context()).UserID)
	if err != nil {
		return err
	}
	if user.Email != "" {
		if err := demand(r.PostForm, "email"); err != nil {
			return err
		}
		if typed, err := account.Address(r.PostForm.Get("email")); err != nil || typed != user.Email {
			return identity.ErrInvalid.With("email", "is not yours")
		}
	}
	if err := p.Restorer.DeleteAccount(r.Context(), user.ID); err != nil {
		return err
	}
	p.Site.ClearAll(w)
	p.Site.ClearCookie(w, web.Device)
	return p.see(w, r, "/account-deleted")
}

// hasPassword reports whether there is a password to change.
func (p *Pages) hasPassword(ctx context.Context, user identity.UserID) (bool, error) {
	list, err := p.Accounts.Credentials(ctx, user, authn.Password)
	return len(list) > 0, err
}
