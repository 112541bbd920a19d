package pages

import (
	"errors"
	"net/http"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

const addPath = "/account/security/add"

// adding shows the first step of setting up a method, or the last one again where its answer
// was not accepted.
func (p *Pages) adding(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v, e, err := p.addView(w, r, why)
	if errors.Is(err, identity.ErrNotFound) {
		return p.see(w, r, "/account/security")
	}
	if err != nil {
		return err
	}
	switch {
	case why != nil && why.Kind == identity.Conflict:
		v.Problem = v.trouble("enroll.over")
	case why != nil:
		p.unseal(e, v.Typed["prompt"])
	}
	e.Phone = v.Has(v.Words+".phone") || v.Typed["phone"] != "" || why != nil && why.Fields["phone"] != ""
	return v.render(status(why), "account/enroll")
}

// addView prepares the page of a method. One that nobody sets up here is identity.ErrNotFound.
func (p *Pages) addView(w http.ResponseWriter, r *http.Request, why *identity.Error) (*view, *enrolling, error) {
	id := identity.MethodID(r.URL.Query().Get("method"))
	m, err := p.Flow.Method(id)
	if err != nil {
		return nil, nil, err
	}
	if _, ok := m.(authn.Enroller); !ok || p.Flow.IsSpare(m.ID()) {
		return nil, nil, identity.ErrNotFound
	}
	v, err := p.ours(w, r, speak(r).method(id), why)
	if err != nil {
		return nil, nil, err
	}
	me := identity.FromContext(r.Context())
	e := &enrolling{
		Path: with(addPath, "method", string(id)), Method: id, Name: v.nameOf(id),
		owner: string(me.UserID) + " " + string(me.SessionID),
	}
	v.Data = e
	return v, e, nil
}

// add takes either step.
func (p *Pages) add(w http.ResponseWriter, r *http.Request) error {
	in := entered(r.PostForm)
	var err error
	if in.Label, err = account.DisplayName(in.Label); err != nil {
		return identity.ErrInvalid.With("label", "has more than 100 characters")
	}
	v, e, err := p.addView(w, r, nil)
	if err != nil {
		return err
	}
	s := authn.EnrollStep{Method: e.Method, Caller: identity.FromContext(r.Context()), Input: in}
	if !begun(r) {
		return p.finishAdding(w, r, s, e)
	}
	prompt, err := p.Flow.BeginEnroll(r.Context(), s)
	if err != nil {
		return err
	}
	if err := p.seal(e, prompt); err != nil {
		return err
	}
	return v.render(http.StatusOK, "account/enroll")
}

// finishAdding shows the backup codes that come with a first second factor in its own answer:
// there is no address where they could be seen again.
func (p *Pages) finishAdding(w http.ResponseWriter, r *http.Request, s authn.EnrollStep, e *enrolling) error {
	answer := "code"
	if p.unseal(e, r.PostForm.Get("prompt")) && e.Prompt.Ceremony != nil {
		answer = "credential"
	}
	if err := demand(r.PostForm, answer); err != nil {
		return err
	}
	added, err := p.Flow.FinishEnroll(r.Context(), s)
	if errors.Is(err, identity.ErrCode) {
		return identity.ErrInvalid.Because(err).With(answer, "is wrong")
	}
	if err != nil {
		return err
	}
	if len(added.Codes) > 0 {
		return p.showCodes(w, r, added.Codes)
	}
	return p.see(w, r, "/account/security?done=added")
}
