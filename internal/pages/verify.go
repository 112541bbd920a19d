package pages

import (
	"errors"
	"net/http"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// verify shows one button and spends nothing: mail scanners open what they find (BUG-28).
func (p *Pages) verify(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v := p.view(w, r, "verify", why)
	if v.Typed["token"] == "" {
		return p.lapsed(w, r, "missing")
	}
	pending, err := p.Verifier.Pending(r.Context(), v.Typed["token"], p.Site.ReadCookie(r, web.Visit))
	if state := lapse(err); state != "" {
		return p.lapsed(w, r, state)
	}
	if err != nil {
		return err
	}
	v.Data = pending
	return v.render(status(why), "gate/verify")
}

func (p *Pages) proveAddress(w http.ResponseWriter, r *http.Request) error {
	err := p.Verifier.Verify(r.Context(), r.PostForm.Get("token"), r.PostForm.Get("password"), p.Site.ReadCookie(r, web.Visit))
	if state := lapse(err); state != "" {
		return p.lapsed(w, r, state)
	}
	if err != nil {
		return err
	}
	return p.see(w, r, "/verify-email/done")
}

// lapse names what is wrong with a link, "" if it is something else.
func lapse(err error) string {
	switch {
	case errors.Is(err, identity.ErrLinkExpired):
		return "expired"
	case errors.Is(err, identity.ErrInvalidLink):
		return "invalid"
	default:
		return ""
	}
}

// lapsed offers a new link.
func (p *Pages) lapsed(w http.ResponseWriter, r *http.Request, state string) error {
	words := "verify." + state
	if state == "invalid" {
		words = "lapses.invalid"
	}
	return p.view(w, r, words, nil).render(deadStatus(state), "gate/resend")
}

func (p *Pages) askAgain(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	return p.view(w, r, "resend", why).render(status(why), "gate/resend")
}

// resend answers alike whether a registration waits or not.
func (p *Pages) resend(w http.ResponseWriter, r *http.Request) error {
	email := r.PostForm.Get("email")
	if err := p.Verifier.Resend(r.Context(), email, p.Site.ReadCookie(r, web.Visit)); err != nil {
		return err
	}
	return p.see(w, r, "/signup/sent?done=resent&to="+p.conceal(w, r, email))
}

// setup shows the form by which the first administrator is made.
func (p *Pages) setup(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v := p.view(w, r, "setup", why)
	err := p.Flow.Invited(r.Context(), v.Typed["token"])
	if lapse(err) != "" {
		return p.view(w, r, "setup.lapsed", nil).render(http.StatusGone, "gate/settled")
	}
	if err != nil {
		return err
	}
	return v.render(status(why), "gate/setup")
}

func (p *Pages) makeAdministrator(w http.ResponseWriter, r *http.Request) error {
	n, err := p.filledIn(r.PostForm)
	if err != nil {
		return err
	}
	err = taken(p.Flow.Setup(r.Context(), r.PostForm.Get("token"), n))
	if lapse(err) != "" {
		return p.setup(w, r, nil)
	}
	if err != nil {
		return err
	}
	return p.see(w, r, "/setup/done")
}
