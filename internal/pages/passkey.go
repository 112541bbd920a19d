package pages

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// passkey is the method that the sign-in page offers beside the password.
const passkey identity.MethodID = "passkey"

// entry is what the sign-in page offers.
type entry struct {
	Passkey bool
	Link    bool
	Unknown string // a passkey that was sent and is nobody's, for its provider to forget; "": none
}

func (p *Pages) entry(r *http.Request, why *identity.Error) (e entry, err error) {
	e.Passkey, e.Link = p.offers(passkey), p.offers(magicLink)
	if why != nil {
		e.Unknown, err = p.unknown(r)
	}
	return e, err
}

// unknown returns the passkey that was sent if it is nobody's. One that was refused for
// another reason must not be forgotten: it is its owner's.
func (p *Pages) unknown(r *http.Request) (string, error) {
	var sent struct{ ID string }
	if err := json.Unmarshal([]byte(r.PostForm.Get("credential")), &sent); err != nil || sent.ID == "" {
		return "", nil
	}
	_, err := p.Accounts.Found(r.Context(), passkey, sent.ID)
	if errors.Is(err, identity.ErrNotFound) {
		return sent.ID, nil
	}
	return "", err
}

// signInByPasskey takes what the browser made. The handle came with the challenge, which
// is in the page and not in the cookie: looking at the page begins nothing that lasts.
func (p *Pages) signInByPasskey(w http.ResponseWriter, r *http.Request) error {
	form := r.PostForm
	if form.Get("login") == "" || form.Get("credential") == "" {
		return p.see(w, r, with("/login", returnTo, form.Get(returnTo)))
	}
	a := p.begins(w, r)
	a.Method, a.Login, a.Input.Credential = passkey, form.Get("login"), []byte(form.Get("credential"))
	out, err := p.Flow.Finish(r.Context(), a)
	if lapse(err) != "" {
		return p.over(w, r, nil)
	}
	return p.proceed(w, r, out, mistaken(form, err), form.Get(returnTo))
}

// passkeyEndpoints tells password managers where passkeys are made and managed (W3C, A
// well-known URL for relying party passkey endpoints).
func (p *Pages) passkeyEndpoints(w http.ResponseWriter, _ *http.Request) error {
	if !p.offers(passkey) {
		return identity.ErrNotFound
	}
	at := p.Site.URL("/account/security")
	return publish(w, map[string]string{"enroll": at, "manage": at})
}

// relatedOrigins names the origins where the passkeys of the house work too (WebAuthn level 3
// section 5.11).
func (p *Pages) relatedOrigins(w http.ResponseWriter, _ *http.Request) error {
	m, err := p.Flow.Method(passkey)
	if err != nil {
		return err
	}
	related, ok := m.(interface{ WellKnown() json.RawMessage })
	if !ok || related.WellKnown() == nil {
		return identity.ErrNotFound
	}
	return publish(w, related.WellKnown())
}

func publish(w http.ResponseWriter, document any) error {
	w.Header().Set("Cache-Control", "public, max-age=3600")
	web.Published(w.Header())
	return web.JSON(w, http.StatusOK, document)
}
