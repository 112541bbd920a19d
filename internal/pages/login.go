package pages

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// returnTo is the parameter that says where to go after signing in.
const returnTo = "returnTo"

func returnToParam(path string) string { return returnTo + "=" + url.QueryEscape(path) }

// login shows the form, or goes on where somebody is signed in already.
func (p *Pages) login(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v := p.view(w, r, "login", why)
	if why == nil && identity.FromContext(r.Context()) != nil {
		return leave(w, p.destination(v.Typed[returnTo], v.chosen))
	}
	if _, ok := ReturnTo(v.Typed[returnTo]); !ok {
		v.Typed[returnTo] = ""
	}
	return v.render(status(why), "gate/login")
}

func (p *Pages) signIn(w http.ResponseWriter, r *http.Request) error {
	form := r.PostForm
	if err := demand(form, "email", "password"); err != nil {
		return err
	}
	remember := form.Get("rememberMe") != ""
	out, err := p.Flow.Finish(r.Context(), authn.Answer{
		Method: authn.Password,
		Start:  authn.Start{Mode: identity.ModeCookie, RememberMe: &remember, ReturnTo: form.Get(returnTo)},
		Input:  authn.Input{Email: form.Get("email"), Password: form.Get("password")},
		Visit:  p.Site.VisitOf(w, r),
		Old:    holder(r),
	})
	if err != nil {
		return err
	}
	if out.SignedIn == nil {
		return p.notYet(w, r, out)
	}
	// What a sign-in of another mode left is not sent to this path, so it cannot be seen
	// whether there is any.
	p.Site.ClearCookie(w, web.Refresh)
	p.Site.HandOver(w, r, out.SignedIn.Cookies(), true)
	return leave(w, p.destination(form.Get(returnTo), p.chosen(r)))
}

// holder returns whom this browser is signed in as until now, nil if nobody.
func holder(r *http.Request) *identity.Principal {
	if me := identity.FromContext(r.Context()); me != nil && me.Cookie && me.SessionID != "" {
		return me
	}
	return nil
}

// demand refuses a form in which an input is empty.
func demand(form url.Values, names ...string) error {
	var problems []error
	for _, name := range names {
		if form.Get(name) == "" {
			problems = append(problems, identity.ErrInvalid.With(name, "is missing"))
		}
	}
	return together(problems...)
}

// notYet tells somebody whose password was right why they are not signed in.
func (p *Pages) notYet(w http.ResponseWriter, r *http.Request, out authn.Outcome) error {
	words := "another"
	if slices.Contains(out.Next, "email-code") {
		words = "unproved"
	}
	return p.view(w, r, words, nil).render(http.StatusForbidden, "gate/"+words)
}

// leaving asks before it signs out: a link alone must not.
func (p *Pages) leaving(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	me := holder(r)
	if me == nil {
		return p.see(w, r, "/logged-out")
	}
	user, err := p.Accounts.ByID(r.Context(), me.UserID)
	if err != nil {
		return err
	}
	v := p.view(w, r, "logout", why)
	v.Typed["email"] = user.Email
	return v.render(status(why), "gate/logout")
}

// signOut ends the session and clears what it may have set. It is no error to be signed out
// already.
func (p *Pages) signOut(w http.ResponseWriter, r *http.Request) error {
	if me := holder(r); me != nil {
		if err := p.Flow.SignOut(r.Context(), me.UserID, me.SessionID); err != nil && identity.KindOf(err) != identity.NotFound {
			return err
		}
	}
	p.Site.ClearAll(w)
	return p.see(w, r, "/logged-out")
}

func (p *Pages) left(w http.ResponseWriter, r *http.Request, _ *identity.Error) error {
	if holder(r) != nil {
		return p.see(w, r, "/account")
	}
	w.Header().Set("Clear-Site-Data", `"cache"`) // nobody reads by the Back button what was shown
	return p.view(w, r, "left", nil).render(http.StatusOK, "gate/left")
}
