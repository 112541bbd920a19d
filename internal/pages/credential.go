package pages

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// credentialView prepares a page about one credential of the caller. One that is not theirs
// is identity.ErrNotFound.
func (p *Pages) credentialView(w http.ResponseWriter, r *http.Request, words string, why *identity.Error) (*view, *identity.Credential, error) {
	v, err := p.ours(w, r, words, why)
	if err != nil {
		return nil, nil, err
	}
	list, err := p.Flow.Credentials(r.Context(), v.Me.ID)
	if err != nil {
		return nil, nil, err
	}
	id := identity.CredentialID(cmp.Or(r.PostForm.Get("id"), r.URL.Query().Get("id")))
	at := slices.IndexFunc(list, func(c identity.Credential) bool { return c.ID == id })
	if at < 0 {
		return nil, nil, identity.ErrNotFound
	}
	v.Data = v.one(list[at])
	return v, &list[at], nil
}

// labelling shows the form for another name.
func (p *Pages) labelling(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v, c, err := p.credentialView(w, r, "rename", why)
	if identity.KindOf(err) == identity.NotFound {
		return p.see(w, r, "/account/security")
	}
	if err != nil {
		return err
	}
	if why == nil {
		v.Typed["label"] = c.Label
	}
	return v.render(status(why), "account/rename")
}

func (p *Pages) relabel(w http.ResponseWriter, r *http.Request) error {
	id := identity.CredentialID(r.PostForm.Get("id"))
	if err := p.Flow.RenameCredential(r.Context(), identity.FromContext(r.Context()).UserID, id, r.PostForm.Get("label")); err != nil {
		return err
	}
	return p.see(w, r, "/account/security?done=relabelled")
}

// A loss is what a removal takes away.
type loss struct {
	held
	Device bool // a remembered device: forgetting it only asks for more
}

// removal says what is lost, and asks.
func (p *Pages) removal(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v, c, err := p.credentialView(w, r, "remove", why)
	if identity.KindOf(err) == identity.NotFound {
		return p.see(w, r, "/account/security")
	}
	if err != nil {
		return err
	}
	v.Data = loss{v.one(*c), c.Method == authn.Device}
	if why != nil && why.Kind == identity.Conflict {
		v.Problem = v.trouble("remove.last")
	}
	return v.render(status(why), "account/remove")
}

// remove takes the credential away. One that is gone, or was never the caller's, is gone.
func (p *Pages) remove(w http.ResponseWriter, r *http.Request) error {
	id := identity.CredentialID(r.PostForm.Get("id"))
	err := p.Flow.RemoveCredential(r.Context(), identity.FromContext(r.Context()).UserID, id)
	if err != nil && identity.KindOf(err) != identity.NotFound {
		return err
	}
	return p.see(w, r, "/account/security?done=removed")
}
