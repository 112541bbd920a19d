package pages

import (
	"errors"
	"net/http"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// magicLink is the method of which the sign-in page offers a mail.
const magicLink identity.MethodID = "magic-link"

// offers reports whether the house has a method.
func (p *Pages) offers(id identity.MethodID) bool {
	_, err := p.Flow.Method(id)
	return err == nil && (id != magicLink || !p.Flow.Policy.NoMail)
}

// byMail asks for the address to which a link is to be sent.
func (p *Pages) byMail(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	if !p.offers(magicLink) {
		return identity.ErrNotFound
	}
	return p.view(w, r, "byMail", why).render(status(why), "gate/bymail")
}

// sendLink answers a known and an unknown address alike.
func (p *Pages) sendLink(w http.ResponseWriter, r *http.Request) error {
	if !p.offers(magicLink) {
		return identity.ErrNotFound
	}
	if err := demand(r.PostForm, "email"); err != nil {
		return err
	}
	a := p.begins(w, r)
	a.Method, a.Input.Email = magicLink, r.PostForm.Get("email")
	out, _, err := p.Flow.Begin(r.Context(), a)
	if err != nil {
		return err
	}
	p.hold(w, out.Login)
	return p.see(w, r, p.on(r, "/login/link/sent"))
}

// linkSent says that a mail is on its way, and takes the code that is in it.
func (p *Pages) linkSent(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	l, err := p.Flow.Underway(r.Context(), p.answer(w, r))
	if errors.Is(err, identity.ErrLinkExpired) {
		return p.over(w, r, why)
	}
	if err != nil {
		return err
	}
	if len(l.Next) > 0 {
		return p.mfa(w, r, why)
	}
	return p.askByMail(w, r, why, l)
}

// askByMail shows a sign-in that began with a mail.
func (p *Pages) askByMail(w http.ResponseWriter, r *http.Request, why *identity.Error, l *authn.Login) error {
	if l.Asked == "" || l.Named == "" {
		return p.over(w, r, why)
	}
	v := p.view(w, r, "linkSent", why)
	s := &asking{Path: mfaPath, Method: l.Asked, Prompt: l.Prompt}
	if why != nil {
		s.Left = v.number(l.Left(), v.Spans["tries"])
	}
	v.Typed["email"], v.Typed[returnTo] = l.Named, l.Start.ReturnTo
	v.Data, v.Gaps = s, []string{"email", l.Named}
	return v.render(status(why), "gate/linksent")
}

// follow is where the link of a mail leads. Looking spends nothing: scanners open what they
// find (BUG-28).
func (p *Pages) follow(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v := p.view(w, r, "follow", why)
	f, err := p.Flow.Follow(r.Context(), v.Typed["token"], p.answer(w, r).Visit)
	if state := lapse(err); state != "" {
		return p.linkLapsed(w, r, state)
	}
	if err != nil {
		return err
	}
	v.Data, v.Gaps = f, []string{"email", f.Email}
	switch {
	case f.Native:
		v.Words = "follow.native"
	case !f.SameBrowser:
		v.Words = "follow.elsewhere"
	}
	return v.render(status(why), "gate/follow")
}

// arrive spends the link.
func (p *Pages) arrive(w http.ResponseWriter, r *http.Request) error {
	a, token := p.answer(w, r), r.PostForm.Get("token")
	a.Login, a.Input.Code = "", r.PostForm.Get("code")
	f, err := p.Flow.Follow(r.Context(), token, a.Visit)
	if err == nil && !f.SameBrowser && a.Input.Code == "" {
		return demand(r.PostForm, "code")
	}
	var out authn.Outcome
	to := ""
	if err == nil {
		to = f.ReturnTo
		out, err = p.Flow.FinishLink(r.Context(), token, a)
	}
	if state := lapse(err); state != "" {
		return p.linkLapsed(w, r, state)
	}
	if errors.Is(err, identity.ErrCode) {
		return mistaken(r.PostForm, err)
	}
	return p.proceed(w, r, out, err, to)
}

// linkLapsed offers a new link, and the account to somebody who is in already: they pressed
// twice.
func (p *Pages) linkLapsed(w http.ResponseWriter, r *http.Request, state string) error {
	if state == "expired" && holder(r) != nil {
		return p.see(w, r, "/account")
	}
	return p.dead(w, r, state, wayOut{"lapses.link", p.link("/login/link", p.chosen(r))})
}

// dead is a page for a link of a mail that does nothing any more, or never did.
func (p *Pages) dead(w http.ResponseWriter, r *http.Request, state string, out wayOut) error {
	v := p.view(w, r, "lapses."+state, nil)
	v.Data = out
	return v.render(deadStatus(state), "gate/dead")
}

func deadStatus(state string) int {
	if state == "expired" {
		return http.StatusGone
	}
	return http.StatusBadRequest
}
