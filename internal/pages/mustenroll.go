package pages

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

const enrollPath = "/login/enroll"

// mustEnroll shows to somebody who must set up a second factor before they are in what can be
// set up, or the step of it that comes next.
func (p *Pages) mustEnroll(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	l, err := p.Flow.Underway(r.Context(), p.answer(w, r))
	if errors.Is(err, identity.ErrLinkExpired) {
		return p.over(w, r, why)
	}
	if err != nil {
		return err
	}
	v := p.view(w, r, "enroll", why)
	choices := p.Flow.Enrollable()
	asked := identity.MethodID(cmp.Or(v.Typed["method"], alone(choices)))
	if !slices.Contains(choices, asked) {
		asked = ""
	}
	e := p.required(v, l, asked)
	e.Phone = v.Has("methods."+string(asked)+".phone") || why != nil && why.Fields["phone"] != ""
	if why != nil && why.Kind != identity.Conflict { // else it is to be begun again
		p.unseal(e, v.Typed["prompt"])
	}
	return v.render(status(why), "gate/enroll")
}

// required prepares the page for a method, "" for the choice of one.
func (p *Pages) required(v *view, l *authn.Login, id identity.MethodID) *enrolling {
	e := &enrolling{Path: enrollPath, Method: id, Choices: p.Flow.Enrollable(), owner: string(l.ID())}
	if id != "" {
		v.Words, v.Gaps = "enroll.one", []string{"method", v.nameOf(id)}
	}
	v.Data = e
	return e
}

func alone(list []identity.MethodID) string {
	if len(list) == 1 {
		return string(list[0])
	}
	return ""
}

// enrollFirst takes either step of what must be set up.
func (p *Pages) enrollFirst(w http.ResponseWriter, r *http.Request) error {
	form := r.PostForm
	a := p.answer(w, r)
	s := authn.EnrollStep{Method: identity.MethodID(form.Get("method")), Answer: a, Input: entered(form)}
	if a.Login == "" {
		return p.over(w, r, nil)
	}
	if begun(r) {
		return p.beginRequired(w, r, s)
	}
	if err := answered(s.Method, form); err != nil {
		return err
	}
	added, err := p.Flow.FinishEnroll(r.Context(), s)
	if errors.Is(err, identity.ErrLinkExpired) {
		return p.over(w, r, nil)
	}
	if len(added.Codes) == 0 {
		return p.proceed(w, r, added.Outcome, mistaken(form, err), form.Get(returnTo))
	}
	next, err := p.outcome(w, r, added.Outcome, err, form.Get(returnTo))
	if err != nil {
		return err
	}
	return p.firstCodes(w, r, added, next)
}

// beginRequired answers with the last step itself: what it shows is secret, and is kept
// nowhere.
func (p *Pages) beginRequired(w http.ResponseWriter, r *http.Request, s authn.EnrollStep) error {
	l, err := p.Flow.Underway(r.Context(), s.Answer)
	if err == nil {
		var prompt authn.Prompt
		if prompt, err = p.Flow.BeginEnroll(r.Context(), s); err == nil {
			v := p.view(w, r, "enroll", nil)
			if err := p.seal(p.required(v, l, s.Method), prompt); err != nil {
				return err
			}
			return v.render(http.StatusOK, "gate/enroll")
		}
	}
	if errors.Is(err, identity.ErrLinkExpired) {
		return p.over(w, r, nil)
	}
	return err
}
