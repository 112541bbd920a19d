package pages

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// A quest is what the pages that ask for a proof have each for itself: one is about a sign-in
// under way, the other about a session.
type quest struct {
	path, words string
	answer      authn.Answer
	login       *authn.Login // nil: nothing was begun
	user        *identity.User
	methods     []identity.MethodID // of which one will do
}

const mfaPath = "/login/mfa"

// mfa asks for one more proof after a right one: a second factor, or that of an address.
func (p *Pages) mfa(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	q := quest{path: mfaPath, words: "mfa", answer: p.answer(w, r)}
	l, err := p.Flow.Underway(r.Context(), q.answer)
	if errors.Is(err, identity.ErrLinkExpired) {
		return p.over(w, r, why)
	}
	if err != nil {
		return err
	}
	if len(l.Next) == 0 {
		return p.askByMail(w, r, why, l)
	}
	if q.user, err = p.Accounts.ByID(r.Context(), l.UserID); err != nil {
		return err
	}
	q.login, q.methods = l, l.Next
	if !q.user.EmailVerified && !p.Flow.Unverified {
		q.words = "unproved"
	}
	return p.ask(w, r, why, q)
}

func (p *Pages) prove(w http.ResponseWriter, r *http.Request) error {
	a := p.answer(w, r)
	if a.Login == "" {
		return p.over(w, r, nil)
	}
	out, err := p.step(w, r, &a)
	if errors.Is(err, identity.ErrLinkExpired) {
		return p.over(w, r, nil)
	}
	if begun(r) && err == nil {
		path := mfaPath
		if len(out.Next) == 0 {
			path = "/login/link/sent"
		}
		return p.see(w, r, p.on(r, path))
	}
	return p.proceed(w, r, out, err, r.PostForm.Get(returnTo))
}

// begun reports whether a form asks for the first step of a method.
func begun(r *http.Request) bool { return r.PostForm.Get("step") == "begin" }

// on is the address of a page of proofs that goes on with what this form was about.
func (p *Pages) on(r *http.Request, path string) string {
	form := r.PostForm
	return with(path, "method", form.Get("method"), returnTo, form.Get(returnTo), "for", form.Get("for"))
}

// step runs the step that a form asks for.
func (p *Pages) step(w http.ResponseWriter, r *http.Request, a *authn.Answer) (authn.Outcome, error) {
	form := r.PostForm
	a.Method, a.Input = identity.MethodID(form.Get("method")), entered(form)
	a.Remember = form.Get("rememberDevice") != ""
	if begun(r) {
		out, _, err := p.Flow.Begin(r.Context(), *a)
		if err == nil {
			p.hold(w, out.Login)
		}
		return out, err
	}
	if err := answered(a.Method, form); err != nil {
		return authn.Outcome{}, err
	}
	out, err := p.Flow.Finish(r.Context(), *a)
	return out, mistaken(form, err)
}

// answered refuses a form in which nothing was filled in.
func answered(id identity.MethodID, form url.Values) error {
	for _, name := range []string{"code", "password", "credential", "phone", "email"} {
		if form.Get(name) != "" {
			return nil
		}
	}
	if id == authn.Password {
		return demand(form, "password")
	}
	return demand(form, "code")
}

// mistaken says at which input it is that an answer was not accepted.
func mistaken(form url.Values, err error) error {
	if !errors.Is(err, identity.ErrCode) && !errors.Is(err, identity.ErrRejected) {
		return err
	}
	mistake := identity.ErrCode.Because(err)
	switch {
	case form.Get("credential") != "":
		return mistake.With("credential", "is not accepted")
	case form.Get("password") != "":
		return mistake.With("password", "is wrong")
	default:
		return mistake.With("code", "is wrong")
	}
}

// mayRemember reports whether it helps to remember the device: not where the next sign-in
// would ask all the same, and not where this one asks because it is odd.
func (p *Pages) mayRemember(q quest) bool {
	l := q.login
	return l != nil && l.Session == "" && !l.Doubted() && q.words == "mfa" && p.Flow.Policy.Remember >= 0 && p.Flow.Policy.Demand(q.user, l.Start) != "aal2"
}

// ready begins a method that may be begun by a look at its page: a ceremony of the browser,
// of which nobody is told. A code is sent only when somebody asks for it.
func (p *Pages) ready(ctx context.Context, w http.ResponseWriter, q quest, m authn.Method) (authn.Prompt, bool, error) {
	if q.login != nil && q.login.Asked == m.ID() {
		return q.login.Prompt, true, nil
	}
	if _, quiet := m.(authn.Stateless); !quiet {
		return authn.Prompt{}, false, nil
	}
	q.answer.Method = m.ID()
	out, prompt, err := p.Flow.Begin(ctx, q.answer)
	if err != nil {
		return authn.Prompt{}, false, err
	}
	p.hold(w, out.Login)
	return prompt, true, nil
}
