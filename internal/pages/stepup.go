package pages

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

const stepUpPath = "/step-up"

// again asks somebody signed in to prove once more that it is them.
func (p *Pages) again(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	q, err := p.stepUp(w, r)
	if err != nil {
		return err
	}
	if q.user, err = p.Accounts.ByID(r.Context(), q.answer.StepUp.UserID); err != nil {
		return err
	}
	if q.methods, err = p.Flow.StepUpMethods(r.Context(), q.answer.StepUp); err != nil {
		return err
	}
	if q.login != nil && len(q.login.Next) > 0 {
		q.methods = q.login.Next
	}
	return p.ask(w, r, why, q)
}

// stepUp finds the step-up under way; a handle of anything else counts as none.
func (p *Pages) stepUp(w http.ResponseWriter, r *http.Request) (quest, error) {
	q := quest{path: stepUpPath, words: "stepUp", answer: p.answer(w, r)}
	q.answer.StepUp, q.answer.Start.Mode = identity.FromContext(r.Context()), identity.ModeCookie
	l, err := p.Flow.Underway(r.Context(), q.answer)
	if errors.Is(err, identity.ErrLinkExpired) {
		q.answer.Login = ""
		return q, nil
	}
	q.login = l
	return q, err
}

func (p *Pages) proveAgain(w http.ResponseWriter, r *http.Request) error {
	q, err := p.stepUp(w, r)
	if err != nil {
		return err
	}
	out, err := p.step(w, r, &q.answer)
	if errors.Is(err, identity.ErrLinkExpired) {
		p.Site.ClearCookie(w, web.Login)
		return p.see(w, r, p.on(r, stepUpPath))
	}
	if err != nil {
		return err
	}
	if out.SignedIn == nil {
		p.hold(w, out.Login)
		return p.see(w, r, p.on(r, stepUpPath))
	}
	p.Site.ClearCookie(w, web.Login)
	p.Site.HandOver(w, r, out.SignedIn.Cookies(), false)
	return leave(w, p.destination(r.PostForm.Get(returnTo), p.chosen(r)))
}

// unasked is where somebody goes who does not want to prove it again: back, unless that page
// would ask once more.
func (p *Pages) unasked(to, chosen string) string {
	back := p.destination(to, chosen)
	path, _, _ := strings.Cut(strings.TrimPrefix(back, p.Site.Mount()), "?")
	for _, at := range p.pages() {
		if at.path == path && at.rule.Fresh > 0 {
			return p.link("/account", chosen)
		}
	}
	return back
}
