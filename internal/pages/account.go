package pages

import (
	"errors"
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// ours prepares a page of the account.
func (p *Pages) ours(w http.ResponseWriter, r *http.Request, words string, why *identity.Error) (*view, error) {
	user, err := p.Accounts.ByID(r.Context(), identity.FromContext(r.Context()).UserID)
	if err != nil {
		return nil, err
	}
	v := p.view(w, r, words, why)
	v.Me = user
	return v, nil
}

func (p *Pages) profile(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v, err := p.ours(w, r, "profile", why)
	if err != nil {
		return err
	}
	if why == nil {
		v.Typed["name"] = v.Me.Name
	}
	return v.render(status(why), "account/profile")
}

func (p *Pages) rename(w http.ResponseWriter, r *http.Request) error {
	name, err := account.DisplayName(r.PostForm.Get("name"))
	if err != nil {
		return err
	}
	if err := p.Accounts.Rename(r.Context(), identity.FromContext(r.Context()).UserID, name); err != nil {
		return err
	}
	return p.see(w, r, "/account?done=renamed")
}

const year = 365 * 24 * time.Hour

// dress keeps in this browser whether it shows light or dark.
func (p *Pages) dress(w http.ResponseWriter, r *http.Request) error {
	switch theme := r.PostForm.Get("theme"); theme {
	case "light", "dark":
		p.Site.SetCookie(w, web.Theme, theme, year)
	default:
		p.Site.ClearCookie(w, web.Theme)
	}
	return p.see(w, r, "/account")
}

func (p *Pages) password(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v, err := p.ours(w, r, "password", why)
	if err != nil {
		return err
	}
	if v.Data, err = p.hasPassword(r.Context(), v.Me.ID); err != nil {
		return err
	}
	return v.render(status(why), "account/password")
}

func (p *Pages) changePassword(w http.ResponseWriter, r *http.Request) error {
	form := r.PostForm
	if err := demand(form, "currentPassword", "newPassword"); err != nil {
		return err
	}
	in, err := p.Flow.ChangePassword(r.Context(), identity.FromContext(r.Context()), form.Get("currentPassword"), form.Get("newPassword"))
	if errors.Is(err, identity.ErrRejected) {
		return identity.ErrInvalid.Because(err).With("currentPassword", "is wrong")
	}
	if err != nil {
		return err
	}
	p.Site.HandOver(w, r, in.Cookies(), false)
	return p.see(w, r, "/account/password?done=password")
}
